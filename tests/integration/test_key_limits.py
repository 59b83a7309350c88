"""Limits of keys: the ledger's contract on every kind of table, and what callers are told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.helpers.capacity import size_of
from tests.helpers.ledgers import Customer, Shop, admitted, request_id
from tests.helpers.support import data_url, png
from tests.integration.test_booking import CHECK, FIRST, IMAGE, MODERATIONS, SECOND, USAGE, Store

from modest.accounts.errors import ConcurrentChange, InvalidName, KeyEnded, Taken, TooManyKeys
from modest.accounts.key_limits import KeyLimits
from modest.accounts.key_registry import MAX_KEYS
from modest.api_keys import hash_of, new_key
from modest.ledger.ledger import ImagesNotCounted
from modest.ledger.month import month_item_key
from modest.ledger.usage import UsageByKey
from modest.money import Currency
from modest.prices import IMAGE_PRICE_USD, by_the_image
from modest.refusals import KeyLimitExceeded, QuotaExceeded, UnknownKey

DETECT = "/v1/detect-images"
PICTURES = {FIRST: png(grey=0), SECOND: png(grey=1)}
TEN_CALLS, TEN_IMAGES = KeyLimits(calls=10), KeyLimits(usd=IMAGE_PRICE_USD * 10)


def key_of(shop: Shop, customer: Customer, name: str, limits: KeyLimits, days: int | None = None) -> str:
    key_hash = hash_of(new_key())
    expires = None if days is None else shop.clock.now + timedelta(days=days)
    shop.registry.add_key(customer.account_id, key_hash, name, limits=limits, expires=expires)
    return key_hash


def use(shop: Shop, key_hash: str, images: int = 0) -> None:
    ledger = shop.ledger()
    admission = admitted(ledger.admit(key_hash, request_id(), images=images))
    ledger.settle(admission, "ok", by_the_image(images, admission.terms))


def used_by_key(shop: Shop, customer: Customer) -> dict[str, UsageByKey]:
    usage = shop.usage_reader.usage(customer.account_id, f"{shop.clock.now:%Y-%m}")
    assert usage
    return {used.name: used for used in usage.by_key}


@pytest.mark.parametrize(("limits", "images"), [(TEN_CALLS, 0), (TEN_IMAGES, 1), (KeyLimits(10, Decimal(1)), 1)])
def test_of_50_calls_at_once_a_key_gets_exactly_as_many_as_it_may_though_the_account_has_1000(
    shop: Shop, limits: KeyLimits, images: int
) -> None:
    customer = shop.customer("Large")
    key_hash = key_of(shop, customer, "ci", limits)

    def call(_number: int) -> bool:
        try:
            use(shop, key_hash, images)
        except KeyLimitExceeded:
            return False
        return True

    with ThreadPoolExecutor(50) as callers:
        assert sum(callers.map(call, range(50))) == 10
    used = used_by_key(shop, customer)
    assert (used["ci"].calls, used["ci"].images, used["their key"].calls) == (10, 10 * images, 0)
    use(shop, customer.key_hash)


def test_dollars_of_many_calls_at_once_are_never_passed_whatever_each_of_them_may_cost(shop: Shop) -> None:
    customer = shop.customer("Large")
    key_hash = key_of(shop, customer, "ci", TEN_IMAGES)

    def call(images: int) -> int:
        try:
            use(shop, key_hash, images)
        except KeyLimitExceeded:
            return 0
        return images

    with ThreadPoolExecutor(50) as callers:
        judged = sum(callers.map(call, [number % 4 for number in range(50)]))
    used = used_by_key(shop, customer)["ci"]
    assert 8 <= judged <= 10
    assert used.charges == {Currency.USD: IMAGE_PRICE_USD * judged}
    assert used.reserved_usd == IMAGE_PRICE_USD * judged


def test_dollars_that_were_reserved_are_not_given_back_if_nothing_was_judged(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    key_hash = key_of(shop, customer, "ci", TEN_IMAGES)
    admission = admitted(ledger.admit(key_hash, request_id(), images=6))
    ledger.settle(admission, "fetch_failed", by_the_image(0, admission.terms))
    with pytest.raises(KeyLimitExceeded, match=r"0\.009 of them, and this one could cost 0\.0075"):
        ledger.admit(key_hash, request_id(), images=5)
    use(shop, key_hash, images=4)
    used = used_by_key(shop, customer)["ci"]
    assert (used.reserved_usd, used.charges) == (Decimal("0.015"), {Currency.USD: Decimal("0.006")})


def test_images_must_be_counted_before_a_call_with_a_limit_of_dollars_and_only_then(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    with pytest.raises(ImagesNotCounted):
        ledger.admit(key_of(shop, customer, "ci", TEN_IMAGES), request_id(), images=None)
    ledger.admit(customer.key_hash, request_id(), images=None)
    assert ledger.usage(customer.key_hash).usage.used == 1


def test_the_images_of_a_call_that_is_refused_anyway_are_not_counted(shop: Shop) -> None:
    key_hash = key_of(shop, shop.customer(), "ci", KeyLimits(calls=1, usd=Decimal(1)))
    use(shop, key_hash)
    with pytest.raises(KeyLimitExceeded):
        shop.ledger().admit(key_hash, request_id(), images=None)


def test_changed_limits_apply_to_a_replaced_key_that_still_works(shop: Shop) -> None:
    old, new = key_of(shop, shop.customer(), "ci", KeyLimits()), hash_of(new_key())
    shop.registry.replace_key(old, new, old_works_for=timedelta(days=1))
    shop.registry.limit_key(new, KeyLimits(calls=1), None)
    use(shop, old)
    with pytest.raises(KeyLimitExceeded):
        use(shop, old)


def test_a_refusal_says_when_the_limit_resets_and_what_is_left_of_the_key(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    key_hash = key_of(shop, customer, "ci", KeyLimits(calls=2))
    left = [admitted(ledger.admit(key_hash, request_id())).allowance.remaining for _ in range(2)]
    with pytest.raises(KeyLimitExceeded, match="all 2 of its calls") as refusal:
        ledger.admit(key_hash, request_id())
    assert left == [1, 0]
    assert refusal.value.retry_after == refusal.value.allowance.reset_seconds
    assert (refusal.value.allowance.limit, refusal.value.allowance.remaining) == (2, 0)


def test_usage_tells_a_key_what_is_left_of_its_own_calls(shop: Shop) -> None:
    customer, ledger = shop.customer(), shop.ledger()
    key_hash = key_of(shop, customer, "ci", KeyLimits(calls=2))
    use(shop, key_hash)
    for asked, left in ((key_hash, (2, 1)), (customer.key_hash, (1000, 999))):
        allowance = ledger.usage(asked).allowance
        assert (allowance.limit, allowance.remaining) == left


def test_a_new_month_gives_a_key_its_limits_again(shop: Shop) -> None:
    customer = shop.customer()
    key_hash = key_of(shop, customer, "ci", KeyLimits(calls=1, usd=IMAGE_PRICE_USD))
    use(shop, key_hash, images=1)
    shop.clock.advance(days=30)
    use(shop, key_hash, images=1)
    assert used_by_key(shop, customer)["ci"].calls == 1


def test_an_accounts_quota_stops_a_key_that_has_calls_left(shop: Shop) -> None:
    customer = shop.customer("Tiny")
    key_hash = key_of(shop, customer, "ci", TEN_CALLS)
    for _ in range(3):
        use(shop, customer.key_hash)
    with pytest.raises(QuotaExceeded):
        use(shop, key_hash)


def test_a_key_that_replaces_another_has_its_limits_and_what_it_used(shop: Shop) -> None:
    customer = shop.customer()
    old, new = key_of(shop, customer, "ci", KeyLimits(calls=3)), hash_of(new_key())
    use(shop, old)
    shop.registry.replace_key(old, new, old_works_for=timedelta(days=1))
    use(shop, new)
    use(shop, old)
    for key_hash in (old, new):
        with pytest.raises(KeyLimitExceeded):
            use(shop, key_hash)
    used = used_by_key(shop, customer)["ci"]
    assert (used.calls, used.key and used.key.hash) == (3, new)


def test_a_key_that_was_replaced_is_not_replaced_again_so_that_its_name_has_one_key(shop: Shop) -> None:
    customer, hours = shop.customer(), timedelta(days=1)
    old, new, newest = key_of(shop, customer, "ci", KeyLimits()), hash_of(new_key()), hash_of(new_key())
    shop.registry.replace_key(old, new, old_works_for=hours)
    with pytest.raises(Taken, match="replaced already"):
        shop.registry.replace_key(old, newest, old_works_for=hours)
    shop.registry.delete_key(new)
    shop.registry.replace_key(old, newest, old_works_for=hours)
    current = [key.hash for key in shop.registry.keys(customer.account_id) if key.name == "ci" and key.until is None]
    assert current == [newest]


def test_a_key_that_has_ended_is_not_replaced_by_one_that_has_ended_too(shop: Shop) -> None:
    customer, hours = shop.customer(), timedelta(days=1)
    old, new = key_of(shop, customer, "ci", KeyLimits(), days=1), hash_of(new_key())
    shop.clock.advance(days=1)
    with pytest.raises(KeyEnded, match="ended on 2026-11-24"):
        shop.registry.replace_key(old, new, old_works_for=hours)
    shop.registry.limit_key(old, KeyLimits(), shop.clock.now + hours)
    shop.registry.replace_key(old, new, old_works_for=hours)
    use(shop, new)


def test_replacing_one_key_leaves_the_replaced_ones_of_other_names_their_hours(shop: Shop) -> None:
    customer = shop.customer()
    old = key_of(shop, customer, "ci", KeyLimits())
    shop.registry.replace_key(old, hash_of(new_key()), old_works_for=timedelta(days=1))
    shop.registry.replace_key(customer.key_hash, hash_of(new_key()), old_works_for=timedelta(0))
    use(shop, old)
    with pytest.raises(UnknownKey):
        use(shop, customer.key_hash)


def test_a_key_with_the_name_of_a_deleted_one_starts_from_zero_and_each_is_shown_with_its_own(shop: Shop) -> None:
    customer = shop.customer()
    first = key_of(shop, customer, "ci", KeyLimits(calls=1, usd=Decimal(1)))
    use(shop, first, images=1)
    shop.registry.delete_key(first)
    again = key_of(shop, customer, "ci", KeyLimits(calls=2))
    for _ in range(2):
        use(shop, again, images=2)
    usage = shop.usage_reader.usage(customer.account_id, "2026-11")
    assert usage
    shown = [(used.name, used.key and used.key.hash, used.calls, used.images) for used in usage.by_key]
    assert shown == [("ci", None, 1, 1), ("ci", again, 2, 4), ("their key", customer.key_hash, 0, 0)]
    assert [used.charges.get(Currency.USD) for used in usage.by_key] == [Decimal("0.0015"), Decimal("0.006"), None]
    assert [used.reserved_usd for used in usage.by_key] == [Decimal("0.0015"), 0, 0]


def test_a_month_that_is_over_keeps_its_keys_whatever_becomes_of_them(shop: Shop) -> None:
    customer = shop.customer()
    first = key_of(shop, customer, "ci", KeyLimits())
    use(shop, first, images=1)
    shop.clock.advance(days=30)
    shop.registry.delete_key(first)
    key_of(shop, customer, "ci", KeyLimits())
    key_of(shop, customer, "made later", KeyLimits())
    usage = shop.usage_reader.usage(customer.account_id, "2026-11")
    assert usage
    assert [(used.name, used.calls, used.images) for used in usage.by_key] == [("ci", 1, 1), ("their key", 0, 0)]


def test_changed_limits_apply_from_the_next_call_on_and_count_what_was_used(shop: Shop) -> None:
    customer = shop.customer()
    key_hash = key_of(shop, customer, "ci", KeyLimits())
    for _ in range(2):
        use(shop, key_hash)
    shop.registry.limit_key(key_hash, KeyLimits(calls=2), None)
    with pytest.raises(KeyLimitExceeded):
        use(shop, key_hash)
    shop.registry.limit_key(key_hash, KeyLimits(calls=3), shop.clock.now + timedelta(days=1))
    use(shop, key_hash)
    shop.clock.advance(days=1)
    with pytest.raises(UnknownKey):
        use(shop, key_hash)


def test_a_limit_of_dollars_below_what_was_taken_stops_only_calls_that_are_charged_by_the_image(shop: Shop) -> None:
    customer = shop.customer()
    key_hash = key_of(shop, customer, "ci", TEN_IMAGES)
    use(shop, key_hash, images=3)
    shop.registry.limit_key(key_hash, KeyLimits(usd=IMAGE_PRICE_USD), None)
    with pytest.raises(KeyLimitExceeded):
        use(shop, key_hash, images=1)
    use(shop, key_hash, images=0)


def test_several_keys_at_once_share_the_last_calls_of_their_account_and_none_passes_its_own_limit(shop: Shop) -> None:
    customer = shop.customer("Ten")
    keys = [key_of(shop, customer, f"key {number}", KeyLimits(calls=number)) for number in (1, 2, 3, 8)]

    def call(number: int) -> str:
        try:
            use(shop, keys[number % 4])
        except (KeyLimitExceeded, QuotaExceeded) as refusal:
            return type(refusal).__name__
        return "admitted"

    with ThreadPoolExecutor(50) as callers:
        ends = list(callers.map(call, range(48)))
    used = [used_by_key(shop, customer)[f"key {number}"].calls for number in (1, 2, 3, 8)]
    assert (ends.count("admitted"), sum(used)) == (10, 10)
    assert all(calls <= limit for calls, limit in zip(used, (1, 2, 3, 8), strict=True))
    # Who comes when the account has none left is told about the account.
    assert "QuotaExceeded" in ends
    with pytest.raises(QuotaExceeded):
        use(shop, keys[0])


def test_limits_that_somebody_else_changed_meanwhile_are_not_lost(shop: Shop) -> None:
    customer = shop.customer()
    seen = shop.registry.key(customer.key_hash)
    shop.registry.limit_key(customer.key_hash, KeyLimits(usd=Decimal(5)), None, seen=seen)
    with pytest.raises(ConcurrentChange):
        shop.registry.limit_key(customer.key_hash, KeyLimits(calls=10), None, seen=seen)
    assert shop.registry.key(customer.key_hash).limits == KeyLimits(usd=Decimal(5))


def test_a_key_that_is_disabled_while_its_limits_change_stays_disabled(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = shop.customer()
    read_keys = type(shop.registry).keys

    def disabled_after(registry: Any, account_id: str) -> Any:
        found = read_keys(registry, account_id)
        registry.enable_key(customer.key_hash, enabled=False)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(type(shop.registry), "keys", disabled_after)
        with pytest.raises(ConcurrentChange):
            shop.registry.limit_key(customer.key_hash, KeyLimits(calls=10), None)
    assert not shop.registry.key(customer.key_hash).enabled


def test_a_key_ends_at_the_moment_that_was_set(shop: Shop) -> None:
    customer = shop.customer()
    key_hash = key_of(shop, customer, "ci", KeyLimits(), days=2)
    shop.clock.advance(seconds=2 * 86400 - 1)
    use(shop, key_hash)
    shop.clock.advance(seconds=1)
    with pytest.raises(UnknownKey):
        use(shop, key_hash)


def test_an_account_has_at_most_20_keys_and_no_two_of_the_same_name(shop: Shop) -> None:
    customer = shop.customer()
    hashes = [key_of(shop, customer, f"key {number}", KeyLimits()) for number in range(1, MAX_KEYS)]
    with pytest.raises(Taken, match="already has a key named key 1"):
        key_of(shop, customer, "key 1", KeyLimits())
    with pytest.raises(TooManyKeys, match="has 20 keys"):
        key_of(shop, customer, "one more", KeyLimits())
    shop.registry.replace_key(hashes[0], hash_of(new_key()), old_works_for=timedelta(days=1))
    shop.registry.delete_key(hashes[1])
    key_of(shop, customer, "one more", KeyLimits())
    for name in ("", " ci", "a/b", "x" * 33, "\u202e"):
        with pytest.raises(InvalidName):
            key_of(shop, customer, name, KeyLimits())


def test_the_month_of_20_keys_with_all_limits_fits_into_a_write_unit(shop: Shop) -> None:
    customer = shop.customer()
    keys = [key_of(shop, customer, f"key {number}", KeyLimits(10**9, Decimal(10**6))) for number in range(19)]
    for key_hash in keys:
        use(shop, key_hash, images=10)
    (month,) = shop.read(month_item_key(customer.account_id, "2026-11"))
    assert size_of(month) <= 1024


CALLS: list[tuple[str, dict[str, Any]]] = [
    (IMAGE, {"image_urls": [FIRST]}),
    (CHECK, {"url": FIRST}),
    (MODERATIONS, {"input": [{"type": "image_url", "image_url": {"url": FIRST}}]}),
]


@pytest.mark.parametrize(("route", "fields"), CALLS)
def test_a_key_that_is_used_up_is_a_429_that_no_client_retries_in_each_dialect(
    route: str, fields: dict[str, Any]
) -> None:
    store = Store()
    store.shop.registry.limit_key(store.customer.key_hash, KeyLimits(calls=1), None)
    assert store.judge(FIRST).status_code == 200
    refused = store.client.post(route, json=fields)
    assert refused.status_code == 429
    body = refused.json()
    told = body["error"] if route == MODERATIONS else body
    assert told["code"] == "key_limit_exceeded"
    assert told["message"].startswith("This API key has used all 1 of its calls of this month.")
    assert refused.headers["x-should-retry"] == "false"
    assert refused.headers["retry-after"] == refused.headers["x-ratelimit-reset"]
    assert (refused.headers["x-ratelimit-limit"], refused.headers["x-ratelimit-remaining"]) == ("1", "0")
    assert store.client.get(USAGE).status_code == 200


@pytest.mark.parametrize("route", [IMAGE, MODERATIONS, DETECT])
def test_a_key_never_spends_more_than_its_dollars(route: str) -> None:
    store = Store(discount="10")
    store.shop.registry.limit_key(store.customer.key_hash, KeyLimits(usd=Decimal("0.00405")), None)

    def send(*urls: str) -> Any:
        if route == IMAGE:
            return store.judge(*urls)
        if route == DETECT:
            return store.client.post(DETECT, files=[("image", ("a.png", PICTURES[url], "image/png")) for url in urls])
        parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        return store.client.post(MODERATIONS, json={"input": parts})

    answers = [send(FIRST, SECOND, FIRST), send(FIRST, SECOND), send(FIRST), send(FIRST)]
    assert [answer.status_code for answer in answers] == [200, 429, 200, 429]
    assert "may spend 0.00405 US dollars a month. Calls have taken 0.0027 of them" in answers[1].text
    assert sum(entry["amount"] for entry in store.entries()) == Decimal("0.00405")
    assert store.client.post(CHECK, json={"url": FIRST}).status_code == 200
    (used,) = store.client.get(USAGE).json()["data"]["keys"]
    assert (used["usd_reserved"], used["usd_limit"]) == ("0.00405", "0.00405")


def test_a_malformed_call_of_a_key_with_a_limit_of_dollars_reserves_nothing_and_gets_its_own_error() -> None:
    store = Store()
    store.shop.registry.limit_key(store.customer.key_hash, KeyLimits(usd=Decimal("0.0015")), None)
    for content, status in ((b"{", 400), (b'{"image_urls": []}', 400), (b"x" * 6_100_000, 400)):
        answer = store.client.post(IMAGE, content=content)
        assert (answer.status_code, store.client.get(USAGE).json()["data"]["keys"][0]["usd_reserved"]) == (status, "0")
    assert store.judge(FIRST).status_code == 200


def test_a_repetition_of_a_paid_call_is_answered_though_the_keys_dollars_are_used_up() -> None:
    store = Store()
    store.shop.registry.limit_key(store.customer.key_hash, KeyLimits(usd=Decimal("0.0015")), None)
    first, again = (store.judge(FIRST, key="mine") for _ in range(2))
    assert (first.status_code, again.status_code, again.headers["idempotency-replayed"]) == (200, 200, "true")
    assert store.judge(FIRST, key="another").status_code == 429
    assert len(store.entries()) == 1


def test_one_image_that_is_sent_in_two_encodings_is_reserved_twice_and_charged_once() -> None:
    store = Store()
    store.shop.registry.limit_key(store.customer.key_hash, KeyLimits(usd=Decimal(1)), None)
    image = data_url(png(grey=1))
    answer = store.client.post(IMAGE, json={"imageDataUrls": [image, image, image.replace("base64,", "base64, ")]})
    assert answer.json()["cost"] == 0.0015
    (used,) = store.client.get(USAGE).json()["data"]["keys"]
    assert (used["usd_reserved"], used["charges"]) == ("0.003", {"USD": "0.0015"})
