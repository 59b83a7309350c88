"""Intervals, bounds and sample sizes are those of published tables, and of their definitions."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modest_cli.evaluation.proportions import at_least, at_most, chance_of_at_most, needed, wilson

# R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), 857-872,
# table I: hits, total, Wilson's interval, Clopper and Pearson's interval.
NEWCOMBE = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]
# Sizes of samples that show a reliability of 95 %, and of 99 %, with 95 % confidence, by how many items fail: binomial
# tables of acceptance sampling.
SIZES_95 = [59, 93, 124, 153, 181, 208]
SIZES_99 = [299, 473, 628, 773, 913, 1049]

counts = st.integers(1, 60).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@pytest.mark.parametrize(("hits", "total", "wilsons", "exact"), NEWCOMBE)
def test_intervals_are_those_that_newcombe_published(
    hits: int, total: int, wilsons: tuple[float, float], exact: tuple[float, float]
) -> None:
    assert wilson(hits, total) == pytest.approx(wilsons, abs=5e-5)
    # Both sides of 97.5 % make an interval of 95 %.
    assert (at_least(hits, total, 0.975), at_most(hits, total, 0.975)) == pytest.approx(exact, abs=5e-5)


def test_sample_sizes_are_those_of_published_tables() -> None:
    assert [needed(0.95, exceptions) for exceptions in range(6)] == SIZES_95
    assert [needed(0.99, exceptions) for exceptions in range(6)] == SIZES_99


def test_without_exceptions_a_claim_takes_as_many_as_its_power_says() -> None:
    assert at_least(59, 59) >= 0.95 > at_least(58, 58)
    assert at_most(0, 100) == pytest.approx(1 - 0.05**0.01)
    # J. A. Hanley and A. Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249 (1983), 1743-1745.
    assert at_most(0, 1000) == pytest.approx(3 / 1000, rel=0.01)


def test_nothing_counted_proves_nothing() -> None:
    assert (wilson(0, 0), at_least(0, 0), at_most(0, 0)) == ((0, 1), 0, 1)


@given(counts)
def test_the_ends_of_wilsons_interval_are_the_shares_whose_own_spread_just_reaches_what_was_found(
    counted: tuple[int, int],
) -> None:
    hits, total = counted
    for share in wilson(hits, total):
        spread = 1.959964**2 * share * (1 - share) / total
        assert (hits / total - share) ** 2 == pytest.approx(spread, abs=1e-7)


@given(counts, st.fractions(0, 1))
def test_chances_are_sums_of_the_binomial_distribution(counted: tuple[int, int], share: Fraction) -> None:
    hits, total = counted
    exact = sum(comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(hits + 1))
    assert chance_of_at_most(hits, total, float(share)) == pytest.approx(float(exact), abs=1e-9)


@given(counts)
def test_a_bound_is_the_share_at_which_what_was_found_has_a_chance_of_5_percent(counted: tuple[int, int]) -> None:
    hits, total = counted
    if hits < total:
        assert chance_of_at_most(hits, total, at_most(hits, total)) == pytest.approx(0.05)
        assert at_least(total - hits, total) == pytest.approx(1 - at_most(hits, total))


@given(st.floats(0.5, 0.999), st.integers(0, 8))
def test_as_many_pictures_as_are_needed_prove_a_claim_and_one_fewer_does_not(claim: float, exceptions: int) -> None:
    enough = needed(claim, exceptions)
    assert at_least(enough - exceptions, enough) >= claim - 1e-9
    assert at_least(enough - 1 - exceptions, enough - 1) <= claim + 1e-9
