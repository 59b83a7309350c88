"""The smallest file that still differs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from tests.shown.files import Plan
from tests.shown.trial import Outcome, tried


def minimised(checkout: Path, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Each with as few mutations, and then as small a picture, as it takes. All are tried side by side."""
    best = list(outcomes)
    for simpler in (_with_fewer_mutations, _smaller):
        trials = [(index, plan) for index, outcome in enumerate(best) for plan in simpler(outcome.plan)]
        for (index, _), outcome in zip(trials, tried(checkout, [plan for _, plan in trials]), strict=True):
            if outcome.found.differs and _size(outcome.plan) < _size(best[index].plan):
                best[index] = outcome
    return best


def _with_fewer_mutations(plan: Plan) -> Iterator[Plan]:
    for count in range(len(plan.mutations)):
        for mutations in combinations(plan.mutations, count):
            yield replace(plan, mutations=mutations)


def _smaller(plan: Plan) -> Iterator[Plan]:
    for side in (32, 64):
        if side < plan.side:
            yield replace(plan, side=side)


def _size(plan: Plan) -> tuple[int, int]:
    return len(plan.mutations), plan.side
