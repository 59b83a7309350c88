"""`modest keys` and `modest plans` at the shell, against the running local gateway."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.local_gateway import LocalGateway

from modest.api_keys import hash_of


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGateway]:
    with LocalGateway(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


def answer(gateway: LocalGateway, *arguments: str) -> Any:
    result = gateway.modest(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def status(gateway: LocalGateway, key: str) -> int:
    """400 where the key is accepted: no image is named."""
    with gateway.client(key) as client:
        return client.get("/v1/check").status_code


def used(gateway: LocalGateway, key: str) -> int:
    with gateway.client(key) as client:
        calls = client.get("/v1/usage").json()["data"]["calls"]
    assert calls["used"] + calls["remaining"] == calls["limit"]
    return int(calls["used"])


def test_the_plans_are_those_of_the_template(gateway: LocalGateway) -> None:
    plans = {plan["name"]: plan for plan in answer(gateway, "plans")}
    assert list(plans) == ["Free", "Basic", "Pro", "Mega"]
    assert (plans["Pro"]["quota"], plans["Pro"]["rate"], plans["Pro"]["price_usd"]) == (300_000, 20, "37")
    printed = gateway.modest("plans").stdout
    assert "300,000" in printed
    assert "NanoGPT's, OpenAI's and Misskey's routes costs $0.0015 more" in printed


def test_a_created_key_works_on_the_next_call_and_is_shown_once(gateway: LocalGateway) -> None:
    result = gateway.modest("keys", "create", "created", "--plan", "pro")
    key = next(word for word in result.stdout.split() if word.startswith("mod_live_"))
    assert status(gateway, key) == 400
    later = gateway.modest("keys", "show", "created").stdout + gateway.modest("keys", "list").stdout
    assert key not in later
    assert hash_of(key) in later


def test_a_disabled_key_stops_on_the_next_call_and_an_enabled_one_works_again(gateway: LocalGateway) -> None:
    key = answer(gateway, "keys", "create", "disabled", "--plan", "mega")["key"]
    assert answer(gateway, "keys", "disable", "disabled")[0]["keys"][0]["state"] == "disabled"
    assert status(gateway, key) == 401
    answer(gateway, "keys", "enable", "disabled")
    assert status(gateway, key) == 400


def test_a_rotated_key_keeps_what_was_used(gateway: LocalGateway) -> None:
    old = answer(gateway, "keys", "create", "counted", "--plan", "mega")["key"]
    assert [status(gateway, old) for _ in range(3)] == [400] * 3
    new = answer(gateway, "keys", "rotate", "counted")["key"]
    assert [used(gateway, key) for key in (old, new)] == [3, 3]
    assert status(gateway, new) == 400
    assert [used(gateway, key) for key in (old, new)] == [4, 4]


def test_a_rotated_key_works_at_once_and_the_old_one_for_its_hours(gateway: LocalGateway) -> None:
    old = answer(gateway, "keys", "create", "rotated", "--plan", "mega")
    new = answer(gateway, "keys", "rotate", "rotated")
    assert new["account"] == old["account"]
    assert [status(gateway, key) for key in (old["key"], new["key"])] == [400, 400]
    newest = answer(gateway, "keys", "rotate", "rotated", "--old-works-for", "0")
    assert [status(gateway, key) for key in (new["key"], newest["key"])] == [401, 400]


def test_every_command_that_takes_a_key_takes_what_is_listed_of_it(gateway: LocalGateway) -> None:
    answer(gateway, "keys", "create", "by-its-hash", "--plan", "mega")
    (row,) = (line.split() for line in gateway.modest("keys", "list").stdout.splitlines() if "by-its-hash" in line)
    key = row[3]
    assert answer(gateway, "keys", "show", key)["name"] == "by-its-hash"
    assert answer(gateway, "accounts", "show", key)["name"] == "by-its-hash"
    assert answer(gateway, "accounts", "set", key, "--discount", "5")["discount_percent"] == "5"
    assert answer(gateway, "usage", "--account", key)[0]["name"] == "by-its-hash"
    assert gateway.modest("invoice", f"{datetime.now(UTC):%Y-%m}", "--account", key).exit_code == 0
    assert answer(gateway, "keys", "disable", key)[0]["keys"][0]["state"] == "disabled"
    assert answer(gateway, "keys", "enable", key)[0]["keys"][0]["state"] == "works"
    assert answer(gateway, "keys", "move", key, "free")[0]["plan"] == "Free"
    assert len(answer(gateway, "keys", "rotate", key)["keys"]) == 2
    assert len(answer(gateway, "keys", "delete", key, "--yes")[0]["keys"]) == 1


def test_another_key_of_an_account_has_limits_of_its_own_and_they_can_be_changed(gateway: LocalGateway) -> None:
    answer(gateway, "keys", "create", "limited", "--plan", "mega")
    limits = ("--calls", "2", "--usd", "0.003", "--until", "2099-01-01")
    added = answer(gateway, "keys", "add", "limited", "--name", "ci", *limits)
    ci = {key["name"]: key for key in added["keys"]}["ci"]
    assert (ci["calls"], ci["usd"], ci["until"]) == (2, "0.003", "2099-01-01T00:00:00+00:00")
    assert [status(gateway, added["key"]) for _ in range(3)] == [400, 400, 429]
    assert "2 calls, $0.003" in gateway.modest("keys", "list").stdout
    changed = answer(gateway, "keys", "limit", "limited/ci", "--calls", "3", "--usd", "none")
    ci = {key["name"]: key for key in changed[0]["keys"]}["ci"]
    assert (ci["calls"], ci["usd"], ci["until"]) == (3, None, "2099-01-01T00:00:00+00:00")
    assert [status(gateway, added["key"]) for _ in range(2)] == [400, 429]
    rows = gateway.modest("usage", "--by-key", "--account", "limited").stdout.splitlines()
    assert rows[1].split() == ["limited", "ci", "3", "3", "0", "0"]
    assert rows[2].split() == ["limited", "main", "0", "0", "0"]
    by_name = {key["name"]: key for key in answer(gateway, "usage", "--account", "limited")[0]["keys"]}
    assert by_name["ci"]["calls"] == {"used": 3, "limit": 3}
    assert [key["name"] for key in answer(gateway, "keys", "delete", "limited/ci", "--yes")[0]["keys"]] == ["main"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--name", "a/b"), "no slash"),
        (("--name", ""), "1 to 32 visible characters"),
        (("--name", "main"), "already has a key named main"),
        (("--name", "x", "--calls", "0"), "from 1 to 1,000,000,000,000 calls"),
        (("--name", "x", "--usd", "-1"), "US dollars a month, not -1"),
        (("--name", "x", "--usd", "0.0000001"), "from 0.000001 to"),
        (("--name", "x", "--until", "2020-01-01"), "2020-01-01 has begun already"),
    ],
)
def test_limits_that_make_no_sense_are_refused_in_one_line(
    gateway: LocalGateway, options: tuple[str, ...], words: str
) -> None:
    result = gateway.modest("keys", "add", "demo-pro", *options)
    assert result.exit_code == 1
    assert words in " ".join(result.stderr.split())
    assert len(answer(gateway, "keys", "show", "demo-pro")["keys"]) == 1


@pytest.mark.parametrize(
    "options",
    [("--calls", "1.5"), ("--calls", "many"), ("--usd", "1e400"), ("--until", "tomorrow"), ("--until", "20270101"), ()],
)
def test_limits_that_cannot_be_read_are_refused_before_anything_is_asked(
    gateway: LocalGateway, options: tuple[str, ...]
) -> None:
    assert gateway.modest("keys", "limit", "demo-pro/main", *options).exit_code == 2


def test_a_moved_key_has_its_new_plans_rate(gateway: LocalGateway) -> None:
    key = answer(gateway, "keys", "create", "moved", "--plan", "free")["key"]
    assert [status(gateway, key) for _ in range(2)] == [400, 429]
    assert answer(gateway, "keys", "move", "moved", "mega")[0]["plan"] == "Mega"
    assert [status(gateway, key) for _ in range(5)] == [400] * 5


def test_a_deleted_key_is_gone_and_a_delete_asks_first(gateway: LocalGateway) -> None:
    key = answer(gateway, "keys", "create", "deleted", "--plan", "mega")["key"]
    asked = gateway.modest("keys", "delete", "deleted")
    assert (asked.exit_code, status(gateway, key)) == (1, 400)
    assert answer(gateway, "keys", "delete", "deleted", "--yes")[0]["keys"] == []
    assert status(gateway, key) == 401


def test_the_list_has_every_account_with_its_plan_and_state(gateway: LocalGateway) -> None:
    answer(gateway, "keys", "create", "listed", "--plan", "basic")
    listed = {entry["name"]: entry for entry in answer(gateway, "keys", "list")}
    assert {"listed", "demo-free", "demo-mega"} <= listed.keys()
    assert (listed["listed"]["plan"], listed["listed"]["keys"][0]["state"]) == ("Basic", "works")
    table = gateway.modest("keys", "list").stdout.splitlines()
    assert table[0].split() == ["account", "plan", "name", "key", "state", "limits", "a", "month", "created", "id"]
    assert any(line.split()[:2] == ["listed", "Basic"] for line in table)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["keys", "create", "demo-free", "--plan", "pro"], "An account named demo-free already exists"),
        (["keys", "create", "x", "--plan", "gold"], "The plans are Free, Basic, Pro, Mega"),
        (["keys", "create", "", "--plan", "pro"], "1 to 64 visible characters"),
        (["keys", "create", "a\nb", "--plan", "pro"], "'a\\\\nb' is not such a name"),
        (["keys", "create", "a" * 65, "--plan", "pro"], "1 to 64 visible characters"),
        (["keys", "create", "0123456789ab", "--plan", "pro"], "looks like a key"),
        (["keys", "show", ""], "no account named ''"),
        (["keys", "show", "nobody"], "no account named nobody"),
        (["keys", "disable", "f" * 12], "no key whose SHA-256 begins with ffffffffffff"),
        (["keys", "disable", "f" * 64], "no such key"),
        (["plans", "--stack", "other"], "no stack other in us-east-1"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(gateway: LocalGateway, arguments: list[str], words: str) -> None:
    result = gateway.modest(*arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_without_credentials_it_says_how_to_get_some(tmp_path: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    result = subprocess.run(
        [Path(sys.executable).with_name("modest"), "plans"],
        env={**bare, "HOME": str(tmp_path), "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert "No AWS credentials" in result.stderr
