"""Puts together what `modest capacity` prints."""

from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError

from modest.plans import Plans
from modest_cli import aws
from modest_cli.capacity.estimate import Absurd, Customers, estimate
from modest_cli.capacity.limits import compare
from modest_cli.capacity.measured import read_measured
from modest_cli.capacity.options import PlanCustomers
from modest_cli.capacity.presentation import Answer, as_document, print_answer
from modest_cli.capacity.quotas import Quotas, default_quotas, read_quotas
from modest_cli.capacity.service import Service, read_stack, read_template
from modest_cli.deployment import find_plan
from modest_cli.output import print_json


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator asks for: the options of the command."""

    customers: Sequence[PlanCustomers]
    used: float
    speed: float
    from_urls: float
    fetch_ms: float
    megapixels: float
    stage_rate: float | None
    stack: str


def run(asked: Asked, *, as_json: bool) -> None:
    """Raises OperatorError, and what botocore raises if there is no such stack."""
    service = read_stack(aws.load_deployment(asked.stack), asked.stack) if asked.stack else read_template()
    answer = _answer(asked, service, _read_quotas())
    if as_json:
        print_json(as_document(answer))
    else:
        print_answer(answer)


def _answer(asked: Asked, service: Service, quotas: Quotas) -> Answer:
    customers = Customers(
        _by_plan(asked.customers, service.plans),
        used=asked.used,
        speed=asked.speed,
        from_urls=asked.from_urls,
        fetch_ms=asked.fetch_ms,
        megapixels=asked.megapixels,
    )
    facts = read_measured(service.memory_mb)
    rate, source = (asked.stage_rate, "--stage-rate") if asked.stage_rate else (service.stage_rate, service.source)
    needs = estimate(customers, list(service.plans.values()), rate, service.memory_mb, facts)
    return Answer(needs, compare(needs, rate, source, quotas), quotas, facts.prices["region"])


def _by_plan(customers: Sequence[PlanCustomers], plans: Plans) -> dict[str, int]:
    """Raises UnknownPlan, Absurd."""
    found: dict[str, int] = {}
    for each in customers:
        name = find_plan(plans, each.plan).name
        if name in found:
            raise Absurd(f"--customers names the plan {name} twice.")
        found[name] = each.number
    return found


def _read_quotas() -> Quotas:
    try:
        client = aws.make_quotas_client()
    except BotoCoreError as error:
        return default_quotas(error)
    return read_quotas(client)
