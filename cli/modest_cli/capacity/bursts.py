"""Calculates how many calls a second customers make, who call in bursts and more by day than by night.

docs/scaling.md states the formulas, what they assume and where the assumptions are from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

SECONDS_A_MONTH = 30 * 24 * 60 * 60
_HOURS = 24
_BASE = 0.5
"""The share of the busiest hour's load that no hour falls below."""
_POINTS = 4096
_DEVIATIONS = 12

_cdf = np.vectorize(NormalDist().cdf, otypes=[float])


def daily_profile() -> Sequence[float]:
    """Returns each hour's load, compared with the mean hour."""
    swing = (1 - _BASE) / (1 + _BASE)
    return [1 + swing * cos(2 * pi * (hour + 0.5) / _HOURS) for hour in range(_HOURS)]


@dataclass(frozen=True, slots=True)
class Callers:
    """The customers on one plan."""

    calls_a_month: float
    """The calls of all of them together."""
    speed: float
    """How many calls a second one of them makes during a burst."""

    @property
    def mean_rate(self) -> float:
        return self.calls_a_month / SECONDS_A_MONTH


@dataclass(frozen=True, slots=True)
class Intensity:
    """The calls a second that are to be expected at a moment, and in which share of the month's moments."""

    rates: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]

    @property
    def mean(self) -> float:
        return float(self.rates @ self.shares)

    def share_above(self, limit: float) -> float:
        """Returns the share of the calls that exceed so many a second."""
        return float(np.maximum(self.rates - limit, 0) @ self.shares) / self.mean

    def limited(self, limit: float) -> "Intensity":
        return Intensity(np.minimum(self.rates, limit), self.shares)

    def most_within(self, seconds: float, share: float) -> int:
        """Returns the number of calls in so many seconds that is not exceeded in that share of the time.

        Every call lasts `seconds` on average in a queue of infinitely many servers: the number is also that of the
        calls that are served at a moment, whatever the distribution of their durations.
        """
        means = self.rates * seconds

        def within(count: int) -> float:
            # Wilson and Hilferty's approximation of Poisson's distribution.
            after = count + 1
            deviations = 3 * np.sqrt(after) * (1 - 1 / (9 * after) - np.cbrt(means / after))
            return float(_cdf(deviations) @ self.shares)

        few, enough = -1, 1
        while within(enough) < share:
            few, enough = enough, 2 * enough
        while enough - few > 1:
            middle = (few + enough) // 2
            few, enough = (few, middle) if within(middle) >= share else (middle, enough)
        return enough


def intensity(plans: Sequence[Callers]) -> Intensity:
    """Returns the intensity of all plans together.

    The bursts that are going on are Poisson-distributed, so their sum has a known generating function. Its discrete
    Fourier transform gives the distribution.
    """
    calling = [callers for callers in plans if callers.calls_a_month]
    profile = daily_profile()
    mean = sum(callers.mean_rate for callers in calling)
    variance = sum(callers.mean_rate * callers.speed for callers in calling)
    span = max(profile) * mean + _DEVIATIONS * np.sqrt(max(profile) * variance)
    step = span / _POINTS
    points = np.exp(-2j * pi * np.arange(_POINTS) / _POINTS)
    exponent = np.zeros(_POINTS, complex)
    for callers in calling:
        steps = max(1, round(callers.speed / step))
        exponent += callers.mean_rate / (steps * step) * (points**steps - 1)
    shares = np.mean([np.fft.ifft(np.exp(load * exponent)).real for load in profile], axis=0)
    occurring = shares > 1e-12  # noqa: PLR2004 - less is the error of the transform
    return Intensity(np.arange(_POINTS)[occurring] * step, shares[occurring] / shares[occurring].sum())
