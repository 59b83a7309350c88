from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modest.allowance import Allowance
from modest.months import NotAMonth, begun_month, month_end, month_of, month_start, seconds_to_month_end

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS)
def test_a_moment_lies_in_its_month(moment: datetime) -> None:
    month = month_of(moment)
    assert month_start(month) <= moment < month_end(month)
    assert month_of(month_start(month)) == month
    assert month_end(month).day == 1


@given(MOMENTS)
def test_the_seconds_left_lead_into_the_next_month(moment: datetime) -> None:
    left = (month_end(month_of(moment)) - moment).total_seconds()
    assert left <= seconds_to_month_end(moment) < left + 1


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "202611", "2026-11-01", "", "now", "9" * 30 + "-01"])
def test_a_month_is_written_as_year_and_month(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        month_start(text)


def test_a_month_has_begun_from_its_first_moment_on() -> None:
    assert begun_month("2026-11", datetime(2026, 11, 1, tzinfo=UTC)) == "2026-11"
    with pytest.raises(NotAMonth, match="2026-11 has not begun"):
        begun_month("2026-11", datetime(2026, 10, 31, 23, 59, 59, 999999, tzinfo=UTC))
    with pytest.raises(NotAMonth, match="such as 2026-11"):
        begun_month("11/2026", datetime(2026, 11, 1, tzinfo=UTC))


def test_an_allowance_is_never_below_zero() -> None:
    """A plan may become smaller in the middle of a month."""
    allowance = Allowance(limit=3, used=5, at=datetime(2026, 2, 27, 23, 59, 59, tzinfo=UTC))
    assert (allowance.remaining, allowance.reset_seconds, allowance.window_seconds) == (0, 86401, 28 * 86400)
