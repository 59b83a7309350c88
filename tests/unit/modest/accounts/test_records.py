from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from modest.accounts.key_limits import KeyLimits
from modest.accounts.key_records import AccountKey, api_key_from_item, api_key_to_item
from modest.accounts.records import Account, PlanHeld, account_from_item, account_to_item
from modest.money import Currency
from modest.plans import Plan

ACCOUNT = Account(
    id="acct_1",
    name="Acme",
    plans=[
        PlanHeld("Free", datetime(2026, 9, 30, 23, 59, tzinfo=UTC)),
        PlanHeld("Mega", datetime(2026, 11, 5, tzinfo=UTC)),
        PlanHeld("Basic", datetime(2026, 12, 1, tzinfo=UTC)),
    ],
    currency=Currency.XNO,
    discount_percent=Decimal("12.5"),
    referrer="a friend",
    bill_to="Acme Ltd\n1 Main Street",
    policy={"policy": "strict", "class_limits": {"porn": Decimal("0.4")}},
)
BASIC = Plan("Basic", quota=1, rate=1, burst=1, price_usd=Decimal("14.5"))
KEY = AccountKey("ab12", "acct_1", "laptop", 1, enabled=True, created=datetime(2026, 9, 30, tzinfo=UTC))


def test_an_account_lists_every_plan_that_it_held_in_a_month() -> None:
    held = {
        month: {held.plan for held in ACCOUNT.plans_in(month)}
        for month in ("2026-08", "2026-09", "2026-10", "2026-11", "2026-12")
    }
    assert held == {
        "2026-08": set(),
        "2026-09": {"Free"},
        "2026-10": {"Free"},
        "2026-11": {"Free", "Mega"},
        "2026-12": {"Basic"},
    }
    assert (ACCOUNT.plan, ACCOUNT.created.month) == ("Basic", 9)


def test_an_account_that_left_has_no_plan_from_the_next_month_on_until_it_comes_back() -> None:
    left = ACCOUNT.without_plan(datetime(2026, 12, 9, tzinfo=UTC))
    assert left.has_left
    assert left.without_plan(datetime(2027, 5, 1, tzinfo=UTC)) == left
    back = left.with_plan(BASIC, datetime(2027, 2, 1, tzinfo=UTC))
    assert not back.has_left
    held = {month: [held.plan for held in back.plans_in(month)] for month in ("2026-12", "2027-01", "2027-02")}
    assert held == {"2026-12": ["Basic"], "2027-01": [], "2027-02": ["Basic"]}
    assert [back.last_plan_in(month) for month in held] == ["Basic", None, "Basic"]


def test_an_account_that_was_stored_before_addresses_and_policies_were_has_none() -> None:
    item = account_to_item(ACCOUNT)
    del item["bill_to"], item["policy"]
    assert account_from_item(item) == replace(ACCOUNT, bill_to="", policy={})


def test_an_account_survives_being_stored() -> None:
    left = ACCOUNT.without_plan(datetime(2026, 12, 9, tzinfo=UTC))
    priced = left.with_plan(BASIC, datetime(2027, 2, 1, tzinfo=UTC))
    for account in (ACCOUNT, left, priced):
        assert account_from_item(account_to_item(account)) == account


def test_an_item_from_before_plans_had_ends_and_prices_can_still_be_read() -> None:
    item = account_to_item(ACCOUNT)
    assert [held.keys() for held in item["plans"]] == [{"plan", "since"}] * 3
    assert not account_from_item(item).has_left
    assert account_from_item(item).plans[-1].price_usd is None


def test_taking_the_present_plan_again_changes_an_account_only_if_the_price_has_changed() -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    at_a_price = ACCOUNT.with_plan(BASIC, now)
    assert at_a_price.plans[-1] == PlanHeld("Basic", now, price_usd=Decimal("14.5"))
    assert at_a_price.with_plan(BASIC, now) is at_a_price
    dearer = at_a_price.with_plan(replace(BASIC, price_usd=Decimal(15)), now)
    assert [held.price_usd for held in dearer.plans[-2:]] == [Decimal("14.5"), Decimal(15)]


def test_a_key_survives_being_stored() -> None:
    limits = KeyLimits(calls=1000, usd=Decimal("4.5"))
    for key in (KEY, replace(KEY, enabled=False, until=KEY.created), replace(KEY, limits=limits, expires=KEY.created)):
        assert api_key_from_item({"pk": "account#acct_1", "sk": "key#ab12"} | api_key_to_item(key)) == key


def test_a_key_works_while_it_is_enabled_and_has_not_expired() -> None:
    later = KEY.created + timedelta(hours=1)
    assert KEY.works(later)
    assert not replace(KEY, enabled=False).works(later)
    for key in (
        replace(KEY, until=later),
        replace(KEY, expires=later),
        replace(KEY, until=later, expires=later + timedelta(days=1)),
    ):
        assert key.works(KEY.created)
        assert not key.works(later)
