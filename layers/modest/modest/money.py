"""Currencies, and how a price in US dollars becomes an amount that is booked."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum


class Currency(StrEnum):
    USD = "USD"
    XNO = "XNO"


SMALLEST = {Currency.USD: Decimal("0.000001"), Currency.XNO: Decimal("0.000000001")}
"""What amounts are rounded to. With an image at 0.0015 USD, six places hold any whole percent of discount exactly; one
XNO may come to be worth hundreds of dollars, hence its three places more."""


@dataclass(frozen=True, slots=True)
class Rate:
    usd: Decimal
    """What one XNO is worth."""
    day: date
    """When the operator set it."""

    def __post_init__(self) -> None:
        if not (self.usd.is_finite() and self.usd > 0):
            raise ValueError(f"a rate is a number of dollars above 0, not {self.usd}")


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms an account is charged."""

    currency: Currency = Currency.USD
    discount_percent: Decimal = Decimal(0)
    rate: Rate | None = None
    """Needed where the currency is XNO."""

    def __post_init__(self) -> None:
        if not 0 <= self.discount_percent <= 100:  # noqa: PLR2004 - a percentage
            raise ValueError(f"a discount is a percentage from 0 to 100, not {self.discount_percent}")
        if self.currency is Currency.XNO and self.rate is None:
            raise ValueError("an account charged in XNO needs a rate")


def amount_due(price_usd: Decimal, terms: Terms) -> Decimal:
    """The price, less the discount, in the account's currency.

    Rounded once, at the end, half up, to SMALLEST: what a call's answer states, what is booked and what an auditor
    works out by hand are one number, and a month's amounts add up without rounding again.
    """
    discounted = price_usd * (100 - terms.discount_percent) / 100
    if terms.rate is not None and terms.currency is Currency.XNO:
        discounted /= terms.rate.usd
    return discounted.quantize(SMALLEST[terms.currency], ROUND_HALF_UP)


def format_amount(amount: Decimal, currency: Currency) -> str:
    """With all its places, whatever table it comes from: DynamoDB drops zeros at the end."""
    return f"{amount.quantize(SMALLEST[currency]):f}"
