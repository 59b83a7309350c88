"""Adds up what was measured, and looks for different pictures that count as the same."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from tests.pdq.measuring import Measured, distance
from tests.pdq.variants import VARIANTS

from moderate.blocking.pdq import BITS, MAX_DISTANCE, MIN_QUALITY, PdqHash

LEAST_PICTURES = 2000
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
    return [each for each in measured if each.original.ours.quality >= MIN_QUALITY]


def table(measured: Sequence[Measured]) -> Iterator[str]:
    """Yields how far our hashes of each variant are from those of the pictures, and how many of Meta's are as near."""
    yield "| variant | compared | median | 95th percentile | largest | within 31 | of Meta's hashes |"
    yield "|---|---|---|---|---|---|---|"
    for name in VARIANTS:
        ours = _distances((each.original.ours, each.variants[name].ours) for each in measured)
        theirs = _distances((each.original.theirs, each.variants[name].theirs) for each in measured)
        of_95 = ours[min(len(ours) - 1, int(_95 * len(ours)))]
        yield (
            f"| {name} | {len(ours):,} | {median(ours):g} | {of_95} | {ours[-1]} | {_share_within(ours):.1f} % | "
            f"{_share_within(theirs):.1f} % |"
        )


def _distances(pairs: Iterable[tuple[PdqHash, PdqHash]]) -> list[int]:
    """Returns them in order, of the pairs that are compared."""
    return sorted(distance(*pair) for pair in pairs if all(each.quality >= MIN_QUALITY for each in pair))


def _share_within(distances: Sequence[int]) -> float:
    return 100 * sum(far <= MAX_DISTANCE for far in distances) / len(distances)


def nearest(measured: Sequence[Measured]) -> Nearest:
    """Compares each picture with each other one."""
    hashes = np.array([list(each.original.ours.bits) for each in measured], np.uint8).view(np.uint64)
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
