"""Defines the currencies, and how a price in US dollars becomes the amount that an account is charged.

XNO is Nano, a cryptocurrency. Amounts are Decimal throughout: no float ever holds money.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum


class Currency(StrEnum):
    USD = "USD"
    XNO = "XNO"


SMALLEST = {Currency.USD: Decimal("0.000001"), Currency.XNO: Decimal("0.000000001")}
"""The unit that amounts are rounded to. At 0.0015 USD an image, six places hold any whole percent of discount exactly.
XNO has three places more, in case one XNO is ever worth hundreds of dollars."""


LOWEST_RATE, HIGHEST_RATE = Decimal("0.001"), Decimal(100_000)
"""What an operator may set as the rate: one XNO has been worth 0.007 to 37 dollars."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The exchange rate of XNO. Raises ValueError unless `usd` is a finite number above 0."""

    usd: Decimal
    """How many US dollars one XNO is worth."""
    day: date
    """The UTC day on which the operator set it."""

    def __post_init__(self) -> None:
        if not (self.usd.is_finite() and self.usd > 0):
            raise ValueError(f"a rate is a number of dollars above 0, not {self.usd}")


@dataclass(frozen=True, slots=True)
class Terms:
    """How an account is charged. Raises ValueError if the discount is no percentage, or XNO has no rate."""

    currency: Currency = Currency.USD
    discount_percent: Decimal = Decimal(0)
    """From 0 to 100."""
    rate: Rate | None = None
    """Required if the currency is XNO."""

    def __post_init__(self) -> None:
        if not 0 <= self.discount_percent <= 100:  # noqa: PLR2004 - a percentage
            raise ValueError(f"a discount is a percentage from 0 to 100, not {self.discount_percent}")
        if self.currency is Currency.XNO and self.rate is None:
            raise ValueError("an account charged in XNO needs a rate")


def amount_due(price_usd: Decimal, terms: Terms) -> Decimal:
    """Returns the price less the discount, in the account's currency.

    It is rounded once, at the end, half up, to SMALLEST. The amount in a call's answer, the amount in the ledger and
    the amount that an auditor works out by hand are therefore equal, and a month's sum needs no further rounding.
    """
    discounted = price_usd * (100 - terms.discount_percent) / 100
    if terms.rate is not None and terms.currency is Currency.XNO:
        discounted /= terms.rate.usd
    return discounted.quantize(SMALLEST[terms.currency], ROUND_HALF_UP)


def shortest(number: Decimal) -> str:
    """Writes a number without trailing zeros and without an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_amount(amount: Decimal, currency: Currency) -> str:
    """Writes an amount with all its decimal places. DynamoDB drops trailing zeros."""
    return f"{amount.quantize(SMALLEST[currency]):f}"
