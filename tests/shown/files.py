"""The files that a seed stands for."""

import struct
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from tests.shown.formats import apng, avif, bmp, gif, jpeg, png, webp
from tests.shown.formats.drafts import Kind, Mutation

KINDS: tuple[Kind, ...] = tuple(module.KIND for module in (jpeg, png, apng, gif, webp, avif, bmp))


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file is made; a plan with fewer mutations or a smaller side makes one that is otherwise the same."""

    seed: str
    number: int
    kind: Kind
    side: int
    mutations: tuple[Mutation, ...]

    @property
    def name(self) -> str:
        return f"{self.seed}-{self.number}"


def plan(seed: str, number: int, only: str = "", mutation: str = "") -> Plan:
    """only: the name of a kind, or all. mutation: the name of one that is made wherever a kind has it."""
    random = Random(f"{seed} {number}")
    kinds = [kind for kind in KINDS if kind.name == only or not only]
    (kind,) = random.choices(kinds, [kind.weight for kind in kinds])
    side = random.choice(kind.sides)
    count = random.choices([0, 1, 2, 3], [1, 6, 6, 4])[0]
    # The largest of such numbers is each one's with the probability that its weight says.
    drawn = sorted(kind.mutations, key=lambda mutation: random.random() ** (1 / mutation.weight))
    wanted = [each for each in drawn if each.name == mutation]
    return Plan(seed, number, kind, side, (*wanted, *(each for each in drawn[::-1][:count] if each not in wanted)))


def made(plan: Plan) -> bytes:
    draft = plan.kind.draft(Random(f"{plan.seed} {plan.number} draft"), plan.side)
    for mutation in plan.mutations:
        # One before it may have taken away what it would change.
        with suppress(LookupError, ValueError, struct.error):
            mutation.apply(draft, Random(f"{plan.seed} {plan.number} {mutation.name}"))
    return draft.file()
