"""Calculates which share of a customer's calls its plan refuses with a 429."""

from math import exp, log
from statistics import NormalDist

SPREAD = 1.0
"""The standard deviation of the logarithm of what customers on one plan use."""
_DEEPEST_BUCKET = 100

_cdf = NormalDist().cdf


def throttled(speed: float, rate: float, burst: int) -> float:
    """Returns the share of calls that find the token bucket empty, if `speed` calls a second arrive at random.

    A bucket of K tokens admits what a queue of K places with one server of constant speed (M/D/1/K) admits.
    """
    load = speed / rate
    places = min(burst, _DEEPEST_BUCKET)
    arrivals = [exp(-load)]
    for number in range(1, places):
        arrivals.append(arrivals[-1] * load / number)
    # The number that a departing call leaves behind, compared with the probability that it leaves none.
    left = [1.0]
    for number in range(places - 1):
        others = sum(left[before] * arrivals[number - before + 1] for before in range(1, number + 1))
        left.append(max(0.0, (left[number] - arrivals[number] - others) / arrivals[0]))
    return max(0.0, 1 - 1 / (1 / sum(left) + load))


def over_quota(asked: float) -> float:
    """Returns the share of calls that come after the quota is used up.

    asked: what customers ask for in a month, on average, as a multiple of the quota. What each asks for is
        log-normally distributed, so this is the price of a call option in the formula of Black and Scholes.
    """
    deviations = log(asked) / SPREAD + SPREAD / 2
    return _cdf(deviations) - _cdf(deviations - SPREAD) / asked
