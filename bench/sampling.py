"""Interleaved measurements: one call of each contestant a round, so that a slow moment hits all alike."""

from collections.abc import Callable, Mapping
from statistics import median, quantiles
from typing import NamedTuple


class Timing(NamedTuple):
    """Seconds. On a quiet machine a call of one thread has as much of one as of the other."""

    wall: float
    cpu: float


Call = Callable[[int], Timing]
"""Gets the round's number."""
Samples = dict[str, list[Timing]]
"""By contestant; the n-th of each was measured in round n."""


def interleave(calls: Mapping[str, Call], rounds: int) -> Samples:
    """One round more than asked for: the first warms caches and is dropped."""
    samples: Samples = {name: [] for name in calls}
    names = list(calls)
    for number in range(-1, rounds):
        # Who goes first changes, lest one contestant always finds another's leavings in the caches.
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            timing = calls[name](max(number, 0))
            if number >= 0:
                samples[name].append(timing)
    return samples


def summaries(samples: Samples) -> dict[str, dict[str, float]]:
    return {name: summary(timings) for name, timings in samples.items()}


def summary(timings: list[Timing]) -> dict[str, float]:
    walls = [timing.wall for timing in timings]
    low, middle, high = quantiles(walls, n=4) if len(walls) > 1 else walls * 3
    return {
        "median_ms": _milliseconds(middle),
        "quartile_1_ms": _milliseconds(low),
        "quartile_3_ms": _milliseconds(high),
        "fastest_ms": _milliseconds(min(walls)),
        "cpu_ms": _milliseconds(median(timing.cpu for timing in timings)),
    }


def least_cpu(timings: list[Timing]) -> float:
    return min(timing.cpu for timing in timings)


def ratio(samples: Samples, longer: str, shorter: str) -> dict[str, float]:
    """How many times as long `longer` takes: the median of the rounds' own ratios."""
    pairs = list(zip(samples[longer], samples[shorter], strict=True))
    return {
        "wall": round(median(a.wall / b.wall for a, b in pairs), 3),
        "cpu": round(median(a.cpu / b.cpu for a, b in pairs), 3),
    }


def difference(samples: Samples, longer: str, shorter: str) -> dict[str, float]:
    """Milliseconds: the median of the rounds' own differences."""
    pairs = list(zip(samples[longer], samples[shorter], strict=True))
    return {
        "wall_ms": _milliseconds(median(a.wall - b.wall for a, b in pairs)),
        "cpu_ms": _milliseconds(median(a.cpu - b.cpu for a, b in pairs)),
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
