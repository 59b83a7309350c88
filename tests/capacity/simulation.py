"""Simulates a month of customers who call in bursts, and what API Gateway, Lambda and DynamoDB make of it.

It shares nothing with `modest capacity` but the figures that both are given. The pattern is that of Shahrad and others,
"Serverless in the Wild" (USENIX ATC 2020): more calls by day than by night, never less than half of the busiest hour's,
customers whose use differs by orders of magnitude, and calls that come in bursts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

DAY = 86_400
MONTH = 30 * DAY
BURST_SECONDS = 120
"""How long a burst lasts on average. The formula does not know it."""
SAMPLED_CALLS = 30_000
"""How many calls on each plan meet a token bucket one by one; the share that it refuses then holds for the others."""
TICK = 5
"""Seconds in which calls are counted together."""
TICKS = MONTH // TICK
LONGEST_CALL = 25
"""Seconds after which the function answers in any case."""
KEPT_WARM = 600
"""Seconds for which Lambda keeps an idle environment, according to the same paper."""


@dataclass(frozen=True)
class Sold:
    customers: int
    quota: int
    rate: float
    burst: int


@dataclass(frozen=True)
class World:
    plans: Mapping[str, Sold]
    used: float
    """What customers try to use of their quota, on average."""
    speed: float
    """How fast they call during a burst, as a share of their plan's rate."""
    stage_rate: float
    concurrency_limit: int
    from_urls: float
    judging_seconds: float
    fetching_seconds: float


@dataclass(frozen=True)
class Month:
    attempts: int
    answered: int
    concurrency: Integers
    """How many calls were being served at the end of each tick."""
    cold_starts: int
    without_environment: float
    """The share of the time in which the account's concurrency was used up."""
    mean_seconds: float

    @property
    def refused(self) -> float:
        return 1 - self.answered / self.attempts

    @property
    def busiest(self) -> float:
        """Returns the concurrency that is not exceeded in 99.9% of the time."""
        return float(np.quantile(self.concurrency, 0.999))


@dataclass(frozen=True)
class Bursts:
    customer: Integers
    start: Floats
    seconds: Floats
    calls: Integers


def simulate(world: World, seed: int) -> Month:
    random = np.random.default_rng(seed)
    arrivals = np.zeros(TICKS, np.int64)
    attempts = 0
    for sold in world.plans.values():
        bursts = draw_bursts(random, sold, world)
        attempts += int(bursts.calls.sum())
        arrivals += random.poisson(through_the_plan(random, sold, bursts, world))
    arrivals = through_the_stage(arrivals, world.stage_rate)
    seconds = draw_durations(random, world)
    concurrency = serve(random, arrivals, seconds)
    return Month(
        attempts=attempts,
        answered=int(arrivals.sum()),
        concurrency=np.minimum(concurrency, world.concurrency_limit),
        cold_starts=count_cold_starts(concurrency),
        without_environment=float(np.mean(concurrency > world.concurrency_limit)),
        mean_seconds=float(seconds.mean()),
    )


def draw_bursts(random: np.random.Generator, sold: Sold, world: World) -> Bursts:
    """Returns the bursts of all customers on a plan, one customer after the other and each in order."""
    wanted = world.used * sold.quota * spread_sizes(sold.customers)
    speed = world.speed * sold.rate
    number = random.poisson(wanted / (speed * BURST_SECONDS))
    customer = np.repeat(np.arange(sold.customers), number)
    start = draw_moments(random, customer.size)
    order = np.lexsort((start, customer))
    seconds = random.exponential(BURST_SECONDS, customer.size)
    return Bursts(customer[order], start[order], seconds, random.poisson(speed * seconds))


def spread_sizes(count: int) -> Floats:
    """Returns log-normal numbers around 1, each from the middle of another part of the distribution.

    So the few largest customers do not decide by chance what all of them use.
    """
    normal = NormalDist(-0.5, 1)
    return np.exp([normal.inv_cdf((part + 0.5) / count) for part in range(count)])


def draw_moments(random: np.random.Generator, count: int) -> Floats:
    """Returns moments of the month, of which noon has twice as many as midnight."""
    moments = np.empty(0)
    while moments.size < count:
        tried = random.uniform(0, MONTH, 2 * count + 10)
        load = 0.75 - 0.25 * np.cos(2 * np.pi * tried / DAY)
        moments = np.append(moments, tried[random.random(tried.size) < load])
    return moments[:count]


def through_the_plan(random: np.random.Generator, sold: Sold, bursts: Bursts, world: World) -> Floats:
    """Returns the calls of each tick that the plan's rate and quota let through, on average."""
    passed = random.binomial(bursts.calls, 1 - share_of_empty_buckets(random, sold, world.speed))
    total = np.cumsum(passed)
    firsts = np.flatnonzero(np.diff(bursts.customer, prepend=-1))
    before_customer = np.repeat((total - passed)[firsts], np.diff(np.append(firsts, passed.size)))
    left = sold.quota - (total - passed - before_customer)
    counted = np.clip(left, 0, passed)
    # A burst that uses up the quota ends for API Gateway's other parts at that moment.
    seconds = bursts.seconds * np.divide(counted, passed, out=np.zeros(passed.size), where=passed > 0)
    began = (bursts.start / TICK).astype(np.int64)
    ended = np.clip(np.ceil((bursts.start + seconds) / TICK).astype(np.int64), began + 1, TICKS)
    calls = counted / (ended - began)
    changes = np.bincount(began, calls, TICKS + 1) - np.bincount(ended, calls, TICKS + 1)
    return np.cumsum(changes)[:TICKS].clip(0)


def share_of_empty_buckets(random: np.random.Generator, sold: Sold, speed: float) -> float:
    tokens = float(sold.burst)
    refused = 0
    for gap in random.exponential(1 / (speed * sold.rate), SAMPLED_CALLS).tolist():
        tokens = min(sold.burst, tokens + gap * sold.rate)
        if tokens >= 1:
            tokens -= 1
        else:
            refused += 1
    return refused / SAMPLED_CALLS


def through_the_stage(arrivals: Integers, rate: float) -> Integers:
    """Returns the calls of each tick that the bucket of the whole stage, as deep as its rate, lets through."""
    admitted = arrivals.copy()
    tokens = rate
    for tick, calls in enumerate(arrivals.tolist()):
        available = tokens + TICK * rate
        if calls > available:
            admitted[tick] = int(available)
        tokens = max(0, min(rate, available - calls))
    return admitted


def draw_durations(random: np.random.Generator, world: World, count: int = 200_000) -> Floats:
    """Returns durations of calls: pictures of all sizes, and servers of which some are slow."""
    judging = world.judging_seconds * random.gamma(4, 1 / 4, count)
    fetching = world.fetching_seconds * random.lognormal(-0.5, 1, count)
    return np.minimum(judging + fetching * (random.random(count) < world.from_urls), LONGEST_CALL)


def serve(random: np.random.Generator, arrivals: Integers, seconds: Floats) -> Integers:
    """Returns the number of calls being served at the end of each tick, if no call has to wait."""
    served = np.zeros(TICKS, np.int64)
    for ago in range(int(seconds.max() / TICK) + 1):
        # A call that came at any moment of a tick is still being served, so many ticks later, with this probability.
        remaining = float(np.clip(seconds / TICK - ago, 0, 1).mean())
        served[ago:] += random.binomial(arrivals[: TICKS - ago], remaining)
    return served


def count_cold_starts(concurrency: Integers) -> int:
    """Returns how often a call found no idle environment among those that were used within the last minutes."""
    warm = concurrency.copy()
    width = 1
    while width < KEPT_WARM // TICK:
        warm[width:] = np.maximum(warm[width:], warm[:-width].copy())
        width *= 2
    return int(concurrency[0] + np.maximum(concurrency[1:] - warm[:-1], 0).sum())
