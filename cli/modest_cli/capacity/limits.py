"""Compares what is needed with what AWS and the template allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from modest_cli.capacity.estimate import Estimate
from modest_cli.capacity.quotas import (
    API_KEYS,
    CALLS_A_CONCURRENT_EXECUTION,
    NEW_ENVIRONMENTS,
    PARTITION_WRITES,
    Quota,
    Quotas,
)

_FULL = 0.8
"""From this share of a limit on, there is too little left for a busier month."""
_FIXED = "AWS, fixed"
_PARTITION_WRITES_A_CALL = 2
"""A month's entries lie under one partition key. One that is written with an Idempotency-Key's answer counts twice."""


@dataclass(frozen=True, slots=True)
class Limit:
    name: str
    needed: float
    allowed: float
    source: str
    remedy: str
    """What to do once it is nearly reached; `{}` is where the number to ask for belongs."""

    @property
    def used(self) -> float:
        return self.needed / self.allowed

    @property
    def advice(self) -> str:
        return self.remedy.format(f"{_round_up(self.needed / _FULL):,}")


def compare(estimate: Estimate, stage_rate: float, source: str, quotas: Quotas) -> Sequence[Limit]:
    """source: where `stage_rate` is from."""
    concurrency = quotas.values[Quota.CONCURRENCY]
    customers = sum(load.customers for load in estimate.loads)
    fastest = max(load.plan.rate for load in estimate.loads)

    def quota(name: str, needed: float, which: Quota) -> Limit:
        ask = f"Ask AWS for {{}} (Service Quotas, {which.service}, {which.code})."
        return Limit(name, needed, quotas.values[which], quotas.source, ask)

    return [
        Limit(
            "calls a second on one route (StageRate)",
            estimate.passed.peak,
            stage_rate,
            source,
            "Set StageRate to {}.",
        ),
        Limit(
            "API keys",
            customers,
            API_KEYS,
            _FIXED,
            "Put further customers into a stack in another region or account: AWS does not raise this.",
        ),
        quota("calls a second (API Gateway)", estimate.tried.peak, Quota.GATEWAY_RATE),
        quota("concurrent executions (Lambda)", estimate.image.peak + estimate.authorizer.peak, Quota.CONCURRENCY),
        Limit(
            "calls a second (Lambda)",
            estimate.answered.peak + estimate.tried.peak,
            CALLS_A_CONCURRENT_EXECUTION * concurrency,
            quotas.source,
            f"Ask AWS for more concurrent executions: each allows {CALLS_A_CONCURRENT_EXECUTION}.",
        ),
        Limit(
            "new environments in 10 s (Lambda)",
            estimate.image.peak,
            NEW_ENVIRONMENTS,
            _FIXED,
            "Set WarmInstances.",
        ),
        quota("write units a second (DynamoDB)", estimate.answered.peak * estimate.writes_a_call, Quota.TABLE_WRITES),
        quota("read units a second (DynamoDB)", estimate.answered.peak * estimate.reads_a_call, Quota.TABLE_READS),
        Limit(
            "write units a second of one customer (DynamoDB)",
            fastest * _PARTITION_WRITES_A_CALL,
            PARTITION_WRITES,
            _FIXED,
            "Sell no faster plan: more would need the ledger to spread a customer's month over several keys.",
        ),
    ]


def first_to_break(limits: Sequence[Limit]) -> Limit:
    return max(limits, key=lambda limit: limit.used)


def nearly_reached(limits: Sequence[Limit]) -> Sequence[Limit]:
    return [limit for limit in limits if limit.used > _FULL]


def _round_up(number: float) -> int:
    """Returns the next number of two digits and zeros."""
    unit: int = 10 ** max(0, len(str(int(number))) - 2)
    return ceil(number / unit) * unit
