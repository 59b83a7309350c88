"""Decides when a second is closed: when no entry of a call that was admitted in it can be missing.

A process knows only its own clock, and a clock may be wrong by CLOCK_ERROR. So of CLOSED_AFTER, twice that is lost, and
the time that the write of an entry may take with its retries. What is left is what a call may take. If one took longer,
because its process stood still, its entry is a late one, which is kept apart.
"""

from datetime import datetime, timedelta

CLOSED_AFTER = timedelta(seconds=60)
CLOCK_ERROR = timedelta(seconds=5)

_SECOND = timedelta(seconds=1)


def last_closed_second(now: datetime) -> datetime:
    return now.replace(microsecond=0) - CLOSED_AFTER - _SECOND


def longest_call(longest_write: timedelta) -> timedelta:
    """Returns how long after its admission a call may begin to write its entry, so that this is not a late one."""
    return CLOSED_AFTER - 2 * CLOCK_ERROR - longest_write


def longest_doubt(longest_write: timedelta) -> timedelta:
    """Returns how old, by another process's clock, a write may seem whose process may still repeat it."""
    return longest_write + 2 * CLOCK_ERROR
