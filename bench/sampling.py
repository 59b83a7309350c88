"""Interleaves measurements: each round calls every contestant once, so that a slow moment affects all of them."""

from collections.abc import Callable, Mapping
from statistics import median, quantiles
from typing import NamedTuple


class Timing(NamedTuple):
    """Wall-clock and CPU seconds, which are equal for a single-threaded call on a quiet machine."""

    wall: float
    cpu: float


TimedCall = Callable[[int], Timing]
"""Takes the number of the round."""
Samples = dict[str, list[Timing]]
"""Maps contestants to timings, the n-th of which was measured in round n."""


def interleave(calls: Mapping[str, TimedCall], rounds: int) -> Samples:
    """Runs one extra round first, which warms the caches and is dropped."""
    samples: Samples = {name: [] for name in calls}
    names = list(calls)
    for number in range(-1, rounds):
        # The order rotates, so that no contestant always runs after the same one, whose data is still in the caches.
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
        "median_ms": _to_milliseconds(middle),
        "quartile_1_ms": _to_milliseconds(low),
        "quartile_3_ms": _to_milliseconds(high),
        "fastest_ms": _to_milliseconds(min(walls)),
        "cpu_ms": _to_milliseconds(median(timing.cpu for timing in timings)),
    }


def min_cpu(timings: list[Timing]) -> float:
    return min(timing.cpu for timing in timings)


def ratio(samples: Samples, longer: str, shorter: str) -> dict[str, float]:
    """Returns how many times as long `longer` takes as `shorter`: the median of the ratios of the rounds."""
    pairs = list(zip(samples[longer], samples[shorter], strict=True))
    return {
        "wall": round(median(a.wall / b.wall for a, b in pairs), 3),
        "cpu": round(median(a.cpu / b.cpu for a, b in pairs), 3),
    }


def difference(samples: Samples, longer: str, shorter: str) -> dict[str, float]:
    """Returns milliseconds: the median of the differences of the rounds."""
    pairs = list(zip(samples[longer], samples[shorter], strict=True))
    return {
        "wall_ms": _to_milliseconds(median(a.wall - b.wall for a, b in pairs)),
        "cpu_ms": _to_milliseconds(median(a.cpu - b.cpu for a, b in pairs)),
    }


def _to_milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
