"""What becomes of a call, for each thing that the table may hold about it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.helpers.ledgers import PLANS

from modest.accounts.key_limits import KeyLimits
from modest.accounts.key_records import AccountKey
from modest.accounts.records import Account, PlanHeld
from modest.ledger.admission import Decision, Found, Proceed, Replay, admission_of, decide
from modest.ledger.callers import Caller
from modest.ledger.idempotency import Answer, Record, Repeatable
from modest.ledger.month import Counted
from modest.money import Terms
from modest.refusals import IdempotencyInProgress, IdempotencyMismatch, KeyLimitExceeded, NotAdmitted, QuotaExceeded
from modest.store.table import Item

NOW = datetime(2026, 11, 23, 3, 52, 4, 642000, tzinfo=UTC)
ANSWER = Answer(200, b"{}")
CALL = Record.of("acct_1", Repeatable("the-key", "hash of the body"), "this request")
OTHER = Record.of("acct_1", Repeatable("the-key", "hash of the body"), "another request")
DIFFERENT = Record.of("acct_1", Repeatable("the-key", "hash of another body"), "another request")
LEASE = timedelta(seconds=30)

KEY = AccountKey("ab12", "acct_1", "laptop", 1, enabled=True, created=NOW)
CALLER = Caller(Account("acct_1", "Acme", [PlanHeld("Tiny", NOW)]), KEY, PLANS["Tiny"], Terms(), {})
FRESH = Found("this request", "ab12", NOW, CALLER, month_item={}, record=CALL, record_item=None)
USED_UP: Item = {"used": 3}


def in_progress(record: Record, since: datetime = NOW) -> Item:
    return record.claim(since, LEASE).item


def answered(record: Record, at: datetime = NOW) -> Item:
    return record.keep(ANSWER, at).item


@pytest.mark.parametrize("month_item", [{}, USED_UP])
@pytest.mark.parametrize(
    ("record_item", "kind"),
    [
        (answered(OTHER), Replay),
        (in_progress(OTHER), IdempotencyInProgress),
        (in_progress(DIFFERENT), IdempotencyMismatch),
    ],
)
def test_another_call_with_the_idempotency_key_decides_whether_or_not_the_month_is_used_up(
    month_item: Item, record_item: Item, kind: type[Decision]
) -> None:
    decision = decide(replace(FRESH, month_item=month_item, record_item=record_item))
    assert isinstance(decision, kind)
    assert isinstance(decision, Replay | NotAdmitted)
    assert decision.allowance.used == month_item.get("used", 0)


@pytest.mark.parametrize(
    "record_item",
    [
        None,
        in_progress(CALL),
        in_progress(OTHER, NOW - LEASE),
        in_progress(DIFFERENT, NOW - LEASE),
        answered(OTHER, NOW - timedelta(hours=24)),
    ],
)
def test_a_call_proceeds_if_its_idempotency_key_is_unused_its_own_or_expired(record_item: Item | None) -> None:
    assert decide(replace(FRESH, record_item=record_item)) == Proceed()


def test_a_used_up_month_refuses_a_call() -> None:
    for record in (CALL, None):
        decision = decide(replace(FRESH, month_item=USED_UP, record=record))
        assert isinstance(decision, QuotaExceeded)
        assert decision.allowance.used == 3


def test_a_call_that_was_counted_is_admitted_at_the_moment_at_which_it_looked() -> None:
    admission = admission_of(FRESH, Counted(was_counted=True, month_item=USED_UP))
    assert (admission.call.number, admission.allowance.remaining) == (3, 0)
    assert admission.call.admitted_at == NOW.replace(microsecond=0)


def test_a_call_that_the_month_did_not_count_is_not_admitted() -> None:
    with pytest.raises(QuotaExceeded) as refusal:
        admission_of(FRESH, Counted(was_counted=False, month_item=USED_UP))
    assert refusal.value.allowance.used == 3


def of_a_key_with(limits: KeyLimits, month_item: Item, images: int = 0) -> Found:
    caller = replace(CALLER, key=replace(KEY, limits=limits))
    return replace(FRESH, caller=caller, month_item=month_item, images=images)


@pytest.mark.parametrize(
    ("limits", "month_item", "images", "refusal"),
    [
        (KeyLimits(calls=2), {"used": 2, "k1": 1}, 0, None),
        (KeyLimits(calls=2), {"used": 2, "k2": 2}, 0, None),
        (KeyLimits(calls=2), {"used": 2, "k1": 2}, 0, KeyLimitExceeded),
        (KeyLimits(calls=2), {"used": 3, "k1": 2}, 0, QuotaExceeded),
        (KeyLimits(usd=Decimal("0.003")), {}, 2, None),
        (KeyLimits(usd=Decimal("0.003")), {}, 3, KeyLimitExceeded),
        (KeyLimits(usd=Decimal("0.003")), {"used": 1, "u1": Decimal("0.0015")}, 1, None),
        (KeyLimits(usd=Decimal("0.003")), {"used": 1, "u1": Decimal("0.0015")}, 2, KeyLimitExceeded),
        (KeyLimits(usd=Decimal("0.003")), {"used": 1, "u1": Decimal("0.003")}, 0, None),
        (KeyLimits(usd=Decimal("0.003")), {"used": 1, "u1": Decimal("0.0045")}, 0, None),
    ],
)
def test_a_call_that_would_pass_a_limit_of_its_key_is_refused(
    limits: KeyLimits, month_item: Item, images: int, refusal: type[NotAdmitted] | None
) -> None:
    decision = decide(of_a_key_with(limits, month_item, images))
    assert isinstance(decision, refusal or Proceed)


def test_dollars_are_reserved_less_the_discount_of_the_account() -> None:
    found = of_a_key_with(KeyLimits(usd=Decimal("0.003")), {}, images=4)
    account = replace(found.caller.account, discount_percent=Decimal(50))
    assert decide(replace(found, caller=replace(found.caller, account=account))) == Proceed()


def test_what_is_left_is_told_of_the_key_if_that_is_less_than_of_the_month() -> None:
    cases: list[tuple[int, Item, tuple[int, int]]] = [
        (2, {"used": 1, "k1": 1}, (2, 1)),
        (3, {"used": 2, "k1": 1}, (3, 2)),
        (2, {"used": 1, "k1": 0}, (3, 1)),
    ]
    for calls, month_item, shown in cases:
        allowance = of_a_key_with(KeyLimits(calls=calls), month_item).allowance
        assert (allowance.limit, allowance.used) == shown


def test_a_call_that_the_month_did_not_count_because_of_its_key_is_told_so() -> None:
    found = of_a_key_with(KeyLimits(calls=2), {"used": 1, "k1": 1})
    with pytest.raises(KeyLimitExceeded):
        admission_of(found, Counted(was_counted=False, month_item={"used": 2, "k1": 2}))
