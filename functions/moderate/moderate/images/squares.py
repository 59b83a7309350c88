"""Finds the squares of a long picture that are judged by themselves: in the whole, each of its parts is too small."""

from collections.abc import Sequence
from math import ceil

from moderate.images.limits import MAX_VIEWS_OF_STILL
from moderate.images.shrinking import Area

LONG = 2.5
"""How many times the shorter side of a long picture its longer side is at least."""
# Shorter than this, a square shows next to nothing.
_LEAST_SIDE = 64
# Beside the whole picture.
_MOST = MAX_VIEWS_OF_STILL - 1


def squares(size: tuple[int, int]) -> Sequence[Area]:
    """Returns squares from one end to the other, of which each overlaps the next by half, if there are not too many."""
    short, long = sorted(size)
    if short < _LEAST_SIDE or long < LONG * short:
        return ()
    count = min(_MOST, ceil(2 * (long / short - 1)) + 1)
    starts = [round(number * (long - short) / (count - 1)) for number in range(count)]
    if size[0] == long:
        return [(start, 0, start + short, short) for start in starts]
    return [(0, start, short, start + short) for start in starts]


def side_by_side(size: tuple[int, int]) -> tuple[float, float]:
    """Returns how many squares fit beside each other, across and down, as far as they are judged without gaps."""
    most = (_MOST + 1) / 2
    short = min(size)
    return (min(most, size[0] / short), min(most, size[1] / short)) if squares(size) else (1, 1)
