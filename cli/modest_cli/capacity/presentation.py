"""Prints an estimate as tables for people, or describes it as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from modest_cli.capacity.estimate import SHARE_OF_TIME, Estimate, Need
from modest_cli.capacity.limits import Limit, first_to_break, nearly_reached
from modest_cli.capacity.quotas import Quotas
from modest_cli.output import print_line, print_table


@dataclass(frozen=True, slots=True)
class Answer:
    estimate: Estimate
    limits: Sequence[Limit]
    quotas: Quotas
    region: str
    """The region of the prices."""


def print_answer(answer: Answer) -> None:
    estimate = answer.estimate
    print_table(
        ("plan", "customers", "calls tried a month", "429: too fast", "429: over quota"),
        [
            (
                load.plan.name,
                f"{load.customers:,}",
                f"{load.tried:,.0f}",
                f"{load.too_fast:.1%}",
                f"{load.over_quota:.1%}",
            )
            for load in estimate.loads
        ],
    )
    print_line("")
    print_table(
        ("need", "mean", f"in {SHARE_OF_TIME:.1%} of the time at most"),
        [(name, f"{need.mean:,.2f}", f"{need.peak:,}") for name, need in _needs(estimate).items()],
    )
    print_line("")
    print_table(
        ("limit", "needed", "allowed", "used", "according to"),
        [
            (limit.name, f"{limit.needed:,.0f}", f"{limit.allowed:,.0f}", f"{limit.used:.0%}", limit.source)
            for limit in answer.limits
        ],
    )
    print_line("")
    dollars = services(estimate.usd) | {"total": _total(estimate)}
    print_table((f"US dollars a month, {answer.region}", ""), [(name, f"{usd:,.0f}") for name, usd in dollars.items()])
    print_line("")
    for sentence in sentences(answer):
        print_line(sentence)


def sentences(answer: Answer) -> Iterator[str]:
    estimate, first = answer.estimate, first_to_break(answer.limits)
    yield (
        f"{estimate.calls_answered:,.0f} of {estimate.calls_tried:,.0f} calls a month are answered; "
        f"{estimate.refused:.1%} get a 429, {estimate.stage:.1%} because of StageRate."
    )
    yield f"First to break: {first.name}, of which {first.needed:,.0f} are needed and {first.allowed:,.0f} allowed."
    for limit in nearly_reached(answer.limits):
        yield f"For more {limit.name}: {limit.advice}"
    if answer.quotas.note:
        yield answer.quotas.note


def services(usd: Mapping[str, float]) -> dict[str, float]:
    """Returns the dollars by service: what stands after a colon is a part of one."""
    found: dict[str, float] = {}
    for item, amount in usd.items():
        service = item.partition(":")[0]
        found[service] = found.get(service, 0) + amount
    return found


def as_document(answer: Answer) -> dict[str, object]:
    estimate = answer.estimate
    return {
        "plans": [
            {"plan": load.plan.name, "customers": load.customers, "calls_tried": round(load.tried)}
            | {"too_fast": load.too_fast, "over_quota": load.over_quota}
            for load in estimate.loads
        ],
        "calls": {"tried": round(estimate.calls_tried), "answered": round(estimate.calls_answered)},
        "refused": {"all": estimate.refused, "by_stage_rate": estimate.stage},
        "needs": {name: asdict(need) for name, need in _needs(estimate).items()},
        "writes_a_month": round(estimate.calls_answered * estimate.writes_a_call),
        "reads_a_month": round(estimate.calls_answered * estimate.reads_a_call),
        "usd_a_month": {
            "region": answer.region,
            "total": round(_total(estimate), 2),
            "by_item": {name: round(usd, 2) for name, usd in estimate.usd.items()},
        },
        "limits": [
            {"limit": limit.name, "needed": limit.needed, "allowed": limit.allowed, "according_to": limit.source}
            for limit in answer.limits
        ],
        "breaks_first": first_to_break(answer.limits).name,
        "sentences": list(sentences(answer)),
    }


def _needs(estimate: Estimate) -> dict[str, Need]:
    answered = estimate.answered
    return {
        "concurrency of the image function": estimate.image,
        "concurrency of the authorizer": estimate.authorizer,
        "calls a second (API Gateway)": estimate.tried,
        "write units a second (DynamoDB)": _times(answered, estimate.writes_a_call),
        "read units a second (DynamoDB)": _times(answered, estimate.reads_a_call),
    }


def _times(need: Need, factor: float) -> Need:
    return Need(need.mean * factor, round(need.peak * factor))


def _total(estimate: Estimate) -> float:
    return sum(estimate.usd.values())
