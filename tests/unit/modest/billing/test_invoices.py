"""What an account owes for a month."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modest.accounts.records import Account, PlanHeld
from modest.billing.invoices import Invoice, PlanNotSold, invoice_for, invoices_for
from modest.ledger.usage import Usage
from modest.money import SMALLEST, Currency, Rate, format_amount
from modest.plans import Plan

PLANS = {
    name: Plan(name, quota=10, rate=1, burst=1, price_usd=Decimal(price))
    for name, price in {"Free": 0, "Basic": 14, "Mega": 94}.items()
}
RATE = Rate(Decimal("0.87"), date(2026, 11, 20))
DECEMBER = datetime(2026, 12, 1, 2, tzinfo=UTC)


def on(plan: str, *since: int) -> PlanHeld:
    return PlanHeld(plan, datetime(*since, tzinfo=UTC))  # type: ignore[arg-type,misc]


def usage(
    *plans: PlanHeld,
    currency: Currency = Currency.USD,
    discount: str = "0",
    charges: Mapping[Currency, str] | None = None,
    charged_at: Mapping[str, int] | None = None,
    month: str = "2026-11",
) -> Usage:
    """charged_at: how many images were charged at each list price, in each currency. By default two, at 0.0015 USD."""
    account = Account("acct_1", "Acme", plans or [on("Basic", 2026, 1, 1)], currency, Decimal(discount))
    amounts = {currency: Decimal(amount) for currency, amount in (charges or {}).items()}
    return Usage(
        account,
        month,
        used=7,
        settled=6,
        unlinked=6,
        images=5,
        images_at={
            (of, Decimal(price)): images
            for of in amounts
            for price, images in ({"0.0015": 2} if charged_at is None else charged_at).items()
        },
        charges=amounts,
        by_key=[],
        calls_by_day={3: 7},
        rate=RATE,
    )


def made(found: Usage, now: datetime = DECEMBER) -> Invoice:
    invoice = invoice_for(found, PLANS, now)
    assert invoice
    return invoice


def sums(invoice: Invoice) -> list[tuple[str, str, str, str]]:
    return [
        (
            bill.currency,
            format_amount(bill.plan_fee, bill.currency),
            format_amount(bill.image_charges, bill.currency),
            str(bill.due),
        )
        for bill in invoice.bills
    ]


def lines(invoice: Invoice, bill: int = 0) -> list[tuple[str, str, int | None, str]]:
    return [
        (line.item.value, f"{line.amount.normalize():f}", line.quantity, str(line.unit_price_usd or ""))
        for line in invoice.bills[bill].lines
    ]


def test_an_invoice_is_the_plans_fee_and_the_image_charges() -> None:
    invoice = made(usage(charges={Currency.USD: "0.003"}))
    assert sums(invoice) == [("USD", "14.000000", "0.003000", "14.00")]
    assert invoice.bills[0].total == Decimal("14.003")
    assert (invoice.calls, invoice.images, invoice.number) == (7, 5, "2026-11-acct_1")


def test_a_bill_shows_how_many_images_were_charged_at_what_price_less_the_discount() -> None:
    found = usage(discount="10", charges={Currency.USD: "1.3527"}, charged_at={"0.0015": 1000, "0.003": 1})
    assert lines(made(found)) == [
        ("plan", "14", 1, "14"),
        ("plan_discount", "-1.4", None, ""),
        ("images", "1.5", 1000, "0.0015"),
        ("images", "0.003", 1, "0.003"),
        ("images_discount", "-0.1503", None, ""),
    ]


def test_images_in_xno_are_shown_as_they_were_charged_since_each_call_had_its_own_rate() -> None:
    found = usage(currency=Currency.XNO, charges={Currency.XNO: "0.5"}, charged_at={"0.0015": 300})
    assert lines(made(found))[1:] == [("images", "0.5", 300, "0.0015")]
    found = usage(currency=Currency.XNO, charges={Currency.XNO: "0.5"}, charged_at={"0.0015": 300, "0.003": 1})
    assert lines(made(found))[1:] == [("images", "0.5", 301, "")]


@pytest.mark.parametrize("currency", Currency)
def test_charges_of_images_that_were_not_counted_by_price_yet_are_due_too(currency: Currency) -> None:
    bill = made(usage(charges={currency: "0.5"}, charged_at={})).bills[-1]
    assert (bill.currency, bill.image_charges) == (currency, Decimal("0.5"))


def test_images_that_were_charged_nothing_are_shown_with_the_discount_that_paid_for_them() -> None:
    free = usage(discount="100")
    invoice = made(replace(free, images_at={(Currency.USD, Decimal("0.0015")): 4}))
    assert lines(invoice)[2:] == [("images", "0.006", 4, "0.0015"), ("images_discount", "-0.006", None, "")]
    assert invoice.bills[0].due == 0


def test_an_invoice_has_the_same_number_and_date_whenever_it_is_made() -> None:
    late = made(usage(), datetime(2027, 5, 9, tzinfo=UTC))
    assert (late.number, late.date) == (made(usage()).number, date(2026, 12, 1))


def test_the_number_of_an_invoice_belongs_to_one_account_and_month() -> None:
    found = [usage(month=month) for month in ("2026-10", "2026-11")]
    found += [replace(one, account=replace(one.account, id="acct_2")) for one in found]
    assert len({made(one).number for one in found}) == 4


def test_of_two_plans_in_a_month_the_more_expensive_is_owed_in_either_order() -> None:
    up = usage(on("Free", 2026, 1, 1), on("Mega", 2026, 11, 30, 23, 59))
    assert made(up).plans == ["Free", "Mega"]
    down = usage(on("Mega", 2026, 1, 1), on("Free", 2026, 11, 1, 0, 1))
    assert [made(found).plan for found in (up, down)] == ["Mega", "Mega"]


def test_a_plan_that_was_left_as_the_month_began_is_not_owed() -> None:
    assert made(usage(on("Mega", 2026, 1, 1), on("Free", 2026, 11, 1))).plan == "Free"


def test_before_the_account_existed_there_is_no_invoice() -> None:
    assert invoice_for(usage(on("Basic", 2026, 11, 1), month="2026-10"), PLANS, DECEMBER) is None


def test_an_unused_free_plan_gives_an_invoice_for_nothing() -> None:
    invoice = made(usage(on("Free", 2026, 1, 1)))
    assert sums(invoice) == [("USD", "0.000000", "0.000000", "0.00")]


def test_the_discount_is_taken_off_the_plans_fee_and_not_again_off_the_image_charges() -> None:
    assert sums(made(usage(discount="12.5", charges={Currency.USD: "1"}))) == [
        ("USD", "12.250000", "1.000000", "13.25")
    ]


def test_the_fee_is_converted_at_the_present_rate_and_the_image_charges_are_not_converted_again() -> None:
    invoice = made(usage(currency=Currency.XNO, charges={Currency.XNO: "0.5"}))
    assert sums(invoice) == [("XNO", "16.091954023", "0.500000000", "16.591954023")]
    assert invoice.terms.rate == RATE


def test_an_account_that_changed_its_currency_owes_in_both_with_the_present_one_first() -> None:
    charges = {Currency.USD: "0.3", Currency.XNO: "0.2"}
    assert sums(made(usage(currency=Currency.XNO, charges=charges)))[1:] == [("USD", "0.000000", "0.300000", "0.30")]
    assert [row[0] for row in sums(made(usage(charges=charges)))] == ["USD", "XNO"]


def test_an_invoice_is_preliminary_until_the_month_is_over() -> None:
    last_moment = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    assert made(usage(), last_moment).preliminary
    assert not made(usage(), datetime(2026, 12, 1, tzinfo=UTC)).preliminary


def test_a_plan_whose_price_is_unknown_is_named_and_its_price_is_not_guessed() -> None:
    with pytest.raises(PlanNotSold, match="Acme was on Gold in 2026-11"):
        invoice_for(usage(on("Gold", 2026, 1, 1), on("Free", 2026, 11, 5)), PLANS, DECEMBER)


def test_a_plan_is_owed_at_the_price_at_which_it_was_taken_even_if_that_changed_or_the_plan_is_no_longer_sold() -> None:
    old = replace(on("Basic", 2026, 1, 1), price_usd=Decimal("9.5"))
    invoice = made(usage(old))
    assert (invoice.plan, invoice.plan_price_usd, invoice.bills[0].due) == ("Basic", Decimal("9.5"), Decimal("9.50"))
    assert made(usage(replace(old, plan="Gold"))).bills[0].due == Decimal("9.50")


def test_of_two_prices_of_a_plan_in_a_month_the_higher_is_owed() -> None:
    old = replace(on("Basic", 2026, 1, 1), price_usd=Decimal(9))
    new = replace(on("Basic", 2026, 11, 5), price_usd=Decimal(10))
    assert [made(usage(old, new, month=month)).bills[0].plan_fee for month in ("2026-10", "2026-11")] == [9, 10]


def test_a_plan_whose_price_is_unknown_does_not_keep_other_accounts_from_their_invoices() -> None:
    usages = [usage(on("Gold", 2026, 1, 1)), usage(on("Free", 2026, 1, 1)), usage(on("Free", 2026, 12, 1))]
    invoices, not_sold = invoices_for(usages, PLANS, DECEMBER)
    assert [invoice.plan for invoice in invoices] == ["Free"]
    assert [str(error)[:19] for error in not_sold] == ["Acme was on Gold in"]


@given(
    plan=st.sampled_from(list(PLANS)),
    currency=st.sampled_from(Currency),
    discount=st.decimals(0, 100, places=2),
    booked=st.dictionaries(st.sampled_from(Currency), st.integers(1, 10**15)),
    charged_at=st.dictionaries(st.sampled_from(["0.0015", "0.002", "0.00000149"]), st.integers(1, 10**9), min_size=1),
)
def test_every_total_agrees_with_the_ledger_and_is_rounded_once(
    plan: str, currency: Currency, discount: Decimal, booked: dict[Currency, int], charged_at: dict[str, int]
) -> None:
    charges = {of: str(amount * SMALLEST[of]) for of, amount in booked.items()}
    found = usage(
        on(plan, 2026, 1, 1), currency=currency, discount=str(discount), charges=charges, charged_at=charged_at
    )
    invoice = made(found)
    assert {bill.currency: bill.image_charges for bill in invoice.bills if bill.image_charges} == {
        of: Decimal(amount) for of, amount in charges.items()
    }
    for bill in invoice.bills:
        assert abs(bill.due - bill.total) <= Decimal("0.005")
        assert bill.total == bill.plan_fee + bill.image_charges == sum(line.amount for line in bill.lines)
        assert all(line.amount == line.amount.quantize(SMALLEST[bill.currency]) for line in bill.lines)
