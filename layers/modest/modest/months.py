"""Handles billing months: UTC months, written as `2026-11`."""

from datetime import UTC, datetime, timedelta

_LENGTH = len("2026-11")


class NotAMonth(ValueError):
    """Raised for what is not a month, or one that has not begun. The message is for whoever wrote it."""


def month_of(now: datetime) -> str:
    """now: in UTC."""
    return f"{now:%Y-%m}"


def month_start(month: str) -> datetime:
    """Raises ValueError unless `month` is written as `2026-11`."""
    # Not strptime: importing it would add milliseconds to the authorizer's cold start.
    year, _, number = month.partition("-")
    # datetime raises OverflowError for a year of many digits.
    start = datetime(int(year), int(number), 1, tzinfo=UTC) if len(month) == _LENGTH else None
    if start is None or month_of(start) != month:
        raise ValueError("a month is written as 2026-11")
    return start


def begun_month(text: str, now: datetime) -> str:
    """Returns the text if it is a month that has begun. Raises NotAMonth."""
    try:
        start = month_start(text)
    except ValueError:
        raise NotAMonth("A month is written as YYYY-MM, such as 2026-11.") from None
    if start > now:
        raise NotAMonth(f"{text} has not begun.")
    return text


def month_end(month: str) -> datetime:
    """Returns the first moment of the next month. Raises ValueError unless `month` is written as `2026-11`."""
    return (month_start(month) + timedelta(days=31)).replace(day=1)


def month_before(month: str) -> str:
    """Raises ValueError unless `month` is written as `2026-11`."""
    return month_of(month_start(month) - timedelta(days=1))


def seconds_to_month_end(now: datetime) -> int:
    """Returns the whole seconds, rounded up, from `now` (in UTC) until the next month begins."""
    return -((now - month_end(month_of(now))) // timedelta(seconds=1))
