"""Rates, bursts and months: what of them is used up. Not safe for threads: one event loop asks."""

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import NamedTuple

from modest.months import month_of
from modest_local.api import Throttle


class Bucket:
    """Holds `burst` tokens at most and gains `rate` a second; a call takes one."""

    def __init__(self, throttle: Throttle, now: float) -> None:
        self._throttle = throttle
        self._tokens = throttle.burst
        self._at = now

    def take(self, now: float) -> bool:
        self._tokens = min(self._throttle.burst, self._tokens + (now - self._at) * self._throttle.rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Buckets:
    """One for each name and throttle: a plan that changes begins with a full one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[tuple[Hashable, Throttle], Bucket] = {}

    def take(self, name: Hashable, throttle: Throttle) -> bool:
        now = self._clock()
        bucket = self._buckets.setdefault((name, throttle), Bucket(throttle, now))
        return bucket.take(now)


class Counter(NamedTuple):
    """What a month's calls are counted by."""

    month: str
    plan: str
    key: str


class Months:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.used: dict[Counter, int] = {}

    def count(self, plan: str, key: str, quota: int) -> bool:
        """Whether the month had a call left, which is taken."""
        counter = Counter(month_of(self._now()), plan, key)
        used = self.used.get(counter, 0)
        if used >= quota:
            return False
        self.used[counter] = used + 1
        return True
