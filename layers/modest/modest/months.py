"""Billing months are UTC months."""

from datetime import datetime, timedelta


def seconds_to_month_end(now: datetime) -> int:
    """Whole seconds, rounded up, from `now` (UTC) until the next month begins."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    next_first = (first + timedelta(days=31)).replace(day=1)
    return -((now - next_first) // timedelta(seconds=1))
