"""Calls that race each other, request by request, and requests whose answers are lost."""

from datetime import UTC, datetime
from itertools import chain, repeat

import pytest
from tests.fakes.clock import Clock
from tests.fakes.steps import Run, pause
from tests.fakes.table import FakeTable, Fault
from tests.helpers.ledgers import LEASE, PLANS, Customer, Shop, admitted, few_retries, request_id

from modest.ledger.admission import Admission, Replay
from modest.ledger.idempotency import Answer, Repeatable
from modest.ledger.ledger import Ledger
from modest.ledger.timing import CLOCK_ERROR
from modest.ledger.usage import Usage
from modest.prices import by_the_image, covered_by_plan
from modest.refusals import IdempotencyInProgress, LedgerUnavailable, QuotaExceeded
from modest.store.retries import RetryPolicy

CALL = Repeatable("the-key", "hash of the body")
ANSWER = Answer(200, b"{}")


@pytest.fixture
def table() -> FakeTable:
    return FakeTable(pause=pause)


@pytest.fixture
def shop(table: FakeTable) -> Shop:
    return Shop(table, Clock())


def admitting(shop: Shop, customer: Customer, repeatable: Repeatable | None = None) -> Run:
    return Run(lambda: shop.ledger().admit(customer.key_hash, request_id(), repeatable))


def take_turns(*runs: Run) -> None:
    while not all(run.done for run in runs):
        for run in runs:
            if not run.done:
                run.step()


def test_of_two_calls_that_both_saw_one_call_left_only_one_gets_it(shop: Shop) -> None:
    customer = shop.customer("Tiny")
    for _ in range(2):
        shop.ledger().admit(customer.key_hash, request_id())
    first, second = admitting(shop, customer), admitting(shop, customer)
    take_turns(first, second)
    assert isinstance(first.result, Admission)
    assert isinstance(second.error, QuotaExceeded)
    assert second.error.allowance.used == 3


def test_of_calls_that_all_saw_a_month_without_calls_as_many_get_through_as_the_plan_has(shop: Shop) -> None:
    customer = shop.customer("Tiny")
    calls = [admitting(shop, customer) for _ in range(5)]
    take_turns(*calls)
    assert [type(call.error) for call in calls] == [type(None)] * 3 + [QuotaExceeded] * 2
    assert sorted(admitted(call.result).allowance.used for call in calls[:3]) == [1, 2, 3]


def test_a_call_that_is_counted_after_the_turn_of_the_month_that_it_came_in_belongs_to_the_old_one(shop: Shop) -> None:
    shop.clock.now = datetime(2026, 11, 30, 23, 59, 59, 990000, tzinfo=UTC)
    customer = shop.customer("Tiny")
    late = admitting(shop, customer)
    for _ in range(3):
        late.step()
    shop.clock.advance(seconds=1)
    admissions = [admitted(shop.ledger().admit(customer.key_hash, request_id()))]
    late.step()
    admissions.append(admitted(late.result))
    for admission in admissions:
        shop.ledger().settle(admission, "ok", by_the_image(1, admission.terms))
    audits = [shop.usage_reader.audit(customer.account_id, month) for month in ("2026-11", "2026-12")]
    assert [(audit.used, audit.entries.calls, audit.holds) for audit in audits] == [(1, 1, True)] * 2


def test_two_equal_calls_that_both_saw_no_record_are_one_call(shop: Shop) -> None:
    customer = shop.customer()
    first, second = admitting(shop, customer, CALL), admitting(shop, customer, CALL)
    take_turns(first, second)
    assert isinstance(first.result, Admission)
    assert isinstance(second.error, IdempotencyInProgress)


def test_a_call_that_finds_the_answer_only_when_it_claims_the_record_gets_it(shop: Shop) -> None:
    customer = shop.customer()
    slow = admitting(shop, customer, CALL)
    for _ in range(3):
        slow.step()
    quick = admitted(shop.ledger().admit(customer.key_hash, request_id(), CALL))
    shop.ledger().settle(quick, "ok", by_the_image(1, quick.terms), ANSWER)
    slow.step()
    assert isinstance(slow.result, Replay)


def test_a_call_refused_at_the_last_moment_gives_its_idempotency_key_back(shop: Shop) -> None:
    customer = shop.customer("Tiny")
    for _ in range(2):
        shop.ledger().admit(customer.key_hash, request_id())
    first, second = admitting(shop, customer), admitting(shop, customer, CALL)
    take_turns(first, second)
    assert isinstance(second.error, QuotaExceeded)
    shop.registry.change(customer.account_id, plan="Ten")
    admitted(shop.ledger().admit(customer.key_hash, request_id(), CALL))


def test_a_claim_that_arrives_late_does_not_take_the_kept_answer_away(shop: Shop, table: FakeTable) -> None:
    customer = shop.customer()
    table.faults = chain([Fault.NONE, Fault.NONE, Fault.LATE], repeat(Fault.NONE))
    admission = admitted(shop.ledger().admit(customer.key_hash, request_id(), CALL))
    shop.ledger().settle(admission, "ok", by_the_image(1, admission.terms), ANSWER)
    (claim,) = table.late
    with pytest.raises(Exception, match="condition"):
        claim()
    assert isinstance(shop.ledger().admit(customer.key_hash, request_id(), CALL), Replay)


def test_a_claim_that_arrives_late_does_not_hold_a_key_that_was_given_back(shop: Shop, table: FakeTable) -> None:
    customer = shop.customer()
    table.faults = chain([Fault.NONE, Fault.NONE, Fault.LATE], repeat(Fault.NONE))
    admission = admitted(shop.ledger().admit(customer.key_hash, request_id(), CALL))
    shop.ledger().settle(admission, "invalid_url", covered_by_plan(0, admission.terms))
    (claim,) = table.late
    with pytest.raises(Exception, match="condition"):
        claim()
    admitted(shop.ledger().admit(customer.key_hash, request_id(), CALL))


def test_a_retry_is_recognised_although_other_calls_were_admitted_in_between(shop: Shop, table: FakeTable) -> None:
    customer = shop.customer("Tiny")
    slow = admitting(shop, customer)
    for _ in range(3):
        slow.step()
    table.faults = chain([Fault.LOST_ANSWER], repeat(Fault.NONE))
    slow.step()
    shop.clock.advance(seconds=1)
    for _ in range(2):
        shop.ledger().admit(customer.key_hash, request_id())
    slow.step()
    assert admitted(slow.result).allowance.used == 3


def test_a_call_whose_machine_was_suspended_is_not_counted_again(shop: Shop, table: FakeTable) -> None:
    """The clock of its retries stood still, and another call has removed its mark."""
    customer = shop.customer()

    def sleep(seconds: float) -> None:
        if seconds:
            shop.clock.advance(minutes=1)
            shop.ledger().admit(customer.key_hash, request_id())

    suspended = shop.ledger(RetryPolicy(clock=lambda: 0, sleep=sleep))
    table.faults = chain([Fault.NONE, Fault.NONE, Fault.LOST_ANSWER], repeat(Fault.NONE))
    with pytest.raises(LedgerUnavailable):
        suspended.admit(customer.key_hash, request_id())
    assert shop.ledger().usage(customer.key_hash).usage.used == 2


def test_an_idempotency_key_that_is_given_back_is_free_for_a_process_whose_clock_is_behind(
    shop: Shop, table: FakeTable
) -> None:
    customer = shop.customer()
    admission = admitted(shop.ledger().admit(customer.key_hash, request_id(), CALL))
    shop.ledger().settle(admission, "invalid_url", covered_by_plan(0, admission.terms))
    behind = Ledger(table, PLANS, lease=LEASE, now=lambda: shop.clock() - 2 * CLOCK_ERROR)
    admitted(behind.admit(customer.key_hash, request_id(), CALL))


def test_usage_never_reports_more_calls_settled_than_admitted(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    reading = Run(lambda: shop.usage_reader.usage(customer.account_id, "2026-11"))
    while not reading.done:
        admission = admitted(ledger.admit(customer.key_hash, request_id()))
        ledger.settle(admission, "ok", by_the_image(1, admission.terms))
        reading.step()
    assert isinstance(reading.result, Usage)
    assert 0 < reading.result.settled <= reading.result.used


@pytest.mark.parametrize(
    ("faults", "perhaps"),
    [
        ([Fault.REFUSED], False),
        ([Fault.THROTTLED, Fault.CONFLICT, Fault.REFUSED], False),
        ([Fault.LOST_REQUEST, Fault.REFUSED], True),
        ([Fault.LOST_ANSWER, Fault.THROTTLED, Fault.REFUSED], True),
    ],
)
def test_a_settlement_that_fails_says_whether_it_may_have_been_written(
    shop: Shop, table: FakeTable, faults: list[Fault], *, perhaps: bool
) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    admission = admitted(ledger.admit(customer.key_hash, request_id()))
    table.faults = iter(faults)
    with pytest.raises(LedgerUnavailable) as failure:
        ledger.settle(admission, "ok", by_the_image(1, admission.terms))
    assert failure.value.perhaps_written is perhaps


def test_a_table_that_fails_for_good_admits_nothing(shop: Shop, table: FakeTable) -> None:
    customer = shop.customer()
    table.faults = repeat(Fault.THROTTLED)
    with pytest.raises(LedgerUnavailable) as failure:
        shop.ledger(few_retries()).admit(customer.key_hash, request_id())
    assert failure.value.detail == "throttled"
    with pytest.raises(LedgerUnavailable):
        shop.ledger(few_retries()).usage(customer.key_hash)


def test_warming_up_a_table_that_fails_waits_for_the_first_call_to_say_so(shop: Shop, table: FakeTable) -> None:
    table.faults = repeat(Fault.REFUSED)
    shop.ledger().warm_up()


@pytest.mark.parametrize(("repeatable", "writes"), [(None, 2), (CALL, 3)])
def test_a_call_takes_two_write_requests_and_three_with_an_idempotency_key(
    shop: Shop, table: FakeTable, repeatable: Repeatable | None, writes: int
) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    table.writes = 0
    admission = admitted(ledger.admit(customer.key_hash, request_id(), repeatable))
    ledger.settle(admission, "ok", by_the_image(1, admission.terms), ANSWER)
    assert table.writes == writes


def test_a_refused_call_and_a_repeated_one_take_no_write_request(shop: Shop, table: FakeTable) -> None:
    customer, ledger = shop.customer("Tiny"), shop.ledger()
    admission = admitted(ledger.admit(customer.key_hash, request_id(), CALL))
    ledger.settle(admission, "ok", by_the_image(1, admission.terms), ANSWER)
    for _ in range(2):
        ledger.admit(customer.key_hash, request_id())
    table.writes = 0
    with pytest.raises(QuotaExceeded):
        ledger.admit(customer.key_hash, request_id())
    ledger.admit(customer.key_hash, request_id(), CALL)
    assert table.writes == 0
