"""Creates a demo account with a key for each plan. The keys stay the same across restarts."""

import json
from collections.abc import Mapping
from pathlib import Path

from modest.accounts.errors import NotFound
from modest.accounts.registry import Registry
from modest.api_keys import hash_of, is_well_formed, new_key
from modest.plans import Plans
from modest_local.private_files import write_private


def load_demo_keys(path: Path, plans: Plans) -> Mapping[str, str]:
    """Returns a key for each plan by its name in lower case. Keys missing from the file are created and added to it."""
    try:
        stored = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        stored = {}
    keys = {plan.lower(): stored.get(plan.lower(), "") for plan in plans}
    keys = {plan: key if is_well_formed(key) else new_key() for plan, key in keys.items()}
    if keys != stored:
        write_private(path, json.dumps(keys, indent=2))
    return keys


def best_key(keys: Mapping[str, str]) -> str:
    """Returns the key of the largest plan, so that examples are not throttled."""
    return list(keys.values())[-1]


def create_demo_accounts(registry: Registry, plans: Plans, keys: Mapping[str, str]) -> None:
    """Creates an account for each key that does not have one from an earlier run."""
    for plan in plans:
        name, key_hash = f"demo-{plan.lower()}", hash_of(keys[plan.lower()])
        try:
            account = registry.account_named(name)
        except NotFound:
            account = registry.create(name, plan)
        if key_hash not in {key.hash for key in registry.keys(account.id)}:
            registry.add_key(account.id, key_hash, "main", plan=plan)
