"""The four keys that `make run` prints."""

import json
import stat
from pathlib import Path

from tests.fakes.table import FakeTable

from modest.accounts.registry import Registry
from modest.api_keys import hash_of, is_well_formed
from modest.plans import plans_from_json
from modest_local.demo import create_demo_accounts, load_demo_keys

PLANS = plans_from_json(
    json.dumps({name: {"quota": 1, "rate": 1, "burst": 1, "price_usd": 0} for name in ("Free", "Basic", "Pro", "Mega")})
)


def test_they_are_one_a_plan_and_the_same_at_every_start(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.json"
    keys = load_demo_keys(path, PLANS)
    assert list(keys) == ["free", "basic", "pro", "mega"]
    assert all(map(is_well_formed, keys.values()))
    assert load_demo_keys(path, PLANS) == keys == json.loads(path.read_text())


def test_only_their_owner_may_read_them(tmp_path: Path) -> None:
    load_demo_keys(tmp_path / "keys.json", PLANS)
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


def test_a_key_that_was_damaged_in_the_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys = load_demo_keys(path, PLANS)
    path.write_text(json.dumps({**keys, "pro": "mod_live_typo"}))
    again = load_demo_keys(path, PLANS)
    assert is_well_formed(again["pro"])
    assert again["free"] == keys["free"]


def test_each_has_an_account_that_a_second_start_finds_again(tmp_path: Path) -> None:
    registry = Registry(FakeTable(), PLANS)
    keys = load_demo_keys(tmp_path / "keys.json", PLANS)
    create_demo_accounts(registry, PLANS, keys)
    first = registry.accounts()
    create_demo_accounts(registry, PLANS, keys)
    assert registry.accounts() == first
    assert {account.name: account.plan for account in first}["demo-mega"] == "Mega"
    assert registry.key(hash_of(keys["free"])).enabled
