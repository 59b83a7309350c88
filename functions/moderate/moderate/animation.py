"""Which frames of an animation are judged."""

import heapq
from collections.abc import Sequence
from itertools import accumulate, pairwise

FRAMES_JUDGED = 16
_LONGEST = 8
# Browsers show a frame that asks for 10 ms or less for 100 ms.
_TOO_SHORT_MS = 10.0
_SHOWN_INSTEAD_MS = 100.0


def display_time(duration_ms: float | None) -> float:
    """Milliseconds that a frame stays on a person's screen."""
    if duration_ms is None or not duration_ms > _TOO_SHORT_MS:
        return _SHOWN_INSTEAD_MS
    return duration_ms


def choose_frames(display_times: Sequence[float]) -> list[int]:
    """Indices, ascending, of the frames to judge: at most 16, and all of them where there are no more.

    The first, the last and the 8 shown longest; the rest where they fall evenly over the time shown.
    """
    total = len(display_times)
    if total <= FRAMES_JUDGED:
        return list(range(total))
    chosen = {0, total - 1}
    chosen.update(heapq.nlargest(_LONGEST, range(total), key=lambda index: display_times[index]))
    ends = list(accumulate(display_times))
    while len(chosen) < FRAMES_JUDGED:
        chosen.add(_middle_of_longest_gap(sorted(chosen), ends))
    return sorted(chosen)


def _middle_of_longest_gap(chosen: list[int], ends: list[float]) -> int:
    """The unchosen frame nearest the middle of the longest stretch of time between two chosen ones."""
    gaps = [(before, after) for before, after in pairwise(chosen) if after - before > 1]
    before, after = max(gaps, key=lambda gap: ends[gap[1] - 1] - ends[gap[0]])
    middle = (ends[before] + ends[after - 1]) / 2
    return min(range(before + 1, after), key=lambda index: abs((ends[index - 1] + ends[index]) / 2 - middle))
