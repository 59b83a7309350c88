"""Customers and keys, in the ledger and in API Gateway at once; and what becomes of a command that is cut off."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.helpers.operators import World

from modest.accounts.errors import InvalidName, NotFound, Taken
from modest.api_keys import hash_of, is_well_formed
from modest.refusals import UnknownKey
from modest_cli.gateway_keys import GatewayKeys
from modest_cli.key_status import KeyState
from modest_cli.keyring import HASH_SHOWN, AmbiguousKey, Keyring

DAY = timedelta(hours=24)


@pytest.fixture
def world() -> Iterator[World]:
    with World.open() as world:
        yield world


def test_a_new_key_is_well_formed_and_stored_as_its_hash_alone(world: World) -> None:
    issued = world.keyring.create("acme", "Free")
    assert is_well_formed(issued.secret)
    assert world.at_gateway() == {hash_of(issued.secret): (True, "Free")}
    assert [held.state for held in issued.owner.keys] == [KeyState.WORKS]
    assert world.used(issued.secret) == 1


def test_a_name_is_given_once(world: World) -> None:
    world.keyring.create("acme", "Free")
    with pytest.raises(Taken, match="acme already"):
        world.keyring.create("ACME", "Pro")
    assert len(world.at_gateway()) == 1


def test_rotating_keeps_account_plan_and_count(world: World) -> None:
    old = world.keyring.create("acme", "Pro")
    assert [world.used(old.secret) for _ in range(2)] == [1, 2]
    new = world.keyring.rotate("acme", old_works_for=DAY)
    assert new.owner.account == old.owner.account
    assert world.used(new.secret) == 3
    assert world.at_gateway()[hash_of(new.secret)] == (True, "Pro")


def test_a_replaced_key_works_on_for_its_hours_and_then_goes(world: World) -> None:
    old = world.keyring.create("acme", "Pro")
    world.clock.advance(minutes=1)
    replaced = world.keyring.rotate("acme", old_works_for=DAY).owner
    assert [held.state for held in replaced.keys] == [KeyState.REPLACED, KeyState.WORKS]
    assert world.used(old.secret) == 1
    world.clock.advance(hours=24)
    with pytest.raises(UnknownKey):
        world.used(old.secret)
    assert KeyState.EXPIRED in {held.state for held in world.keyring.get_status(replaced.account).keys}
    world.keyring.rotate("acme", old_works_for=DAY)
    assert hash_of(old.secret) not in world.at_gateway()


def test_a_leaked_key_is_gone_at_once(world: World) -> None:
    leaked = world.keyring.create("acme", "Pro")
    new = world.keyring.rotate("acme", old_works_for=timedelta(0))
    with pytest.raises(UnknownKey):
        world.used(leaked.secret)
    assert list(world.at_gateway()) == [hash_of(new.secret)]


def test_a_leaked_key_that_was_replaced_already_is_gone_at_once_too(world: World) -> None:
    leaked = world.keyring.create("acme", "Pro")
    world.clock.advance(minutes=1)
    world.keyring.rotate("acme", old_works_for=DAY)
    new = world.keyring.rotate("acme", old_works_for=timedelta(0))
    with pytest.raises(UnknownKey):
        world.used(leaked.secret)
    assert list(world.at_gateway()) == [hash_of(new.secret)]


def test_rotating_again_lets_no_replaced_key_work_longer(world: World) -> None:
    first = world.keyring.create("acme", "Pro")
    world.clock.advance(minutes=1)
    world.keyring.rotate("acme", old_works_for=DAY)
    ends = world.clock.now + DAY
    world.clock.advance(minutes=1)
    world.keyring.rotate("acme", old_works_for=2 * DAY)
    assert world.registry.key(hash_of(first.secret)).until == ends


def test_a_disabled_key_is_refused_from_the_next_call_on_and_may_be_enabled_again(world: World) -> None:
    issued = world.keyring.create("acme", "Pro")
    assert world.used(issued.secret) == 1
    assert [held.state for held in world.keyring.set_enabled("acme", enabled=False).keys] == [KeyState.DISABLED]
    with pytest.raises(UnknownKey):
        world.used(issued.secret)
    assert world.at_gateway() == {hash_of(issued.secret): (False, "Pro")}
    world.keyring.set_enabled("acme", enabled=True)
    assert world.used(issued.secret) == 2
    assert world.at_gateway() == {hash_of(issued.secret): (True, "Pro")}


def test_deleting_keeps_the_account_and_its_count_for_a_new_key(world: World) -> None:
    issued = world.keyring.create("acme", "Pro")
    world.used(issued.secret)
    assert world.keyring.delete("acme").keys == []
    assert world.at_gateway() == {}
    again = world.keyring.create("acme", "Pro")
    assert again.owner.account.id == issued.owner.account.id
    assert world.used(again.secret) == 2


def test_whoever_leaves_is_invoiced_for_that_month_and_no_other_until_there_is_a_new_key(world: World) -> None:
    account_id = world.keyring.create("acme", "Pro").owner.account.id
    world.keyring.rotate("acme", old_works_for=DAY)
    world.keyring.delete("acme")
    world.clock.advance(days=70)
    world.keyring.create("acme", "Pro")
    account = world.registry.account(account_id)
    months = ("2026-11", "2026-12", "2027-01", "2027-02")
    assert [month for month in months if account.plans_in(month)] == ["2026-11", "2027-02"]


def test_moving_takes_every_key_of_the_account_along(world: World) -> None:
    world.keyring.create("acme", "Free")
    world.keyring.rotate("acme", old_works_for=DAY)
    moved = world.keyring.move("acme", "Pro")
    assert moved.account.plan == "Pro"
    assert [plan for _, plan in world.at_gateway().values()] == ["Pro", "Pro"]


def test_a_move_cut_off_between_the_plans_shows_and_is_mended_by_running_it_again(world: World) -> None:
    issued = world.keyring.create("acme", "Free")
    world.cut_off("CreateUsagePlanKey", lambda: world.keyring.move("acme", "Pro"))
    assert world.at_gateway() == {hash_of(issued.secret): (True, None)}
    (listed,) = world.keyring.list_statuses(world.keyring.accounts())
    assert [held.state for held in listed.keys] == [KeyState.INCOMPLETE]
    mended = world.keyring.move("acme", "Pro")
    assert world.at_gateway() == {hash_of(issued.secret): (True, "Pro")}
    assert [held.state for held in mended.keys] == [KeyState.WORKS]


@pytest.mark.parametrize("operation", ["CreateApiKey", "CreateUsagePlanKey"])
def test_a_key_cut_off_in_the_making_is_replaced_by_rotating(world: World, operation: str) -> None:
    world.cut_off(operation, lambda: world.keyring.create("acme", "Free"))
    with pytest.raises(Taken, match="rotate"):
        world.keyring.create("acme", "Free")
    issued = world.keyring.rotate("acme", old_works_for=timedelta(0))
    assert world.at_gateway() == {hash_of(issued.secret): (True, "Free")}
    assert [held.state for held in issued.owner.keys] == [KeyState.WORKS]


def test_a_delete_cut_off_half_way_is_finished_by_running_it_again(world: World) -> None:
    world.keyring.create("acme", "Free")
    world.cut_off("DeleteApiKey", lambda: world.keyring.delete("acme"))
    assert len(world.at_gateway()) == 1
    world.keyring.delete("acme")
    assert world.at_gateway() == {}


def test_a_disable_cut_off_half_way_refuses_all_the_same(world: World) -> None:
    issued = world.keyring.create("acme", "Free")
    world.cut_off("UpdateApiKey", lambda: world.keyring.set_enabled("acme", enabled=False))
    with pytest.raises(UnknownKey):
        world.used(issued.secret)


def test_a_key_deleted_at_api_gateway_is_put_back(world: World) -> None:
    issued = world.keyring.create("acme", "Free")
    (key,) = world.gateway.list_all()
    world.gateway.delete(key.id)
    assert [held.state for held in world.keyring.get_status(issued.owner.account).keys] == [KeyState.INCOMPLETE]
    world.keyring.move("acme", "Free")
    assert world.at_gateway() == {hash_of(issued.secret): (True, "Free")}


def test_keys_of_another_account_or_deployment_are_left_alone(world: World) -> None:
    world.client.create_api_key(name="acme", value="f" * 64, enabled=True, tags={"modest:account": "acct_elsewhere"})
    world.keyring.create("acme", "Free")
    world.keyring.delete("acme")
    assert list(world.at_gateway()) == ["f" * 64]


def test_an_account_is_found_by_name_id_key_and_hash(world: World) -> None:
    issued = world.keyring.create("acme", "Free")
    for who in ("acme", issued.owner.account.id, issued.secret, hash_of(issued.secret)):
        account, keys = world.keyring.find(who)
        assert account == issued.owner.account
        assert [key.hash for key in keys] == [hash_of(issued.secret)]
    with pytest.raises(NotFound):
        world.keyring.find("nobody")


def test_one_key_of_two_is_named_by_its_hash(world: World) -> None:
    old = world.keyring.create("acme", "Free")
    new = world.keyring.rotate("acme", old_works_for=DAY)
    world.keyring.set_enabled(hash_of(old.secret), enabled=False)
    assert {key: enabled for key, (enabled, _) in world.at_gateway().items()} == {
        hash_of(old.secret): False,
        hash_of(new.secret): True,
    }


def test_rotating_asks_which_of_several_keys_is_meant(world: World) -> None:
    issued = world.keyring.create("acme", "Free")
    world.registry.add_key(issued.owner.account.id, "a" * 64, "second")
    with pytest.raises(AmbiguousKey):
        world.keyring.rotate("acme", old_works_for=DAY)
    world.keyring.rotate("a" * 64, old_works_for=DAY)


def test_a_key_is_named_after_its_account_or_the_accounts_id(world: World) -> None:
    account = world.keyring.create("acme", "Free").owner.account
    world.registry.add_key(account.id, "a" * 64, "ci")
    for who in ("acme/ci", f"{account.id}/ci"):
        assert [key.hash for key in world.keyring.find(who)[1]] == ["a" * 64]
    for who in (f"{account.id}/none", "acct_none/ci", "acct_none"):
        with pytest.raises(NotFound):
            world.keyring.find(who)


def test_a_key_is_named_by_what_is_shown_of_it(world: World) -> None:
    issued = world.keyring.create("acme", "Pro")
    world.keyring.create("other", "Free")
    key_hash = hash_of(issued.secret)
    for start in (key_hash[:HASH_SHOWN], key_hash[:HASH_SHOWN].upper(), key_hash[:40], key_hash):
        account, keys = world.keyring.find(start)
        assert (account.name, [key.hash for key in keys]) == ("acme", [key_hash])
    replaced = world.keyring.rotate(key_hash[:HASH_SHOWN], old_works_for=DAY)
    assert len(replaced.owner.keys) == 2
    disabled = world.keyring.set_enabled(key_hash[:HASH_SHOWN], enabled=False)
    assert {held.state for held in disabled.keys} == {KeyState.DISABLED, KeyState.WORKS}


def test_a_start_that_no_key_has_or_that_two_have_names_none(world: World) -> None:
    owner = world.keyring.create("acme", "Pro").owner.account
    for end in ("0", "1"):
        world.registry.add_key(owner.id, "ab" * 20 + end * 24, f"key {end}")
    with pytest.raises(NotFound, match="no key whose SHA-256 begins with 0000"):
        world.keyring.find("0" * 12)
    with pytest.raises(AmbiguousKey, match="2 keys begins with abab"):
        world.keyring.find("ab" * 20)
    assert len(world.keyring.find("ab" * 20 + "1")[1]) == 1


@pytest.mark.parametrize("who", ["", " ", "\n", "\udcff", "\x1b[31m", "acct_", "a" * 100_000, "mod_live_x", "0" * 63])
def test_nonsense_names_no_account(world: World, who: str) -> None:
    with pytest.raises(NotFound):
        world.keyring.find(who)


def test_an_account_needs_a_name_that_can_be_seen(world: World) -> None:
    for name in ("", "\n", "a" * 65):
        with pytest.raises(InvalidName):
            world.keyring.create(name, "Free")
    assert world.keyring.accounts() == []


def test_all_keys_of_a_deployment_leave_api_gateway_and_can_be_created_again_from_the_ledger(world: World) -> None:
    first, second = world.keyring.create("acme", "Free"), world.keyring.create("globex", "Pro")
    before = world.at_gateway()
    world.client.create_api_key(
        name="of another deployment", value="x" * 64, enabled=True, tags={"modest:account": "acct_x"}
    )
    assert world.keyring.delete_all_at_gateway() == 2
    assert list(world.at_gateway()) == ["x" * 64]
    for issued in (first, second):
        world.keyring.sync(issued.owner.account)
    assert world.at_gateway().items() > before.items()


def test_keys_of_a_deployment_with_a_copy_of_the_ledger_stay(world: World) -> None:
    """A backup that is tried in a second stack has the accounts of the first one."""
    other = world.client.create_usage_plan(name="modest-Pro")["id"]
    elsewhere = GatewayKeys(world.client, {**world.plan_ids, "Pro": other})
    theirs = Keyring(world.registry, elsewhere, now=world.clock).create("acme", "Pro")
    world.keyring.create("globex", "Pro")
    try:
        assert world.keyring.delete_all_at_gateway() == 1
        assert world.keyring.delete_all_at_gateway() == 0
        assert list(world.at_gateway()) == [hash_of(theirs.secret)]
    finally:
        world.client.delete_usage_plan(usagePlanId=other)
