"""Prices, discounts and Nano, exactly."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modest.money import SMALLEST, Currency, Rate, Terms, amount_due
from modest.prices import by_the_image, covered_by_plan

DAY = date(2026, 11, 23)
IN_NANO = Terms(Currency.XNO, rate=Rate(Decimal("0.87"), DAY))


def test_the_published_example_of_two_images_costs_three_tenths_of_a_cent() -> None:
    charge = by_the_image(2, Terms())
    assert (charge.amount, charge.terms.currency) == (Decimal("0.003"), Currency.USD)


@pytest.mark.parametrize("percent", range(101))
def test_whole_percents_of_discount_are_exact(percent: int) -> None:
    terms = Terms(discount_percent=Decimal(percent))
    assert by_the_image(1, terms).amount == Decimal("0.000015") * (100 - percent)


@pytest.mark.parametrize(
    ("images", "percent", "amount"),
    [(1, "12.5", "0.001313"), (1, "12.49", "0.001313"), (1, "12.51", "0.001312"), (10, "12.5", "0.013125")],
)
def test_a_charge_is_rounded_once_half_up(images: int, percent: str, amount: str) -> None:
    assert by_the_image(images, Terms(discount_percent=Decimal(percent))).amount == Decimal(amount)


def test_nano_is_converted_after_the_discount_and_before_rounding() -> None:
    terms = Terms(Currency.XNO, Decimal("12.5"), Rate(Decimal("0.87"), DAY))
    assert by_the_image(1, terms).amount == Decimal("0.001508621")


def test_what_the_plan_covers_costs_nothing_in_any_currency() -> None:
    charge = covered_by_plan(1, IN_NANO)
    assert (charge.images, charge.amount) == (1, Decimal(0))


@given(
    images=st.integers(0, 10),
    percent=st.decimals(0, 100, places=2),
    rate=st.decimals("0.0001", 10000, places=4),
    currency=st.sampled_from(Currency),
)
def test_no_charge_is_more_than_half_a_smallest_unit_off_nor_below_zero(
    images: int, percent: Decimal, rate: Decimal, currency: Currency
) -> None:
    terms = Terms(currency, percent, Rate(rate, DAY))
    exact = Decimal("0.0015") * images * (100 - percent) / 100 / (rate if currency is Currency.XNO else 1)
    amount = amount_due(Decimal("0.0015") * images, terms)
    assert amount >= 0
    assert abs(amount - exact) <= SMALLEST[currency] / 2


@pytest.mark.parametrize("percent", ["-1", "100.01"])
def test_a_discount_is_from_0_to_100_percent(percent: str) -> None:
    with pytest.raises(ValueError, match="0 to 100"):
        Terms(discount_percent=Decimal(percent))


def test_nano_without_a_rate_is_not_charged_at_all() -> None:
    with pytest.raises(ValueError, match="rate"):
        Terms(Currency.XNO)


@pytest.mark.parametrize("usd", ["0", "-1", "NaN", "Infinity"])
def test_a_rate_is_a_number_of_dollars(usd: str) -> None:
    with pytest.raises(ValueError, match="dollars"):
        Rate(Decimal(usd), DAY)
