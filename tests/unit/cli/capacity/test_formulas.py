"""The formulas of `modest capacity`, where the exact figure is known. tests/capacity checks them all by simulation."""

from math import exp, factorial

import pytest

from modest_cli.capacity.bursts import SECONDS_A_MONTH, Callers, daily_profile, intensity
from modest_cli.capacity.refusals import over_quota, throttled


def test_a_bucket_of_one_token_refuses_what_erlang_s_formula_says() -> None:
    assert throttled(speed=1, rate=2, burst=1) == pytest.approx(1 / 3)


def test_a_deep_bucket_refuses_only_what_exceeds_its_rate() -> None:
    assert throttled(speed=60, rate=120, burst=120) == pytest.approx(0, abs=1e-9)
    assert throttled(speed=240, rate=120, burst=120) == pytest.approx(1 / 2)


def test_a_quota_refuses_all_that_exceeds_it_once_all_customers_do() -> None:
    assert over_quota(0.001) == pytest.approx(0, abs=1e-6)
    assert over_quota(1_000) == pytest.approx(1 - 1 / 1_000, rel=1e-6)


def test_no_hour_has_less_than_half_of_the_busiest_one() -> None:
    profile = daily_profile()
    assert sum(profile) == pytest.approx(24)
    assert min(profile) / max(profile) == pytest.approx(0.5, rel=0.02)


def test_the_mean_is_what_all_plans_call() -> None:
    plans = [Callers(SECONDS_A_MONTH * 7, speed=30), Callers(SECONDS_A_MONTH * 3, speed=0.1)]
    assert intensity(plans).mean == pytest.approx(10)
    assert intensity(plans).limited(1).mean < 1


def test_a_call_now_and_then_is_served_as_poisson_s_distribution_says() -> None:
    """Slow bursts are many, so calls come independently of each other but for the time of day."""
    calls = intensity([Callers(SECONDS_A_MONTH * 20, speed=0.001)])

    def within(count: int) -> float:
        means = [20 * load for load in daily_profile()]
        return sum(exp(-mean) * mean**n / factorial(n) for mean in means for n in range(count + 1)) / 24

    most = calls.most_within(1, 0.999)
    assert within(most - 1) < 0.999 <= within(most)
