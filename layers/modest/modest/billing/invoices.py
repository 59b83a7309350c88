"""Computes what an account owes for a month: its plan's fee and its image charges.

The image charges are the sum of the ledger's amounts, which were rounded when the calls were charged and are not
calculated again. In US dollars they are shown at the list price, less the discounts with which the calls were charged.
The plan's fee is the price at which the plan was taken, less the account's discount and, in XNO, converted at the rate
that is set when the invoice is made. The amount due is the total, rounded once, half up, to the smallest unit that can
be paid in the currency.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from modest.accounts.records import PlanHeld
from modest.ledger.usage import Usage, UsageByKey
from modest.money import SMALLEST, Currency, Terms, amount_due
from modest.months import month_end
from modest.plans import Plans

PAYABLE = {Currency.USD: Decimal("0.01"), Currency.XNO: SMALLEST[Currency.XNO]}
"""The unit that the amount due is rounded to."""


class PlanNotSold(Exception):
    """Raised if an account was on a plan whose price is unknown. The message names both, for an operator."""


class Item(StrEnum):
    """What a line of a bill is for."""

    PLAN = "plan"
    PLAN_DISCOUNT = "plan_discount"
    IMAGES = "images"
    IMAGES_DISCOUNT = "images_discount"


@dataclass(frozen=True, slots=True)
class Line:
    item: Item
    amount: Decimal
    """In the currency of the bill, in whole units of SMALLEST. Discounts are below 0."""
    quantity: int | None = None
    unit_price_usd: Decimal | None = None
    """The list price in US dollars. None for discounts, and for images in XNO that had several prices."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What an account owes in one currency. Only `due` is rounded further than SMALLEST."""

    currency: Currency
    lines: Sequence[Line]

    @property
    def plan_fee(self) -> Decimal:
        return self._sum(Item.PLAN, Item.PLAN_DISCOUNT)

    @property
    def image_charges(self) -> Decimal:
        return self._sum(Item.IMAGES, Item.IMAGES_DISCOUNT)

    @property
    def total(self) -> Decimal:
        return self._sum(*Item)

    @property
    def due(self) -> Decimal:
        """The total, rounded half up to PAYABLE."""
        return self.total.quantize(PAYABLE[self.currency], ROUND_HALF_UP)

    def _sum(self, *items: Item) -> Decimal:
        return sum((line.amount for line in self.lines if line.item in items), Decimal(0))


@dataclass(frozen=True, slots=True)
class Invoice:
    account_id: str
    name: str
    bill_to: str
    """The customer's name and address. Empty if only `name` is known."""
    month: str
    preliminary: bool
    """Whether the invoice was made before the month was over, so that it may still grow."""
    plan: str
    """The most expensive plan that the account held in the month."""
    plan_price_usd: Decimal
    plans: Sequence[str]
    """All plans that the account held in the month."""
    terms: Terms
    """They apply to the plan's fee. Each call was charged on the terms that applied to it."""
    calls: int
    """Calls admitted."""
    images: int
    by_key: Sequence[UsageByKey]
    """For information. What is owed is in the bills."""
    bills: Sequence[Bill]
    """The first is in the account's currency. Another follows if calls were charged in an earlier currency."""

    @property
    def number(self) -> str:
        """Follows from the month and the account alone, so it is unique and stays the same in every run."""
        return f"{self.month}-{self.account_id}"

    @property
    def date(self) -> date:
        """The day after the month, whenever the invoice is made."""
        return month_end(self.month).date()


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
        bill_to=account.bill_to,
        month=usage.month,
        preliminary=now < month_end(usage.month),
        plan=most_expensive.plan,
        plan_price_usd=prices[most_expensive],
        plans=list(dict.fromkeys(held.plan for held in prices)),
        terms=terms,
        calls=usage.used,
        images=usage.images,
        by_key=usage.by_key,
        bills=_bills(_plan_lines(prices[most_expensive], terms), terms.currency, usage),
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


def _bills(plan_lines: Sequence[Line], present: Currency, usage: Usage) -> list[Bill]:
    """present: the account's currency, in which the plan is owed."""
    used = {currency for currency, _price in usage.images_at} | usage.charges.keys()
    bills = [Bill(present, [*plan_lines, *_image_lines(present, usage)])]
    return bills + [Bill(currency, _image_lines(currency, usage)) for currency in sorted(used - {present})]


def _plan_lines(price_usd: Decimal, terms: Terms) -> list[Line]:
    listed, owed = amount_due(price_usd, replace(terms, discount_percent=Decimal(0))), amount_due(price_usd, terms)
    plan = Line(Item.PLAN, listed, 1, price_usd)
    return [plan, Line(Item.PLAN_DISCOUNT, owed - listed)] if owed != listed else [plan]


def _image_lines(currency: Currency, usage: Usage) -> list[Line]:
    """The lines add up to what the calls were charged."""
    charged = usage.charges.get(currency, Decimal(0))
    images_at = {price: images for (of, price), images in sorted(usage.images_at.items()) if of is currency}
    if currency is not Currency.USD:
        # Each call was converted at the rate of its time, so there is no list price in this currency.
        (price,) = images_at if len(images_at) == 1 else (None,)
        # Calls that were settled before images were counted by price have left only their charges.
        return [Line(Item.IMAGES, charged, sum(images_at.values()), price)] if images_at or charged else []
    listed = [
        Line(Item.IMAGES, amount_due(price * images, Terms()), images, price) for price, images in images_at.items()
    ]
    discount = charged - sum((line.amount for line in listed), Decimal(0))
    return [*listed, Line(Item.IMAGES_DISCOUNT, discount)] if discount else listed
