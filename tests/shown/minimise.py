"""The smallest file that still differs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tests.shown.files import Plan
from tests.shown.trial import Outcome, tried


def minimised(checkout: Path, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Each with as few mutations, and then as small a picture, as it takes. All are tried side by side."""
    best = list(outcomes)
    for simpler in (_with_one_mutation_fewer, _with_one_mutation_fewer, _with_one_mutation_fewer, _smaller):
        trials = [(index, plan) for index, outcome in enumerate(best) for plan in simpler(outcome.plan)]
        if not trials:
            continue
        for (index, _), outcome in zip(trials, tried(checkout, [plan for _, plan in trials]), strict=True):
            if outcome.differs and _simpler(outcome.plan, best[index].plan):
                best[index] = outcome
    return best


def _with_one_mutation_fewer(plan: Plan) -> Iterator[Plan]:
    for at in range(len(plan.mutations)):
        yield replace(plan, mutations=plan.mutations[:at] + plan.mutations[at + 1 :])


def _smaller(plan: Plan) -> Iterator[Plan]:
    for side in (32, 48, 64):
        if side < plan.side:
            yield replace(plan, side=side)


def _simpler(one: Plan, other: Plan) -> bool:
    return (len(one.mutations), one.side) < (len(other.mutations), other.side)
