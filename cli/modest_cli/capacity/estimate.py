"""Calculates what a number of customers needs and costs. docs/scaling.md states the formulas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modest.plans import Plan
from modest_cli.capacity.bursts import SECONDS_A_MONTH, Callers, Intensity, daily_profile, intensity
from modest_cli.capacity.dollars import usd_a_call, usd_a_refusal
from modest_cli.capacity.measured import Measured
from modest_cli.capacity.refusals import over_quota, throttled
from modest_cli.errors import OperatorError

SHARE_OF_TIME = 0.999


class Absurd(OperatorError):
    """Raised if the figures contradict each other."""


@dataclass(frozen=True, slots=True)
class Customers:
    """Who calls, and what they send."""

    by_plan: Mapping[str, int]
    used: float
    """The calls that they try to make, on average, as a share of their plan's quota."""
    speed: float
    """The calls a second of one who is calling, as a share of the plan's rate."""
    from_urls: float
    fetch_ms: float
    megapixels: float


@dataclass(frozen=True, slots=True)
class PlanLoad:
    plan: Plan
    customers: int
    tried: float
    """Calls a month."""
    too_fast: float
    """The share of these that the plan's rate refuses."""
    over_quota: float
    """The share that its quota refuses."""

    @property
    def passed(self) -> float:
        return 1 - self.too_fast - self.over_quota


@dataclass(frozen=True, slots=True)
class Need:
    mean: float
    peak: int
    """What is not exceeded in 99.9% of the time."""


@dataclass(frozen=True, slots=True)
class Estimate:
    loads: Sequence[PlanLoad]
    stage: float
    """The share of the calls that pass their plans which StageRate refuses."""
    tried: Need
    """Calls a second that reach the authorizer."""
    passed: Need
    """Calls a second that pass their plans, without regard to StageRate."""
    answered: Need
    """Calls a second that the image function answers."""
    image: Need
    """Concurrency of the image function."""
    authorizer: Need
    """Concurrency of the authorizer."""
    writes_a_call: float
    reads_a_call: float
    usd: Mapping[str, float]
    """By item, for a month."""
    calls_tried: float
    """A month."""
    calls_answered: float
    """A month."""

    @property
    def refused(self) -> float:
        """The share of all calls that get a 429."""
        return 1 - self.calls_answered / self.calls_tried


def estimate(customers: Customers, plans: Sequence[Plan], stage_rate: float, memory: int, facts: Measured) -> Estimate:
    """Raises Absurd."""
    loads = [_load(plan, customers) for plan in plans if customers.by_plan.get(plan.name)]
    if not loads:
        raise Absurd("There are no customers. Give a number of them with --customers, such as --customers Pro=100.")
    if not stage_rate:
        raise Absurd("StageRate is 0, so every call is refused. Give another with --stage-rate.")
    tried = intensity([Callers(load.tried, customers.speed * load.plan.rate) for load in loads])
    passed = intensity([_pass_bucket(load, customers.speed) for load in loads])
    stage = passed.share_above(stage_rate)
    answered = passed.limited(stage_rate)
    milliseconds = facts.milliseconds(customers.megapixels) + customers.from_urls * customers.fetch_ms
    calls_tried = sum(load.tried for load in loads)
    calls = (1 - stage) * sum(load.tried * load.passed for load in loads)
    call = facts.prices["a_call"]
    per_call = usd_a_call(
        facts.prices, memory=memory, milliseconds=milliseconds, start_ms=facts.start_ms, log_bytes=facts.log_bytes
    )
    per_refusal = usd_a_refusal(facts.prices)
    return Estimate(
        loads=loads,
        stage=stage,
        tried=_need(tried, calls_tried),
        passed=_need(passed, calls / (1 - stage)),
        answered=_need(answered, calls),
        image=_need(answered, calls, milliseconds / 1000),
        authorizer=_need(tried, calls_tried, call["authorizer_ms"] / 1000),
        writes_a_call=call["ledger_writes"],
        reads_a_call=call["ledger_reads"],
        usd={item: usd * calls + per_refusal.get(item, 0) * (calls_tried - calls) for item, usd in per_call.items()},
        calls_tried=calls_tried,
        calls_answered=calls,
    )


def _load(plan: Plan, customers: Customers) -> PlanLoad:
    """Raises Absurd."""
    speed = customers.speed * plan.rate
    busiest = customers.used * plan.quota / SECONDS_A_MONTH * max(daily_profile())
    if busiest > speed:
        raise Absurd(
            f"Customers on {plan.name} cannot use {customers.used:.0%} of their quota at {customers.speed:g} times its "
            f"rate: that takes {busiest:.3g} calls a second. Give a larger --burst or a smaller --used."
        )
    too_fast = throttled(speed, plan.rate, plan.burst)
    number = customers.by_plan[plan.name]
    return PlanLoad(
        plan=plan,
        customers=number,
        tried=number * customers.used * plan.quota,
        too_fast=too_fast,
        over_quota=(1 - too_fast) * over_quota(customers.used * (1 - too_fast)),
    )


def _pass_bucket(load: PlanLoad, speed: float) -> Callers:
    """Returns the calls that pass the plan's rate at the beginning of a month, when no quota is used up."""
    return Callers(load.tried * (1 - load.too_fast), speed * load.plan.rate * (1 - load.too_fast))


def _need(calls: Intensity, calls_a_month: float, seconds: float = 1) -> Need:
    return Need(calls_a_month / SECONDS_A_MONTH * seconds, calls.most_within(seconds, SHARE_OF_TIME))
