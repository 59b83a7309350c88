"""What an account owes for a month: its plan's fee, and what was booked for images.

Nothing that was booked is worked out again: the ledger's amounts, each rounded when it was booked, are added up. The
plan's fee is the price for which the plan was taken, reckoned like an image: with the account's discount and, in XNO,
at the rate of the day that the invoice is made. What is to be paid is the total, rounded once, half up, to what the
currency can pay.
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


class PlanNotSold(Exception):
    """An account was on a plan whose price is not known any more; the message says which, to an operator."""


@dataclass(frozen=True, slots=True)
class Bill:
    """In one currency."""

    currency: Currency
    plan_fee: Decimal
    image_charges: Decimal

    @property
    def total(self) -> Decimal:
        return self.plan_fee + self.image_charges

    @property
    def due(self) -> Decimal:
        return self.total.quantize(PAYABLE[self.currency], ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Invoice:
    account_id: str
    name: str
    month: str
    preliminary: bool
    """The month is not over."""
    plan: str
    """The dearest that the account was on."""
    plan_price_usd: Decimal
    terms: Terms
    """Of the plan's fee."""
    calls: int
    images: int
    bills: Sequence[Bill]
    """That of the account's currency comes first. Others follow if images were charged before it was changed."""

    @property
    def number(self) -> str:
        return f"{self.month}-{self.account_id}"


def invoice_for(usage: Usage, plans: Plans, now: datetime) -> Invoice | None:
    """plans: for what was taken before its price was kept. None where the account had no plan in that month.

    Raises PlanNotSold.
    """
    account = usage.account
    prices = {held: _price(held, usage, plans) for held in account.plans_in(usage.month)}
    if not prices:
        return None
    dearest = max(prices, key=prices.__getitem__)
    terms = account.terms(usage.rate)
    return Invoice(
        account_id=account.id,
        name=account.name,
        month=usage.month,
        preliminary=now < month_end(usage.month),
        plan=dearest.plan,
        plan_price_usd=prices[dearest],
        terms=terms,
        calls=usage.used,
        images=usage.images,
        bills=_bills({terms.currency: amount_due(prices[dearest], terms)}, usage.charges),
    )


def invoices_for(usages: Iterable[Usage], plans: Plans, now: datetime) -> tuple[list[Invoice], list[PlanNotSold]]:
    """Those that can be made, and what is wrong with each of the others."""
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
            f"{usage.account.name} was on {held.plan} in {usage.month}, which is not sold any more, so that its price "
            "is not known. Put it back among the template's plans."
        )
    return plans[held.plan].price_usd


def _bills(fee: Mapping[Currency, Decimal], charges: Mapping[Currency, Decimal]) -> list[Bill]:
    return [
        Bill(currency, fee.get(currency, Decimal(0)), charges.get(currency, Decimal(0)))
        for currency in [*fee, *sorted(charges.keys() - fee.keys())]
    ]
