"""Computes what an account owes for a month: its plan's fee and its image charges.

The image charges are the sum of the ledger's amounts, which were rounded when the calls were charged and are not
calculated again. The plan's fee is the price at which the plan was taken, less the account's discount and, in XNO,
converted at the rate that is set when the invoice is made. The amount due is the total, rounded once, half up, to the
smallest unit that can be paid in the currency.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from modest.accounts.records import PlanHeld
from modest.ledger.usage import Usage
from modest.money import SMALLEST, Currency, Terms, amount_due
from modest.months import month_end
from modest.plans import Plans

PAYABLE = {Currency.USD: Decimal("0.01"), Currency.XNO: SMALLEST[Currency.XNO]}
"""The unit that the amount due is rounded to."""


class PlanNotSold(Exception):
    """Raised if an account was on a plan whose price is unknown. The message names both, for an operator."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What an account owes in one currency. Only `due` is rounded further than SMALLEST."""

    currency: Currency
    plan_fee: Decimal
    image_charges: Decimal

    @property
    def total(self) -> Decimal:
        return self.plan_fee + self.image_charges

    @property
    def due(self) -> Decimal:
        """The total, rounded half up to PAYABLE."""
        return self.total.quantize(PAYABLE[self.currency], ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Invoice:
    account_id: str
    name: str
    month: str
    preliminary: bool
    """Whether the invoice was made before the month was over, so that it may still grow."""
    plan: str
    """The most expensive plan that the account held in the month."""
    plan_price_usd: Decimal
    terms: Terms
    """They apply to the plan's fee. Each call was charged on the terms that applied to it."""
    calls: int
    """Calls admitted."""
    images: int
    bills: Sequence[Bill]
    """The first is in the account's currency. Another follows if calls were charged in an earlier currency."""

    @property
    def number(self) -> str:
        return f"{self.month}-{self.account_id}"


def invoice_for(usage: Usage, plans: Plans, now: datetime) -> Invoice | None:
    """Returns None if the account had no plan in that month.

    plans: the current prices, for plans that were taken before prices were stored with the account.

    Raises PlanNotSold.
    """
    account = usage.account
    prices = {held: _price(held, usage, plans) for held in account.plans_in(usage.month)}
    if not prices:
        return None
    most_expensive = max(prices, key=prices.__getitem__)
    terms = account.terms(usage.rate)
    return Invoice(
        account_id=account.id,
        name=account.name,
        month=usage.month,
        preliminary=now < month_end(usage.month),
        plan=most_expensive.plan,
        plan_price_usd=prices[most_expensive],
        terms=terms,
        calls=usage.used,
        images=usage.images,
        bills=_bills({terms.currency: amount_due(prices[most_expensive], terms)}, usage.charges),
    )


def invoices_for(usages: Iterable[Usage], plans: Plans, now: datetime) -> tuple[list[Invoice], list[PlanNotSold]]:
    """Returns the invoices that can be made, and why the others cannot."""
    invoices, not_sold = [], []
    for usage in usages:
        try:
            invoice = invoice_for(usage, plans, now)
        except PlanNotSold as error:
            not_sold.append(error)
            continue
        invoices += [invoice] if invoice else []
    return invoices, not_sold


def _price(held: PlanHeld, usage: Usage, plans: Plans) -> Decimal:
    if held.price_usd is not None:
        return held.price_usd
    if held.plan not in plans:
        raise PlanNotSold(
            f"{usage.account.name} was on {held.plan} in {usage.month}. That plan is no longer sold, so its price is "
            "unknown. Add it to the template's plans again."
        )
    return plans[held.plan].price_usd


def _bills(fee: Mapping[Currency, Decimal], charges: Mapping[Currency, Decimal]) -> list[Bill]:
    return [
        Bill(currency, fee.get(currency, Decimal(0)), charges.get(currency, Decimal(0)))
        for currency in [*fee, *sorted(charges.keys() - fee.keys())]
    ]
