"""Billing months are UTC months, written as `2026-11`."""

from datetime import UTC, datetime, timedelta


def month_of(now: datetime) -> str:
    return f"{now:%Y-%m}"


def month_start(month: str) -> datetime:
    """Raises ValueError unless `month` is written as `2026-11`."""
    # Not strptime, whose import would cost the authorizer's cold start milliseconds.
    year, _, number = month.partition("-")
    start = datetime(int(year), int(number), 1, tzinfo=UTC)
    if month_of(start) != month:
        raise ValueError(f"a month is written as 2026-11, not {month!r}")
    return start


def month_end(month: str) -> datetime:
    """The first moment that no longer belongs to it."""
    return (month_start(month) + timedelta(days=31)).replace(day=1)


def month_before(month: str) -> str:
    return month_of(month_start(month) - timedelta(days=1))


def seconds_to_month_end(now: datetime) -> int:
    """Whole seconds, rounded up, from `now` (UTC) until the next month begins."""
    return -((now - month_end(month_of(now))) // timedelta(seconds=1))
