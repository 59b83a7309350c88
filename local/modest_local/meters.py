"""Enforces rates, bursts and monthly quotas. Not thread-safe: only the gateway's event loop uses this module."""

from collections.abc import Callable, Hashable
from datetime import datetime
from sqlite3 import Connection

from modest.months import month_of
from modest_local.api import Throttle

SCHEMA = """
CREATE TABLE IF NOT EXISTS months (
    month TEXT, plan TEXT, key TEXT, used INTEGER NOT NULL, PRIMARY KEY (month, plan, key)
) WITHOUT ROWID
"""


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


class MonthlyQuotas:
    """Counts the calls of a key on a plan in a month, in a database, so that a restart does not lose them."""

    def __init__(self, now: Callable[[], datetime], counters: Connection) -> None:
        """counters: a database with SCHEMA."""
        self._now = now
        self._counters = counters

    def take(self, plan: str, key: str, quota: int) -> bool:
        """Takes one call from the month's quota. Returns whether one was left."""
        taken = self._counters.execute(
            "INSERT INTO months SELECT :month, :plan, :key, 1 WHERE :quota > 0"
            " ON CONFLICT (month, plan, key) DO UPDATE SET used = used + 1 WHERE used < :quota",
            {"month": month_of(self._now()), "plan": plan, "key": key, "quota": quota},
        )
        return taken.rowcount > 0
