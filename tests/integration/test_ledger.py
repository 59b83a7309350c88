"""The ledger's contract, on tables in memory, in SQLite, in DynamoDB Local, and on one that keeps failing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable
from tests.helpers.capacity import measured, size_of
from tests.helpers.ledgers import LEASE, Customer, Shop, admitted, patient_retries, request_id

from moderate.calls.account_policy import Rules
from moderate.verdict import CLASSES, Cuts, Policy
from modest.allowance import Allowance
from modest.api_keys import hash_of, new_key
from modest.ledger import chain
from modest.ledger.admission import Replay
from modest.ledger.entries import SEALED
from modest.ledger.idempotency import MAX_STORED_BYTES, Answer, Repeatable
from modest.ledger.month import month_item_key
from modest.ledger.seals import seal_item_key
from modest.money import Currency, Terms
from modest.prices import Charge, by_the_image, covered_by_plan
from modest.refusals import IdempotencyInProgress, IdempotencyMismatch, QuotaExceeded, UnknownKey
from modest.store.dynamodb import DynamoDBTable
from modest.store.table import Delete, Key, Put, Range

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


def test_a_month_holds_one_mark_of_each_process_and_none_of_dead_ones(shop: Shop) -> None:
    customer = shop.customer()
    for _ in range(2):
        processes = [shop.ledger() for _ in range(3)]
        for _ in range(4):
            for process in processes:
                process.admit(customer.key_hash, request_id())
            (item,) = shop.read(month_item_key(customer.account_id, "2026-11"))
            # A process whose write was repeated leaves that mark until nobody can repeat it any more.
            assert isinstance(shop.table, FakeTable) or len({*item.get("a", ()), *item.get("b", ())}) <= 3
        shop.clock.advance(minutes=1)
    assert item["used"] == 24


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
        "key_name": "their key",
        "key_number": 1,
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
    ("repeatable", "requests", "write_units"),
    [
        (None, ["BatchGetItem", "UpdateItem", "PutItem"], 2),
        # On AWS the transaction's writes count twice, and the read of a record that is not there counts, too.
        (CALL, ["BatchGetItem", "PutItem", "UpdateItem", "TransactWriteItems"], 4),
    ],
)
def test_a_call_takes_two_write_units_and_three_read_units_and_more_only_with_an_idempotency_key(
    dynamodb: DynamoDBTable, repeatable: Repeatable | None, requests: list[str], write_units: int
) -> None:
    """It judges ten images in XNO by rules with class limits, and the entry still fits into one write unit."""
    shop = Shop(dynamodb, Clock())
    shop.registry.set_rate(Decimal("0.87"))
    customer, ledger = shop.customer(currency=Currency.XNO), shop.ledger(digest_days=30)
    ledger.admit(customer.key_hash, request_id())
    digests = [sha256(bytes([number])).digest() for number in range(10)]
    cuts = Cuts(0.3, 0.6, class_limits=dict.fromkeys(CLASSES, 0.1234))
    rules = Rules(Policy.BALANCED, cuts).to_item() | {"threshold": Decimal("0.6")}
    call_id = f"{uuid4()}.{request_id()}"
    with measured(dynamodb._client) as capacity:
        admission = admitted(ledger.admit(customer.key_hash, call_id, repeatable))
        charge = by_the_image(10, admission.terms)
        ledger.settle(admission, "ok", charge, ANSWER, judged_by=rules, digests=digests)
    (entry,) = shop.usage_reader.entries(customer.account_id, "2026-11")
    assert size_of(entry) <= 1024
    assert capacity.requests == requests
    assert (capacity.write_units, capacity.read_units) == (write_units, 3)


def test_the_digests_of_judged_images_can_be_read_as_long_as_their_day_s_seal_is_there(shop: Shop) -> None:
    customer, reader = shop.customer(), shop.usage_reader
    digests = [sha256(name).digest() for name in (b"one", b"another")]
    for process in (shop.ledger(digest_days=30), shop.ledger(digest_days=30), shop.ledger()):
        admission = admitted(process.admit(customer.key_hash, request_id()))
        process.settle(admission, "ok", by_the_image(2, admission.terms), digests=digests)
    entries = list(reader.entries(customer.account_id, "2026-11"))
    assert sorted(filter(None, map(reader.digests_of, entries))) == [[digest.hex() for digest in digests]] * 2
    assert not {bytes(sealed) for entry in entries for sealed in entry.get(SEALED, ())} & set(digests)
    key = seal_item_key(shop.clock.now.date())
    (seal,) = shop.read(key)
    assert datetime.fromtimestamp(int(seal["expires"]), UTC) == datetime(2026, 12, 24, tzinfo=UTC)
    patient_retries().run(lambda: shop.table.write([Delete(key)]))
    assert list(map(reader.digests_of, entries)) == [None] * 3


@pytest.fixture
def short_links(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(chain, "LINK_CALLS", 5)
    return 5


def carry_out(shop: Shop, customer: Customer, calls: int, seconds: float = 0) -> None:
    ledger = shop.ledger()
    for number in range(calls):
        admission = admitted(ledger.admit(customer.key_hash, request_id()))
        ledger.settle(admission, "ok", by_the_image(number % 3, admission.terms))
        shop.clock.advance(seconds=seconds)


@pytest.mark.usefixtures("short_links")
def test_a_chain_of_links_adds_up_the_entries_that_cannot_change_and_usage_reads_the_last_one(shop: Shop) -> None:
    customer = shop.customer()
    carry_out(shop, customer, 12, seconds=7)
    shop.clock.advance(minutes=2)
    carry_out(shop, customer, 9)
    audit = shop.usage_reader.audit(customer.account_id, "2026-11")
    usage = shop.usage_reader.usage(customer.account_id, "2026-11")
    assert usage
    assert audit.holds
    assert audit.entries == audit.counted
    assert (audit.used, audit.entries.calls, usage.settled, usage.images) == (21, 21, 21, 21)
    assert usage.charges == {Currency.USD: Decimal("0.0315")}
    month = Range(f"ledger#{customer.account_id}#2026-11", "sum#", "sum$")
    links = list(patient_retries().query(shop.table, month))
    assert [link["calls"] for link in links] == [5, 10]
    assert links[0]["sk"] == "sum#2026-11-01T00:00:00+00:00"
    assert links[0]["to"] < links[1]["sk"].removeprefix("sum#") < links[1]["to"]


@pytest.mark.usefixtures("short_links")
def test_a_chain_that_fell_behind_catches_up_and_two_writers_write_the_same(shop: Shop) -> None:
    customer = shop.customer()
    carry_out(shop, customer, 4)
    shop.registry.change(customer.account_id, plan="Large")
    for _ in range(3):
        carry_out(shop, customer, 5, seconds=1)
    shop.clock.advance(minutes=2)
    writers = [chain.ChainWriter(shop.table, patient_retries(), shop.clock) for _ in range(3)]
    together = Barrier(3)

    def extend(writer: chain.ChainWriter) -> None:
        together.wait()
        writer.extend(customer.account_id, "2026-11")

    threads = [Thread(target=extend, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writers[0].extend(customer.account_id, "2026-11")
    link = chain.last_link(shop.table, patient_retries(), customer.account_id, "2026-11")
    assert link
    assert link.totals.calls >= 15
    assert shop.usage_reader.audit(customer.account_id, "2026-11").holds


@pytest.mark.usefixtures("short_links")
def test_whoever_asks_for_the_usage_extends_a_chain_that_a_burst_left_behind(shop: Shop) -> None:
    customer = shop.customer()
    carry_out(shop, customer, 23, seconds=1)
    shop.clock.advance(minutes=2)
    asked = [shop.ledger().usage(customer.key_hash).usage for _ in range(4)]
    assert [usage.settled for usage in asked] == [23] * 4
    assert [usage.unlinked for usage in asked] == [23, 13, 3, 3]
    assert shop.usage_reader.audit(customer.account_id, "2026-11").holds


@pytest.mark.usefixtures("short_links")
def test_a_call_that_outlived_the_limits_is_counted_and_the_audit_names_it(shop: Shop) -> None:
    customer = shop.customer()
    frozen = admitted(shop.ledger().admit(customer.key_hash, request_id()))
    carry_out(shop, customer, 9)
    shop.clock.advance(minutes=2)
    carry_out(shop, customer, 5)
    shop.ledger().settle(frozen, "ok", by_the_image(2, frozen.terms))
    audit = shop.usage_reader.audit(customer.account_id, "2026-11")
    usage = shop.usage_reader.usage(customer.account_id, "2026-11")
    assert usage
    assert audit.holds
    assert [entry["request"] for entry in audit.late] == [frozen.call.request_id]
    assert (usage.settled, usage.images) == (15, 9 + 4 + 2)


@pytest.mark.usefixtures("short_links")
def test_an_entry_that_the_chain_has_missed_is_found_with_its_link(shop: Shop) -> None:
    customer = shop.customer()
    carry_out(shop, customer, 9, seconds=1)
    shop.clock.advance(minutes=2)
    carry_out(shop, customer, 1)
    first, *_ = shop.usage_reader.entries(customer.account_id, "2026-11")
    missed = Key(first["pk"], f"{first['sk']}!"), {**first, "sk": f"{first['sk']}!", "images": 3, "amount": Decimal(1)}
    patient_retries().run(lambda: shop.table.write([Put(*missed)]))
    audit = shop.usage_reader.audit(customer.account_id, "2026-11")
    assert not audit.holds
    assert audit.wrong_link
    assert (audit.wrong_link.link.totals.calls, audit.wrong_link.entries.calls) == (5, 6)
    assert audit.entries.amounts[Currency.USD] - audit.counted.amounts[Currency.USD] == 1


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
    assert audit.counted.amounts == {Currency.USD: Decimal("0.015")}


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
