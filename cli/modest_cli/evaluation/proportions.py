"""Says what counts prove: intervals of shares, bounds that may be claimed, and how many pictures a claim takes.

- Wilson's interval: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
  the American Statistical Association 22 (1927), 209-212.
- Exact bounds: C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of
  the binomial", Biometrika 26 (1934), 404-413.

All of them assume pictures that were drawn independently, from what will be judged later.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, fsum, lgamma, log, log1p, sqrt
from statistics import NormalDist

CONFIDENCE = 0.95

# Halving the range from 0 to 1 so often leaves less than a float can tell.
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Share:
    hits: int
    total: int

    @property
    def value(self) -> float | None:
        """None if there is nothing to count."""
        return self.hits / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.hits, self.total)


def wilson(hits: int, total: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Returns Wilson's two-sided interval of a share, which is 0 to 1 if there is nothing to count.

    With p = hits / n and the quantile z of the normal distribution, its ends are the two q for which
    (p - q)^2 = z^2 q (1 - q) / n.
    """
    if not total:
        return 0.0, 1.0
    share = hits / total
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    weight = z * z / total
    centre = (share + weight / 2) / (1 + weight)
    reach = z * sqrt(share * (1 - share) / total + weight / total / 4) / (1 + weight)
    return (centre - reach if hits else 0.0), (centre + reach if hits < total else 1.0)


def at_most(hits: int, total: int, confidence: float = CONFIDENCE) -> float:
    """Returns the highest share at which so few hits still happen with a chance of 1 - confidence.

    It is Clopper and Pearson's upper bound, one-sided: the q for which P(X <= hits) = 1 - confidence, where X is
    binomial with n = total. Without any hits it is 1 - (1 - confidence)^(1/n), about 3/n.
    """
    if hits >= total:
        return 1.0
    return _halve(lambda share: chance_of_at_most(hits, total, share) > 1 - confidence)


def at_least(hits: int, total: int, confidence: float = CONFIDENCE) -> float:
    """Returns the lowest share at which so many hits still happen: Clopper and Pearson's lower bound, one-sided."""
    return 1 - at_most(total - hits, total, confidence)


def needed(claim: float, exceptions: int, confidence: float = CONFIDENCE) -> int:
    """Returns how many pictures prove a share of at least `claim` if this many of them are exceptions.

    It is the smallest n for which P(X <= exceptions) <= 1 - confidence, where X is binomial with the share 1 - claim:
    without exceptions, the smallest n with claim^n <= 1 - confidence. claim: more than 0 and less than 1.
    """

    def proves(total: int) -> bool:
        return chance_of_at_most(exceptions, total, 1 - claim) <= 1 - confidence

    enough = exceptions + 1
    while not proves(enough):
        enough *= 2
    too_few = exceptions
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        enough, too_few = (middle, too_few) if proves(middle) else (enough, middle)
    return enough


def chance_of_at_most(hits: int, total: int, share: float) -> float:
    """Returns P(X <= hits), where X is binomial: the sum of C(n, k) q^k (1 - q)^(n - k) for all k up to hits."""
    if hits >= total or share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    one, none = log(share), log1p(-share)
    ways = lgamma(total + 1)
    return min(
        1.0,
        fsum(exp(ways - lgamma(k + 1) - lgamma(total - k + 1) + k * one + (total - k) * none) for k in range(hits + 1)),
    )


def _halve(is_too_low: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_too_low(middle) else (low, middle)
    return (low + high) / 2
