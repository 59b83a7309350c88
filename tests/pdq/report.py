"""Adds up what was measured, and looks for different pictures that count as the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from tests.pdq.measuring import Measured, distance
from tests.pdq.variants import JPEGS, VARIANTS

from moderate.blocking.pdq import BITS, MAX_DISTANCE, MIN_QUALITY

LEAST_PICTURES = 2000
COMPARED_WITH_THEIRS = 1 + len(JPEGS)
"""How many pictures of each are compared: itself and its JPEGs."""

_95 = 0.95


@dataclass(frozen=True, slots=True)
class Alike:
    """A pair of pictures that count as the same."""

    one: str
    other: str
    distance: int

    @property
    def names(self) -> frozenset[str]:
        return frozenset((self.one, self.other))


@dataclass(frozen=True, slots=True)
class Nearest:
    alike: Sequence[Alike]
    beyond: int
    """The least distance of any other pair."""
    pairs: int


def hashed_well(measured: Sequence[Measured]) -> list[Measured]:
    """Returns those that a list may have: a hash of a picture with little contour is compared with none."""
    return [each for each in measured if each.hash.quality >= MIN_QUALITY]


def table(measured: Sequence[Measured]) -> Iterator[str]:
    yield "| variant | compared | median | 95th percentile | largest | within 31 |"
    yield "|---|---|---|---|---|---|"
    for name in VARIANTS:
        found = sorted(
            distance(each.hash, each.variants[name]) for each in measured if each.variants[name].quality >= MIN_QUALITY
        )
        within = sum(far <= MAX_DISTANCE for far in found) / len(found)
        of_95 = found[min(len(found) - 1, int(_95 * len(found)))]
        yield f"| {name} | {len(found):,} | {median(found):g} | {of_95} | {found[-1]} | {100 * within:.1f} % |"


def nearest(measured: Sequence[Measured]) -> Nearest:
    """Compares each picture with each other one."""
    hashes = np.array([list(each.hash.bits) for each in measured], np.uint8).view(np.uint64)
    names = [each.path.name for each in measured]
    alike: list[Alike] = []
    beyond = BITS
    for number in range(len(names) - 1):
        distances = np.bitwise_count(hashes[number + 1 :] ^ hashes[number]).sum(axis=1)
        near = distances <= MAX_DISTANCE
        alike += [
            Alike(names[number], names[number + 1 + int(index)], int(distances[index]))
            for index in np.flatnonzero(near)
        ]
        beyond = min(beyond, int(distances[~near].min(initial=beyond)))
    return Nearest(alike, beyond, len(names) * (len(names) - 1) // 2)
