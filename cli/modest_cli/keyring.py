"""Manages accounts and their keys in the ledger and in API Gateway.

The ledger is authoritative. Each change is one write to the ledger, after which API Gateway is updated to match it. If
a command is interrupted in between, the next command for the same account completes the update.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from modest.accounts.errors import ConcurrentChange, NotFound, Taken
from modest.accounts.key_limits import KeyLimits
from modest.accounts.key_records import AccountKey
from modest.accounts.names import ID_PREFIX, SEPARATOR
from modest.accounts.records import Account
from modest.accounts.registry import Registry
from modest.api_keys import hash_of, is_well_formed, new_key
from modest_cli.errors import OperatorError
from modest_cli.gateway_keys import GatewayKey, GatewayKeys, Overtaken
from modest_cli.key_status import AccountStatus, IssuedKey, KeyState, KeyStatus, find_state

HASH_SHOWN = 12
"""How much of a key's SHA-256 is shown. It is enough to name the key."""

FIRST_KEY = "main"
"""The name of the key that an account is created with."""

_HASH_LENGTH = 64
_ATTEMPTS = 8
_HASH_START = re.compile(f"[0-9a-f]{{{HASH_SHOWN},{_HASH_LENGTH}}}", re.IGNORECASE)


class AmbiguousKey(OperatorError):
    """Raised if a command does not say which of several keys it means."""


class Keyring:
    def __init__(
        self,
        registry: Registry,
        gateway: GatewayKeys,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.registry = registry
        self._gateway = gateway
        self._now = now

    def create(self, name: str, plan: str) -> IssuedKey:
        """Creates an account with its first key, or gives a new key and plan to an account that has no keys left.

        Raises NotFound, Taken.
        """
        account = self._find_account_without_keys(name) or self.registry.create(name, plan)
        secret = new_key()
        self.registry.add_key(account.id, hash_of(secret), FIRST_KEY, plan=plan, first=True)
        return IssuedKey(self.sync(self.registry.account(account.id)), secret)

    def add(self, who: str, name: str, limits: KeyLimits, expires: datetime | None) -> IssuedKey:
        """Gives an account another key. Raises NotFound, InvalidName, Taken, TooManyKeys, ConcurrentChange."""
        account, _ = self.find(who)
        secret = new_key()
        self.registry.add_key(account.id, hash_of(secret), name, limits=limits, expires=expires)
        return IssuedKey(self.sync(account), secret)

    def limit(self, who: str, change: Callable[[AccountKey], tuple[KeyLimits, datetime | None]]) -> AccountStatus:
        """Changes a key's limits and its end. Raises NotFound, AmbiguousKey, ConcurrentChange."""
        account, keys = self.find(who)
        key = _find_current_key(keys, who)
        self.registry.limit_key(key.hash, *change(key), seen=key)
        return self.get_status(account)

    def rotate(self, who: str, *, old_works_for: timedelta) -> IssuedKey:
        """Replaces a key by a new one. Raises NotFound, AmbiguousKey, Taken, KeyEnded, ConcurrentChange."""
        account, keys = self.find(who)
        secret = new_key()
        old = _find_current_key(keys, who)
        self.registry.replace_key(old.hash, hash_of(secret), old_works_for=old_works_for, seen=old)
        return IssuedKey(self.sync(account), secret)

    def set_enabled(self, who: str, *, enabled: bool) -> AccountStatus:
        """Enables or disables keys from the next call on. Raises NotFound."""
        account, keys = self.find(who)
        for key in keys:
            self.registry.enable_key(key.hash, enabled=enabled)
        return self.sync(account)

    def delete(self, who: str) -> AccountStatus:
        """Deletes keys. The account and its charges stay; its plan ends with its last key. Raises NotFound."""
        account, keys = self.find(who)
        self.registry.delete_keys(account.id, [key.hash for key in keys])
        return self.sync(account)

    def delete_all_at_gateway(self) -> int:
        """Deletes this deployment's keys from API Gateway, and returns how many there were. The ledger keeps them."""
        accounts = {account.id for account in self.accounts()}
        # A deployment with a copy of the ledger has the same accounts.
        others = self._gateway.on_plans_of_others()
        keys = [key for key in self._gateway.list_all() if key.account_id in accounts and key.id not in others]
        for key in keys:
            with suppress(Overtaken):
                self._gateway.delete(key.id)
        return len(keys)

    def move(self, who: str, plan: str) -> AccountStatus:
        """Moves an account to another plan. Its keys are refused for a moment, while on no plan. Raises NotFound."""
        account, _ = self.find(who)
        return self.sync(self.registry.change(account.id, plan=plan))

    def sync(self, account: Account, found: Iterable[GatewayKey] = ()) -> AccountStatus:
        """Makes API Gateway match what the ledger says about an account, whatever state it is in.

        Another command may change the account meanwhile, or match the two as well. Then this starts again, so that
        whichever command ends last leaves API Gateway as the ledger is.

        found: the account's keys in API Gateway. By default they are looked up by the account's name and tag.

        Raises NotFound, ConcurrentChange.
        """
        for _ in range(_ATTEMPTS):
            state = self._read(account.id)
            with suppress(Overtaken, NotFound, ConcurrentChange):
                self._apply(*state, found)
                if self._read(account.id) == state:
                    return self.get_status(state[0])
            found = ()
        raise ConcurrentChange(account.name)

    def _read(self, account_id: str) -> tuple[Account, list[AccountKey]]:
        return self.registry.account(account_id), self.registry.keys(account_id)

    def _apply(self, account: Account, keys: list[AccountKey], found: Iterable[GatewayKey]) -> None:
        """Raises Overtaken, NotFound, ConcurrentChange."""
        wanted = {key.hash: key for key in keys}
        existing = {key.hash: key for key in found or self._gateway.list_for_account(account.id, account.name)}
        for key_hash, key in wanted.items():
            if key.until is not None and key.until <= self._now():
                self.registry.delete_key(key_hash)
            else:
                at_gateway = existing.pop(key_hash, None) or self._gateway.create(account.id, account.name, key_hash)
                self._gateway.assign_plan(account.plan, at_gateway.id)
                if at_gateway.enabled != key.enabled:
                    self._gateway.set_enabled(at_gateway.id, enabled=key.enabled)
        for stray in existing.values():
            self._gateway.delete(stray.id)

    def find(self, who: str) -> tuple[Account, list[AccountKey]]:
        """Finds an account and all its keys by its name or id; or one key, by itself, by the start of its SHA-256 or as
        `account/key`.

        Raises NotFound, AmbiguousKey.
        """
        if is_well_formed(who):
            return self._find_key(hash_of(who))
        if _HASH_START.fullmatch(who):
            return self._find_key(self._find_hash(who.lower()))
        return self._find_named(who)

    def _find_named(self, who: str) -> tuple[Account, list[AccountKey]]:
        owner, separator, key_name = who.partition(SEPARATOR)
        account = self.registry.account(owner) if owner.startswith(ID_PREFIX) else self.registry.account_named(owner)
        if not separator:
            return account, self.registry.keys(account.id)
        keys = [key for key in self.registry.keys(account.id) if key.name == key_name]
        if not keys:
            raise NotFound(f"{account.name} has no key named {key_name}. `modest keys show` lists its keys.")
        return account, keys

    def _find_key(self, key_hash: str) -> tuple[Account, list[AccountKey]]:
        key = self.registry.key(key_hash)
        return self.registry.account(key.account_id), [key]

    def _find_hash(self, start: str) -> str:
        """Raises NotFound, AmbiguousKey."""
        if len(start) == _HASH_LENGTH:
            return start
        keys = (key for account in self.accounts() for key in self.registry.keys(account.id))
        match [key.hash for key in keys if key.hash.startswith(start)]:
            case [found]:
                return found
            case []:
                raise NotFound(f"There is no key whose SHA-256 begins with {start}.")
            case found:
                raise AmbiguousKey(f"The SHA-256 of {len(found)} keys begins with {start}. Give more of it.")

    def get_status(self, account: Account) -> AccountStatus:
        at_gateway = {key.hash: key for key in self._gateway.list_for_account(account.id, account.name)}
        plans = {key.id: self._gateway.get_plan(key.id) for key in at_gateway.values()}
        return self._make_status(account, at_gateway.get, lambda key: plans[key.id])

    def accounts(self) -> list[Account]:
        return self.registry.accounts()

    def list_statuses(self, accounts: list[Account]) -> Iterator[AccountStatus]:
        at_gateway = {key.hash: key for key in self._gateway.list_all()}
        plans = self._gateway.plans_by_key()
        for account in accounts:
            yield self._make_status(account, at_gateway.get, lambda key: plans.get(key.id))

    def _make_status(
        self,
        account: Account,
        at_gateway: Callable[[str], GatewayKey | None],
        plan_of: Callable[[GatewayKey], str | None],
    ) -> AccountStatus:
        def state(key: AccountKey) -> KeyState:
            gateway_key = at_gateway(key.hash)
            plan = plan_of(gateway_key) if gateway_key else None
            return find_state(key, gateway_key, right_plan=plan == account.plan, now=self._now())

        keys = sorted(self.registry.keys(account.id), key=lambda key: key.created)
        return AccountStatus(account, [KeyStatus(key, state(key)) for key in keys])

    def _find_account_without_keys(self, name: str) -> Account | None:
        try:
            account = self.registry.account_named(name)
        except NotFound:
            return None
        if self.registry.keys(account.id):
            raise Taken(f"An account named {account.name} already exists. `modest keys rotate` gives it a new key.")
        return account


def _find_current_key(keys: list[AccountKey], who: str) -> AccountKey:
    candidates = keys if len(keys) == 1 else [key for key in keys if key.until is None]
    match candidates:
        case [key]:
            return key
        case []:
            raise NotFound(f"{who} has no key. `modest keys create` gives it one.")
        case _:
            raise AmbiguousKey(
                f"{who} has {len(candidates)} keys. Give the name of one, as `modest keys list` shows it: "
                f"{who}/{candidates[0].name}."
            )
