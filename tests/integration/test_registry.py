"""How an operator makes and changes accounts and keys, on every kind of table."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.fakes.steps import Run, pause
from tests.fakes.table import FakeTable
from tests.helpers.ledgers import PLANS, Shop, patient_retries, request_id

from modest.accounts.errors import ConcurrentChange, NoRate, NotFound, Taken
from modest.accounts.registry import Registry
from modest.api_keys import hash_of, new_key
from modest.money import Currency


@pytest.fixture
def name() -> str:
    return f"Customer {request_id()}"


def test_a_new_account_can_be_found_by_id_and_by_name(shop: Shop, name: str) -> None:
    account = shop.registry.create(name, "Tiny", discount_percent=Decimal("12.5"), referrer="a friend")
    assert shop.registry.account(account.id) == shop.registry.account_named(name.upper()) == account
    assert account in shop.registry.accounts()
    assert account.id.startswith("acct_")


def test_a_name_is_taken_once(shop: Shop, name: str) -> None:
    shop.registry.create(name, "Tiny")
    with pytest.raises(Taken):
        shop.registry.create(name.lower(), "Ten")


def test_what_does_not_exist_is_not_found(shop: Shop) -> None:
    registry = shop.registry
    account = registry.create(f"Customer {request_id()}", "Tiny")
    for look in (
        lambda: registry.account("acct_none"),
        lambda: registry.account_named("nobody"),
        lambda: registry.create(f"Customer {request_id()}", "Gold"),
        lambda: registry.change(account.id, plan="Gold"),
        lambda: registry.add_key("acct_none", hash_of(new_key()), "laptop"),
        lambda: registry.key(hash_of(new_key())),
        lambda: registry.enable_key(hash_of(new_key())),
        lambda: registry.delete_key(hash_of(new_key())),
    ):
        with pytest.raises(NotFound):
            look()


def test_a_change_of_plan_is_kept_with_its_time(shop: Shop, name: str) -> None:
    account = shop.registry.create(name, "Tiny")
    shop.clock.advance(days=1)
    shop.registry.change(account.id, plan="Ten")
    shop.registry.change(account.id, plan="Ten", referrer="a friend")
    moved = shop.registry.account(account.id)
    assert [held.plan for held in moved.plans] == ["Tiny", "Ten"]
    assert moved.plans[1].since - moved.plans[0].since == timedelta(days=1)
    assert moved.referrer == "a friend"
    assert moved.plans_in("2026-11") == moved.plans


def test_a_changed_price_applies_to_an_account_once_it_takes_its_plan_again(name: str) -> None:
    table = FakeTable()
    account = Registry(table, PLANS).create(name, "Large")
    dearer = Registry(table, PLANS | {"Large": replace(PLANS["Large"], price_usd=Decimal(100))})
    dearer.change(account.id, referrer="a friend")
    assert [held.price_usd for held in dearer.account(account.id).plans] == [94]
    dearer.change(account.id, plan="Large")
    assert [held.price_usd for held in dearer.account(account.id).plans] == [94, 100]


def test_a_discount_can_be_removed(shop: Shop, name: str) -> None:
    account = shop.registry.create(name, "Tiny", discount_percent=Decimal(10))
    assert shop.registry.change(account.id, discount_percent=Decimal(0)).discount_percent == 0
    with pytest.raises(ValueError, match="percentage"):
        shop.registry.change(account.id, discount_percent=Decimal(101))


def test_a_key_belongs_to_one_account(shop: Shop) -> None:
    first, second = (shop.registry.create(f"Customer {request_id()}", "Tiny") for _ in range(2))
    key_hash = hash_of(new_key())
    key = shop.registry.add_key(first.id, key_hash, "laptop")
    with pytest.raises(Taken):
        shop.registry.add_key(second.id, key_hash, "laptop")
    assert shop.registry.key(key_hash) == key
    assert shop.registry.keys(first.id) == [key]
    assert shop.registry.keys(second.id) == []


def test_a_replaced_key_stays_listed_until_it_is_deleted(shop: Shop, name: str) -> None:
    account = shop.registry.create(name, "Tiny")
    old, new = hash_of(new_key()), hash_of(new_key())
    shop.registry.add_key(account.id, old, "laptop")
    replaced = shop.registry.replace_key(old, new, old_works_for=timedelta(hours=2))
    assert (replaced.account_id, replaced.name, replaced.until) == (account.id, "laptop", None)
    assert shop.registry.key(old).until == shop.clock.now + timedelta(hours=2)
    shop.registry.delete_key(old)
    assert shop.registry.keys(account.id) == [replaced]


def test_deleting_the_last_key_ends_the_plan_and_the_next_key_begins_it_again(shop: Shop, name: str) -> None:
    account = shop.registry.create(name, "Tiny")
    hashes = [hash_of(new_key()) for _ in range(3)]
    shop.registry.add_key(account.id, hashes[0], "laptop")
    shop.registry.add_key(account.id, hashes[1], "server")
    shop.registry.enable_key(hashes[0], enabled=False)
    shop.registry.delete_key(hashes[1])
    assert not shop.registry.account(account.id).has_left
    shop.clock.advance(days=1)
    shop.registry.delete_key(hashes[0])
    assert shop.registry.account(account.id).plans[-1].until == shop.clock.now
    shop.clock.advance(days=60)
    with pytest.raises(NotFound, match="keys create"):
        shop.registry.change(account.id, plan="Ten")
    shop.registry.add_key(account.id, hashes[2], "laptop")
    back = shop.registry.account(account.id)
    assert [(held.plan, held.until is None) for held in back.plans] == [("Tiny", False), ("Tiny", True)]
    assert back.plans[-1].since == shop.clock.now


def test_an_account_that_lost_its_keys_before_plans_could_end_can_still_end_its_plan(shop: Shop, name: str) -> None:
    account = shop.registry.create(name, "Tiny")
    shop.registry.delete_keys(account.id, [])
    assert shop.registry.account(account.id).has_left


@pytest.mark.parametrize("steps", range(1, 6))
def test_deleting_the_last_key_while_another_is_added_leaves_no_key_without_a_plan(steps: int) -> None:
    registry = Registry(FakeTable(pause=pause), PLANS, retries=patient_retries())
    account = registry.create("Acme", "Tiny")
    registry.add_key(account.id, "a" * 64, "laptop")
    delete = Run(lambda: registry.delete_key("a" * 64))
    for _ in range(steps):
        delete.step()
    registry.add_key(account.id, "b" * 64, "server")
    while not delete.done:
        delete.step()
    assert isinstance(delete.error, ConcurrentChange | None)
    assert registry.keys(account.id)
    assert not registry.account(account.id).has_left


def test_nano_needs_a_rate() -> None:
    registry = Registry(FakeTable(), PLANS)
    account = registry.create("Acme", "Tiny")
    with pytest.raises(NoRate):
        registry.create("Other", "Tiny", currency=Currency.XNO)
    with pytest.raises(NoRate):
        registry.change(account.id, currency=Currency.XNO)
    registry.set_rate(Decimal("0.87"))
    assert registry.change(account.id, currency=Currency.XNO).currency is Currency.XNO
    rate = registry.rate()
    assert rate
    assert rate.usd == Decimal("0.87")


def test_of_two_changes_at_once_one_is_refused_and_none_is_lost() -> None:
    registry = Registry(FakeTable(pause=pause), PLANS, retries=patient_retries())
    account = registry.create("Acme", "Tiny")
    first = Run(lambda: registry.change(account.id, plan="Ten"))
    second = Run(lambda: registry.change(account.id, referrer="a friend"))
    while not (first.done and second.done):
        for run in (first, second):
            if not run.done:
                run.step()
    assert isinstance(second.error, ConcurrentChange)
    assert (registry.account(account.id).plan, registry.account(account.id).referrer) == ("Ten", "")
