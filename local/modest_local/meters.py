"""Enforces rates, bursts and monthly quotas. Not thread-safe: only the gateway's event loop uses this module."""

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import NamedTuple

from modest.months import month_of
from modest_local.api import Throttle


class TokenBucket:
    """Holds at most `burst` tokens and gains `rate` tokens per second. Each call takes one."""

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


class TokenBuckets:
    """Keeps a bucket for each name and throttle, so that a key starts with a full one when its plan changes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[tuple[Hashable, Throttle], TokenBucket] = {}

    def take(self, name: Hashable, throttle: Throttle) -> bool:
        now = self._clock()
        bucket = self._buckets.setdefault((name, throttle), TokenBucket(throttle, now))
        return bucket.take(now)


class QuotaCounter(NamedTuple):
    """Identifies the counter for a key on a plan in a month."""

    month: str
    plan: str
    key: str


class MonthlyQuotas:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.used: dict[QuotaCounter, int] = {}

    def take(self, plan: str, key: str, quota: int) -> bool:
        """Takes one call from the month's quota. Returns whether one was left."""
        counter = QuotaCounter(month_of(self._now()), plan, key)
        used = self.used.get(counter, 0)
        if used >= quota:
            return False
        self.used[counter] = used + 1
        return True
