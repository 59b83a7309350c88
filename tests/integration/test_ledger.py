"""The ledger's contract, on tables in memory, in SQLite, in DynamoDB Local, and on one that keeps failing."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from botocore.model import OperationModel
from tests.fakes.clock import Clock
from tests.helpers.ledgers import LEASE, Shop, admitted, request_id

from modest.allowance import Allowance
from modest.api_keys import hash_of, new_key
from modest.ledger.admission import Replay
from modest.ledger.entries import TALLIES, month_item_key
from modest.ledger.idempotency import MAX_STORED_BYTES, Answer, Repeatable
from modest.money import Currency, Terms
from modest.months import month_of
from modest.prices import Charge, by_the_image, covered_by_plan
from modest.refusals import IdempotencyInProgress, IdempotencyMismatch, QuotaExceeded, UnknownKey
from modest.store.dynamodb import DynamoDBTable

ANSWER = Answer(200, b'{"is_nsfw": true}')
CALL = Repeatable("the-key", "hash of the body")


def test_a_settled_call_shows_in_the_usage(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    admission = admitted(ledger.admit(customer.key_hash, request_id()))
    ledger.settle(admission, "ok", by_the_image(2, admission.terms))
    usage = ledger.usage(customer.key_hash).usage
    assert (usage.used, usage.settled, usage.images) == (1, 1, 2)
    assert usage.charges == {Currency.USD: Decimal("0.003")}
    assert usage.calls_by_day == {23: 1}
    assert usage.account.id == customer.account_id


def test_an_admission_says_what_is_left(shop: Shop) -> None:
    customer, ledger = shop.customer("Tiny"), shop.ledger()
    first, second = (admitted(ledger.admit(customer.key_hash, request_id())).allowance for _ in range(2))
    assert [first.remaining, second.remaining] == [2, 1]
    assert (first.limit, first.window_seconds) == (3, 30 * 86400)
    assert first.reset_seconds == 7 * 86400 + 20 * 3600 + 7 * 60 + 56


def test_a_used_up_month_refuses_every_further_call_and_still_reports_its_usage(shop: Shop) -> None:
    customer, ledger = shop.customer("Tiny"), shop.ledger()
    for _ in range(3):
        ledger.admit(customer.key_hash, request_id())
    for process in (ledger, shop.ledger()):
        with pytest.raises(QuotaExceeded) as refusal:
            process.admit(customer.key_hash, request_id())
        assert refusal.value.allowance == Allowance(3, 3, shop.clock.now)
        assert refusal.value.retry_after == refusal.value.allowance.reset_seconds
    found = ledger.usage(customer.key_hash)
    assert (found.usage.used, found.allowance.remaining, found.plan, found.quota) == (3, 0, "Tiny", 3)


def test_a_new_month_begins_at_midnight_utc_and_counts_from_zero(shop: Shop) -> None:
    customer, ledger = shop.customer("Tiny"), shop.ledger()
    shop.clock.now = shop.clock.now.replace(month=12, day=31, hour=23, minute=59, second=59)
    late = [admitted(ledger.admit(customer.key_hash, request_id())) for _ in range(3)]
    shop.clock.advance(seconds=1)
    early = admitted(ledger.admit(customer.key_hash, request_id()))
    assert early.allowance.remaining == 2
    for admission in (*late, early):
        ledger.settle(admission, "ok", by_the_image(1, admission.terms))
    december, january = (shop.usage_reader.usage(customer.account_id, month) for month in ("2026-12", "2027-01"))
    assert december
    assert january
    assert (december.used, december.images, december.calls_by_day) == (3, 3, {31: 3})
    assert (january.used, january.images, january.calls_by_day) == (1, 1, {1: 1})


def test_a_call_belongs_to_the_month_of_its_admission(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    shop.clock.now = shop.clock.now.replace(day=30, hour=23, minute=59, second=59)
    admission = admitted(ledger.admit(customer.key_hash, request_id()))
    shop.clock.advance(seconds=20)
    ledger.settle(admission, "ok", by_the_image(1, admission.terms))
    assert shop.usage_reader.audit(customer.account_id, "2026-11").entries.images == 1
    assert shop.usage_reader.audit(customer.account_id, "2026-12").entries.images == 0


def test_unknown_keys_are_refused(shop: Shop) -> None:
    with pytest.raises(UnknownKey):
        shop.ledger().admit(hash_of(new_key()), request_id())
    with pytest.raises(UnknownKey):
        shop.ledger().usage(hash_of(new_key()))


def test_a_disabled_key_stops_at_the_next_call_and_an_enabled_one_works_again(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    ledger.admit(customer.key_hash, request_id())
    shop.registry.enable_key(customer.key_hash, enabled=False)
    with pytest.raises(UnknownKey):
        ledger.admit(customer.key_hash, request_id())
    with pytest.raises(UnknownKey):
        ledger.usage(customer.key_hash)
    shop.registry.enable_key(customer.key_hash)
    assert admitted(ledger.admit(customer.key_hash, request_id())).allowance.used == 2


def test_a_deleted_key_stops_at_the_next_call(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    ledger.admit(customer.key_hash, request_id())
    shop.registry.delete_key(customer.key_hash)
    with pytest.raises(UnknownKey):
        ledger.admit(customer.key_hash, request_id())


def test_a_replaced_key_works_for_some_more_hours_and_its_successor_continues_the_count(shop: Shop) -> None:
    customer, ledger = shop.customer("Tiny"), shop.ledger()
    ledger.admit(customer.key_hash, request_id())
    new_hash = hash_of(new_key())
    shop.registry.replace_key(customer.key_hash, new_hash, old_works_for=timedelta(hours=2))
    assert admitted(ledger.admit(new_hash, request_id())).allowance.used == 2
    assert admitted(ledger.admit(customer.key_hash, request_id())).allowance.used == 3
    shop.clock.advance(hours=2)
    with pytest.raises(UnknownKey):
        ledger.admit(customer.key_hash, request_id())
    with pytest.raises(QuotaExceeded):
        ledger.admit(new_hash, request_id())


def test_a_larger_plan_takes_effect_at_the_next_call(shop: Shop) -> None:
    customer, ledger = shop.customer("Tiny"), shop.ledger()
    for _ in range(3):
        ledger.admit(customer.key_hash, request_id())
    shop.registry.change(customer.account_id, plan="Ten")
    assert admitted(ledger.admit(customer.key_hash, request_id())).allowance == Allowance(10, 4, shop.clock.now)


def test_a_request_that_comes_twice_is_counted_once_even_as_the_last_of_the_month(shop: Shop) -> None:
    customer, same = shop.customer("Tiny"), request_id()
    shop.ledger().admit(customer.key_hash, request_id())
    shop.ledger().admit(customer.key_hash, request_id())
    first = admitted(shop.ledger().admit(customer.key_hash, same))
    shop.clock.advance(seconds=1)
    again = admitted(shop.ledger().admit(customer.key_hash, same))
    assert first.allowance.used == again.allowance.used == 3
    for admission in (first, again):
        shop.ledger().settle(admission, "ok", by_the_image(2, admission.terms))
    audit = shop.usage_reader.audit(customer.account_id, "2026-11")
    assert (audit.used, audit.entries.calls, audit.entries.images) == (3, 1, 2)
    assert audit.holds


def test_the_marks_of_earlier_requests_are_removed(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    for _ in range(20):
        ledger.admit(customer.key_hash, request_id())
        shop.clock.advance(seconds=2)
    (month_item,) = shop.read(month_item_key(customer.account_id, "2026-11"))
    assert month_item["used"] == 20
    assert len([name for name in month_item if name.startswith("@")]) <= 2


@pytest.mark.parametrize(
    ("images", "discount", "amount"),
    [
        (2, "0", "0.003"),
        (10, "0", "0.015"),
        (1, "12.5", "0.001313"),
        (3, "33", "0.003015"),
        (7, "100", "0"),
    ],
)
def test_charges_are_exact_to_the_millionth_of_a_dollar(shop: Shop, images: int, discount: str, amount: str) -> None:
    customer, ledger = shop.customer(discount_percent=Decimal(discount)), shop.ledger()
    admission = admitted(ledger.admit(customer.key_hash, request_id()))
    charge = by_the_image(images, admission.terms)
    assert charge.amount == Decimal(amount)
    ledger.settle(admission, "ok", charge)
    assert ledger.usage(customer.key_hash).usage.charges.get(Currency.USD, Decimal(0)) == Decimal(amount)


def test_nano_is_charged_at_the_rate_of_the_day_and_the_entry_says_which(shop: Shop) -> None:
    shop.registry.set_rate(Decimal("0.87"))
    customer, ledger = shop.customer(currency=Currency.XNO, discount_percent=Decimal(10)), shop.ledger()
    admission = admitted(ledger.admit(customer.key_hash, request_id()))
    ledger.settle(admission, "ok", by_the_image(2, admission.terms))
    shop.registry.set_rate(Decimal("0.5"))
    shop.clock.advance(minutes=2)
    later = admitted(ledger.admit(customer.key_hash, request_id()))
    ledger.settle(later, "ok", by_the_image(1, later.terms))

    first, second = shop.usage_reader.entries(customer.account_id, "2026-11")
    assert (first["currency"], first["amount"], first["rate"]) == ("XNO", Decimal("0.003103448"), Decimal("0.87"))
    assert (second["amount"], second["rate"], second["rate_day"]) == (Decimal("0.0027"), Decimal("0.5"), "2026-11-23")
    usage = ledger.usage(customer.key_hash).usage
    assert usage.charges == {Currency.XNO: Decimal("0.005803448")}
    assert usage.rate
    assert (usage.rate.usd, usage.rate.day.isoformat()) == (Decimal("0.5"), "2026-11-23")


def test_an_entry_holds_everything_that_its_amount_follows_from(shop: Shop) -> None:
    customer, ledger = shop.customer(discount_percent=Decimal(20)), shop.ledger()
    same = request_id()
    admission = admitted(ledger.admit(customer.key_hash, same))
    ledger.settle(admission, "ok", by_the_image(3, admission.terms))
    (entry,) = shop.usage_reader.entries(customer.account_id, "2026-11")
    assert dict(entry) == {
        "pk": f"ledger#{customer.account_id}#2026-11",
        "sk": f"call#2026-11-23T03:52:04+00:00#{same}",
        "request": same,
        "key": customer.key_hash,
        "plan": "Large",
        "outcome": "ok",
        "images": 3,
        "image_price_usd": Decimal("0.0015"),
        "discount": Decimal(20),
        "currency": "USD",
        "amount": Decimal("0.0036"),
    }


def test_calls_that_the_plan_covers_count_their_images_and_cost_nothing(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    admission = admitted(ledger.admit(customer.key_hash, request_id()))
    ledger.settle(admission, "ok", covered_by_plan(1, admission.terms))
    usage = ledger.usage(customer.key_hash).usage
    assert (usage.images, usage.charges) == (1, {})


def test_a_call_that_crashed_stays_counted_and_is_never_charged(shop: Shop) -> None:
    customer = shop.customer()
    shop.ledger().admit(customer.key_hash, request_id())
    shop.clock.advance(days=1)
    usage = shop.ledger().usage(customer.key_hash).usage
    assert (usage.used, usage.settled, usage.images, usage.charges) == (1, 0, 0, {})


def test_a_repeated_call_gets_the_same_answer_and_is_counted_and_charged_once(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    admission = admitted(ledger.admit(customer.key_hash, request_id(), CALL))
    ledger.settle(admission, "ok", by_the_image(1, admission.terms), ANSWER)
    shop.clock.advance(hours=23)
    repeated = shop.ledger().admit(customer.key_hash, request_id(), CALL)
    assert isinstance(repeated, Replay)
    assert repeated.answer == ANSWER
    assert repeated.allowance.used == 1
    assert ledger.usage(customer.key_hash).usage.charges == {Currency.USD: Decimal("0.0015")}


def test_a_repeated_call_is_answered_from_a_used_up_month(shop: Shop) -> None:
    customer, ledger = shop.customer("Tiny"), shop.ledger()
    admission = admitted(ledger.admit(customer.key_hash, request_id(), CALL))
    ledger.settle(admission, "ok", by_the_image(1, admission.terms), ANSWER)
    for _ in range(2):
        ledger.admit(customer.key_hash, request_id())
    assert isinstance(ledger.admit(customer.key_hash, request_id(), CALL), Replay)


def test_after_a_day_an_idempotency_key_is_free_again_and_both_calls_stay_in_the_ledger(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    for _ in range(2):
        admission = admitted(ledger.admit(customer.key_hash, request_id(), CALL))
        ledger.settle(admission, "ok", by_the_image(1, admission.terms), ANSWER)
        shop.clock.advance(hours=24, seconds=1)
    audit = shop.usage_reader.audit(customer.account_id, "2026-11")
    assert audit.entries.calls == 2
    assert audit.holds


def test_an_idempotency_key_refuses_another_body(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    admission = admitted(ledger.admit(customer.key_hash, request_id(), CALL))
    other = Repeatable(CALL.key, "hash of another body")
    with pytest.raises(IdempotencyMismatch):
        ledger.admit(customer.key_hash, request_id(), other)
    ledger.settle(admission, "ok", by_the_image(1, admission.terms), ANSWER)
    with pytest.raises(IdempotencyMismatch):
        ledger.admit(customer.key_hash, request_id(), other)
    assert ledger.usage(customer.key_hash).usage.used == 1


def test_a_call_in_progress_refuses_its_repetition_until_its_lease_has_expired(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    crashed = admitted(ledger.admit(customer.key_hash, request_id(), CALL))
    with pytest.raises(IdempotencyInProgress):
        ledger.admit(customer.key_hash, request_id(), CALL)
    shop.clock.advance(seconds=LEASE.total_seconds() + 1)
    second = admitted(ledger.admit(customer.key_hash, request_id(), CALL))
    with pytest.raises(IdempotencyInProgress):
        ledger.settle(crashed, "ok", by_the_image(1, crashed.terms), ANSWER)
    ledger.settle(second, "ok", by_the_image(1, second.terms), ANSWER)
    usage = ledger.usage(customer.key_hash).usage
    assert (usage.used, usage.settled, usage.charges) == (2, 1, {Currency.USD: Decimal("0.0015")})


def test_a_call_without_an_answer_to_repeat_frees_its_idempotency_key(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    failed = admitted(ledger.admit(customer.key_hash, request_id(), CALL))
    ledger.settle(failed, "invalid_url", covered_by_plan(0, failed.terms))
    second = admitted(ledger.admit(customer.key_hash, request_id(), Repeatable(CALL.key, "a corrected body")))
    assert second.allowance.used == 2


def test_an_answer_too_long_for_an_item_is_charged_and_not_kept(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    admission = admitted(ledger.admit(customer.key_hash, request_id(), CALL))
    ledger.settle(admission, "ok", by_the_image(1, admission.terms), Answer(200, b"x" * (MAX_STORED_BYTES + 1)))
    admitted(ledger.admit(customer.key_hash, request_id(), CALL))
    assert ledger.usage(customer.key_hash).usage.images == 1


def test_the_longest_answer_that_is_kept_fits_into_an_item(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    longest = Answer(200, b"x" * MAX_STORED_BYTES)
    admission = admitted(ledger.admit(customer.key_hash, request_id(), CALL))
    ledger.settle(admission, "ok", by_the_image(1, admission.terms), longest)
    repeated = ledger.admit(customer.key_hash, request_id(), CALL)
    assert isinstance(repeated, Replay)
    assert repeated.answer == longest


def test_another_customers_idempotency_key_is_another_key(shop: Shop) -> None:
    ledger = shop.ledger()
    for customer in (shop.customer(), shop.customer()):
        admission = admitted(ledger.admit(customer.key_hash, request_id(), CALL))
        ledger.settle(admission, "ok", by_the_image(1, admission.terms), ANSWER)


def test_a_refused_call_does_not_hold_its_idempotency_key(shop: Shop) -> None:
    customer, ledger = shop.customer("Tiny"), shop.ledger()
    for _ in range(3):
        ledger.admit(customer.key_hash, request_id())
    with pytest.raises(QuotaExceeded):
        ledger.admit(customer.key_hash, request_id(), CALL)
    shop.registry.change(customer.account_id, plan="Ten")
    admitted(ledger.admit(customer.key_hash, request_id(), CALL))


@pytest.mark.parametrize(
    ("repeatable", "requests"),
    [
        (None, ["BatchGetItem", "UpdateItem", "TransactWriteItems"]),
        (CALL, ["BatchGetItem", "PutItem", "UpdateItem", "TransactWriteItems"]),
    ],
)
def test_a_call_makes_one_read_request_and_two_write_requests_or_three_with_an_idempotency_key(
    dynamodb: DynamoDBTable, repeatable: Repeatable | None, requests: list[str]
) -> None:
    shop = Shop(dynamodb, Clock())
    customer, ledger = shop.customer(), shop.ledger()
    ledger.admit(customer.key_hash, request_id())
    made: list[str] = []

    def note(model: OperationModel, **_: object) -> None:
        made.append(model.name)

    events = dynamodb._client.meta.events
    events.register("before-call.dynamodb", note)
    admission = admitted(ledger.admit(customer.key_hash, request_id(), repeatable))
    ledger.settle(admission, "ok", by_the_image(1, admission.terms), ANSWER)
    events.unregister("before-call.dynamodb", note)
    assert made == requests


@pytest.mark.parametrize("table", ["fake", "flaky"], indirect=True)
def test_counters_agree_with_the_entries_over_more_calls_than_there_are_tallies(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    for number in range(TALLIES + 2):
        admission = admitted(ledger.admit(customer.key_hash, request_id()))
        ledger.settle(admission, "ok", by_the_image(number % 3, admission.terms))
    audit = shop.usage_reader.audit(customer.account_id, month_of(shop.clock.now))
    assert audit.holds
    assert audit.entries.calls == audit.used == TALLIES + 2


def test_of_fifty_calls_at_once_on_ten_remaining_exactly_ten_are_admitted(shop: Shop) -> None:
    customer, ledger = shop.customer("Ten"), shop.ledger()
    outcomes: list[str] = []
    together = Barrier(50)

    def call() -> None:
        together.wait()
        try:
            admission = admitted(ledger.admit(customer.key_hash, request_id()))
            ledger.settle(admission, "ok", by_the_image(1, admission.terms))
            outcomes.append("admitted")
        except QuotaExceeded:
            outcomes.append("refused")

    threads = [Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count("admitted"), outcomes.count("refused")) == (10, 40)
    audit = shop.usage_reader.audit(customer.account_id, "2026-11")
    assert audit.holds
    assert (audit.used, audit.entries.calls) == (10, 10)
    assert audit.counters.amounts == {Currency.USD: Decimal("0.015")}


def test_of_twenty_equal_calls_at_once_with_one_idempotency_key_one_is_charged(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    together = Barrier(20)

    def call() -> None:
        together.wait()
        try:
            outcome = ledger.admit(customer.key_hash, request_id(), CALL)
            if not isinstance(outcome, Replay):
                ledger.settle(outcome, "ok", by_the_image(1, outcome.terms), ANSWER)
        except IdempotencyInProgress:
            return

    threads = [Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    audit = shop.usage_reader.audit(customer.account_id, "2026-11")
    assert audit.holds
    assert (audit.used, audit.entries.images) == (1, 1)


def test_images_are_counted_by_the_price_and_currency_at_which_they_were_charged(shop: Shop) -> None:
    shop.registry.set_rate(Decimal(2))
    customer, ledger = shop.customer(), shop.ledger()

    def settle(charged: Callable[[int, Terms], Charge], images: int) -> None:
        admission = admitted(ledger.admit(customer.key_hash, request_id()))
        ledger.settle(admission, "ok", charged(images, admission.terms))

    settle(by_the_image, 2)
    settle(by_the_image, 3)
    settle(covered_by_plan, 7)
    shop.registry.change(customer.account_id, currency=Currency.XNO, discount_percent=Decimal(100))
    settle(by_the_image, 4)
    usage = shop.usage_reader.usage(customer.account_id, "2026-11")
    assert usage
    price = Decimal("0.0015")
    assert usage.images_at == {(Currency.USD, price): 5, (Currency.XNO, price): 4}
    assert (usage.images, usage.charges) == (16, {Currency.USD: Decimal("0.0075")})
    assert shop.usage_reader.audit(customer.account_id, "2026-11").holds
