"""A customer's months at random, invoiced, and worked out a second time in fractions."""

from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable
from tests.helpers.ledgers import admitted, patient_retries

from modest.accounts.registry import Registry
from modest.api_keys import hash_of, new_key
from modest.billing.invoice_record import Facts, describe
from modest.billing.invoices import invoice_for
from modest.ledger.ledger import Ledger
from modest.ledger.usage import UsageReader
from modest.money import Currency
from modest.months import month_of
from modest.plans import Plan
from modest.prices import by_the_image, covered_by_plan

PRICES = {"Free": "0", "Basic": "14", "Odd": "9.99", "Mega": "94"}
PLANS = {name: Plan(name, quota=999, rate=1, burst=1, price_usd=Decimal(price)) for name, price in PRICES.items()}
PLACES = {Currency.USD: 6, Currency.XNO: 9}
PAYABLE = {Currency.USD: 2, Currency.XNO: 9}

calls = st.tuples(st.sampled_from(("by_the_image", "covered_by_plan")), st.integers(0, 10))
discounts = st.sampled_from(("0", "50", "100", "33.333333333", "0.000000001", "99.9999999"))
changes = st.one_of(
    st.tuples(st.just("days"), st.integers(1, 40)),
    st.tuples(st.just("plan"), st.sampled_from(sorted(PRICES))),
    st.tuples(st.just("discount"), discounts),
    st.tuples(st.just("rate"), st.sampled_from(("0.87", "0.001", "100000", "7.77777"))),
    st.tuples(st.just("currency"), st.sampled_from(Currency)),
)


def rounded(amount: Fraction, places: int) -> Fraction:
    """Half up."""
    return Fraction((amount * 10**places + Fraction(1, 2)).__floor__(), 10**places)


class Customer:
    """One account, and what it owes by the books of its own that it keeps."""

    def __init__(self) -> None:
        self.clock, self.table = Clock(), FakeTable()
        self.registry = Registry(self.table, PLANS, retries=patient_retries(), now=self.clock)
        self.id = self.registry.create("acme", "Free").id
        self.key_hash = hash_of(new_key())
        self.registry.add_key(self.id, self.key_hash, "their key")
        self.discount, self.currency, self.held = Fraction(0), Currency.USD, "Free"
        self.owed: dict[str, dict[Currency, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        self.images: dict[str, Counter[Currency]] = defaultdict(Counter)
        self.plans: dict[str, set[str]] = defaultdict(set)
        self.do("rate", "0.5")

    def do(self, what: str, value: Any) -> None:
        match what:
            case "days":
                self.clock.advance(days=value)
            case "plan":
                self.registry.change(self.id, plan=value)
                # The plan that is left was held in this month too.
                self.plans[month_of(self.clock())] |= {self.held, value}
                self.held = value
            case "discount":
                self.registry.change(self.id, discount_percent=Decimal(value))
                self.discount = Fraction(value)
            case "rate":
                self.registry.set_rate(Decimal(value))
                self.rate = Fraction(value)
            case "currency":
                self.registry.change(self.id, currency=value)
                self.currency = value
            case _:
                self._call(value, by_the_image=what == "by_the_image")
        self.plans[month_of(self.clock())].add(self.held)

    def price(self, usd: Fraction) -> Fraction:
        amount = usd * (100 - self.discount) / 100 / (self.rate if self.currency is Currency.XNO else 1)
        return rounded(amount, PLACES[self.currency])

    def _call(self, images: int, *, by_the_image: bool) -> None:
        ledger = Ledger(self.table, PLANS, lease=timedelta(seconds=30), retries=patient_retries(), now=self.clock)
        self.clock.advance(seconds=10)
        admission = admitted(ledger.admit(self.key_hash, f"call {self.clock()}"))
        charge = CHARGES[by_the_image](images, admission.terms)
        # A retry after a lost answer settles a call twice.
        for _ in range(2):
            ledger.settle(admission, "ok", charge)
        if by_the_image:
            month = month_of(self.clock())
            self.owed[month][self.currency] += self.price(Fraction(15, 10_000) * images)
            self.images[month][self.currency] += images

    def invoice(self, month: str) -> Facts:
        usage = UsageReader(self.table).usage(self.id, month)
        assert usage
        made = invoice_for(usage, PLANS, self.clock() + timedelta(days=40))
        assert made
        return describe([made], None)[0]


CHARGES = {True: by_the_image, False: covered_by_plan}


@settings(max_examples=60)
@given(st.lists(changes | calls | calls, max_size=25))
def test_an_invoice_adds_up_to_what_an_independent_computation_gives(history: list[tuple[str, Any]]) -> None:
    customer = Customer()
    for what, value in history:
        customer.do(what, value)
    for month, plans in customer.plans.items():
        expected = customer.owed[month]
        expected[customer.currency] += customer.price(max(Fraction(PRICES[plan]) for plan in plans))
        bills = customer.invoice(month)["bills"]
        found = {Currency(bill["currency"]): Fraction(bill["total"]) for bill in bills}
        assert found == {currency: amount for currency, amount in expected.items() if amount or currency in found}
        for bill in bills:
            currency = Currency(bill["currency"])
            assert sum(Fraction(line["amount"]) for line in bill["lines"]) == found[currency]
            assert Fraction(bill["due"]) == rounded(found[currency], PAYABLE[currency])
            counted = sum(line["quantity"] for line in bill["lines"] if line["item"] == "images")
            assert counted == customer.images[month][currency]
