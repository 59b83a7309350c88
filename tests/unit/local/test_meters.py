"""Rates, bursts and months on a clock that the test sets."""

from datetime import UTC, datetime

from tests.helpers.local_gateway import Clock, in_memory

from modest_local import meters
from modest_local.api import Throttle
from modest_local.meters import MonthlyQuotas, TokenBuckets

PRO = Throttle(20, 20)


def passed(clock: Clock, buckets: TokenBuckets, *, calls: int, a_second: float) -> int:
    count = 0
    for _ in range(calls):
        count += buckets.take("key", PRO)
        clock.seconds += 1 / a_second
    return count


def test_of_25_calls_a_second_for_10_seconds_pro_passes_its_burst_and_20_a_second() -> None:
    clock = Clock()
    assert 215 <= passed(clock, TokenBuckets(clock), calls=250, a_second=25) <= 225


def test_of_30_calls_at_once_pro_passes_20() -> None:
    clock = Clock()
    buckets = TokenBuckets(clock)
    assert sum(buckets.take("key", PRO) for _ in range(30)) == 20


def test_calls_within_the_rate_all_pass() -> None:
    clock = Clock()
    assert passed(clock, TokenBuckets(clock), calls=1000, a_second=20) == 1000


def test_an_idle_hour_saves_up_no_more_than_the_burst() -> None:
    clock = Clock()
    buckets = TokenBuckets(clock)
    buckets.take("key", PRO)
    clock.seconds += 3600
    assert sum(buckets.take("key", PRO) for _ in range(100)) == 20


def test_keys_do_not_share_a_bucket() -> None:
    buckets = TokenBuckets(Clock())
    one = Throttle(1, 1)
    assert [buckets.take(key, one) for key in ("a", "b", "a", "b")] == [True, True, False, False]


def test_a_month_ends_in_utc_and_the_next_one_is_whole() -> None:
    now = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    with in_memory(meters.SCHEMA) as counters:
        quotas = MonthlyQuotas(lambda: now, counters)
        assert [quotas.take("Free", "key", 2) for _ in range(3)] == [True, True, False]
        assert quotas.take("Free", "another key", 2)
        now = datetime(2026, 12, 1, tzinfo=UTC)
        assert quotas.take("Free", "key", 2)
