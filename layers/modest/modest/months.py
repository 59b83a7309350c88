"""Handles billing months: UTC months, written as `2026-11`."""

from datetime import UTC, datetime, timedelta


def month_of(now: datetime) -> str:
    """now: in UTC."""
    return f"{now:%Y-%m}"


def month_start(month: str) -> datetime:
    """Raises ValueError unless `month` is written as `2026-11`."""
    # Not strptime: importing it would add milliseconds to the authorizer's cold start.
    year, _, number = month.partition("-")
    start = datetime(int(year), int(number), 1, tzinfo=UTC)
    if month_of(start) != month:
        raise ValueError(f"a month is written as 2026-11, not {month!r}")
    return start


def month_end(month: str) -> datetime:
    """Returns the first moment of the next month. Raises ValueError unless `month` is written as `2026-11`."""
    return (month_start(month) + timedelta(days=31)).replace(day=1)


def month_before(month: str) -> str:
    """Raises ValueError unless `month` is written as `2026-11`."""
    return month_of(month_start(month) - timedelta(days=1))


def seconds_to_month_end(now: datetime) -> int:
    """Returns the whole seconds, rounded up, from `now` (in UTC) until the next month begins."""
    return -((now - month_end(month_of(now))) // timedelta(seconds=1))
