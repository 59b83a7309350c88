"""Two commands for one account at once, one of which runs whole just before a request of the other to API Gateway."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from tests.helpers.operators import World

from modest.accounts.errors import ConcurrentChange, RegistryError, Taken
from modest.api_keys import hash_of
from modest_cli.key_status import KeyState
from modest_cli.keyring import Keyring

DAY = timedelta(hours=24)
EVENT = "before-call.api-gateway"
NOT_FOUND = (SimpleNamespace(status_code=404), {"Error": {"Code": "NotFoundException", "Message": "as AWS answers"}})

Command = Callable[[Keyring], Any]
COMMANDS: dict[str, Command] = {
    "rotate": lambda keyring: keyring.rotate("acme", old_works_for=DAY),
    "rotate at once": lambda keyring: keyring.rotate("acme", old_works_for=timedelta(0)),
    "move": lambda keyring: keyring.move("acme", "Pro"),
    "disable": lambda keyring: keyring.set_enabled("acme", enabled=False),
    "delete": lambda keyring: keyring.delete("acme"),
}


@pytest.fixture
def world() -> Iterator[World]:
    with World.open() as world:
        yield world


@contextmanager
def interrupted(world: World, number: int, command: Command) -> Iterator[None]:
    """Runs the command just before a request to API Gateway, if there are as many."""
    requests = count()

    def run(model: Any, params: dict[str, Any], **_: Any) -> Any:
        if next(requests) == number:
            with suppress(RegistryError):
                command(world.keyring)
        # moto raises KeyError if a key is not on the plan that it is to leave.
        if model.name == "DeleteUsagePlanKey":
            plan_id, key_id = params["url_path"].split("/")[2::2]
            return None if world.plan_ids.get(world.gateway.get_plan(key_id) or "") == plan_id else NOT_FOUND
        return None

    world.client.meta.events.register(EVENT, run)
    yield
    world.client.meta.events.unregister(EVENT, run)


def assert_agreed(world: World) -> None:
    account = world.registry.account_named("acme")
    keys = world.registry.keys(account.id)
    assert world.at_gateway() == {key.hash: (key.enabled, account.plan) for key in keys}
    assert sum(key.until is None for key in keys) <= 1
    assert KeyState.INCOMPLETE not in {held.state for held in world.keyring.get_status(account).keys}


@pytest.mark.parametrize("second", COMMANDS)
@pytest.mark.parametrize("first", COMMANDS)
def test_api_gateway_ends_up_as_the_ledger_whichever_comes_between(world: World, first: str, second: str) -> None:
    for number in range(0, 12, 3):
        world.keyring.create("acme", "Free")
        with interrupted(world, number, COMMANDS[second]), suppress(RegistryError):
            COMMANDS[first](world.keyring)
        assert_agreed(world)
        if world.at_gateway():
            world.keyring.delete("acme")


def test_of_two_accounts_of_one_name_made_at_once_one_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    create, made = world.registry.create, []

    def overtaken(name: str, plan: str) -> Any:
        account = create(name, plan)
        monkeypatch.undo()
        made.append(world.keyring.create(name, "Pro"))
        return account

    monkeypatch.setattr(world.registry, "create", overtaken)
    with pytest.raises(Taken, match="rotate"):
        world.keyring.create("acme", "Free")
    assert world.at_gateway() == {hash_of(made[0].secret): (True, "Pro")}


def test_of_two_that_rotate_one_key_at_once_one_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.keyring.create("acme", "Free")
    replace_key = world.registry.replace_key

    def overtaken(*arguments: Any, **options: Any) -> Any:
        monkeypatch.undo()
        world.keyring.rotate("acme", old_works_for=DAY)
        return replace_key(*arguments, **options)

    monkeypatch.setattr(world.registry, "replace_key", overtaken)
    with pytest.raises(ConcurrentChange):
        world.keyring.rotate("acme", old_works_for=DAY)
    assert_agreed(world)
