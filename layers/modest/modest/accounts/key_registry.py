"""Lets an operator give an account keys, and change and delete them. Every change is one write, made in full or not."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from modest.accounts.errors import ConcurrentChange, KeyEnded, NotFound, Taken, TooManyKeys
from modest.accounts.key_limits import NO_LIMITS, KeyLimits
from modest.accounts.key_records import AccountKey, api_key_item_key, api_key_to_item, pointer_item_key
from modest.accounts.names import check_key_name
from modest.accounts.reader import AccountReader
from modest.accounts.records import Account
from modest.plans import Plan, Plans
from modest.store.conditions import Attr
from modest.store.retries import RetryPolicy
from modest.store.table import ConditionFailed, Delete, Put, Table, Update, Write

MAX_KEYS = 20
"""Keys of an account, not counting those that were replaced. Each has counters in the item of a month."""

_NEW = Attr("pk").not_exists()
_EXISTS = Attr("pk").exists()


class KeyRegistry(AccountReader):
    """Creates and changes keys. Every method may also raise LedgerUnavailable."""

    def __init__(
        self,
        table: Table,
        plans: Plans,
        *,
        retries: RetryPolicy | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(table, retries=retries)
        self._plans = plans
        self._now = now

    def add_key(
        self,
        account_id: str,
        key_hash: str,
        name: str,
        *,
        limits: KeyLimits = NO_LIMITS,
        expires: datetime | None = None,
        plan: str | None = None,
        first: bool = False,
    ) -> AccountKey:
        """Gives an account a key and, if a plan is named, that plan from now on.

        An account that has left comes back on its last plan, unless another is named.
        first: whether to refuse if the account has a key, which somebody else may have given it just now.

        Raises InvalidName, NotFound, Taken, TooManyKeys, ConcurrentChange.
        """
        check_key_name(name)
        before = self._version(account_id)
        account, now = before.account, self._now()
        keys = self.keys(account_id)
        if first and keys:
            raise Taken(f"An account named {account.name} already exists. `modest keys rotate` gives it a new key.")
        _refuse_another(name, keys, account, key_hash)
        account = replace(account, keys_made=account.keys_made + 1)
        if plan or account.has_left:
            account = account.with_plan(self._plan(plan or account.plan), now)
        key = AccountKey(
            key_hash, account_id, name, account.keys_made, enabled=True, created=now, limits=limits, expires=expires
        )
        self._put_key(key, before.replaced_by(account), account)
        return key

    def limit_key(
        self, key_hash: str, limits: KeyLimits, expires: datetime | None, *, seen: AccountKey | None = None
    ) -> AccountKey:
        """Gives a key these limits and this end from the next call on, in place of those that it had.

        Keys that it replaced, and that still work, get the same limits.
        seen: the key as it was when the limits were chosen, if somebody else may have changed it since.

        Raises NotFound, ConcurrentChange.
        """
        key = self.key(key_hash)
        before = self._version(key.account_id)
        keys = self.keys(key.account_id)
        if seen and seen not in keys:
            raise ConcurrentChange(before.account.name)
        same = [other for other in keys if other.number == key.number]
        changed = [replace(other, limits=limits, expires=expires) for other in same]
        # A key that is disabled meanwhile, which makes no new version of its account, must not come back.
        puts = [
            Put(
                api_key_item_key(other.account_id, other.hash),
                api_key_to_item(other),
                Attr("enabled").eq(other.enabled),
            )
            for other in changed
        ]
        try:
            self._write(before.replaced_by(before.account), *puts)
        except ConditionFailed:
            # An earlier attempt of this very write may have been carried out.
            if self.key(key_hash) not in changed:
                raise ConcurrentChange(before.account.name) from None
        return self.key(key_hash)

    def replace_key(
        self, old_hash: str, new_hash: str, *, old_works_for: timedelta, seen: AccountKey | None = None
    ) -> AccountKey:
        """Gives the account a new key under the same name. The old key works for as long as stated.

        Keys of this name that were replaced earlier expire by then at the latest.
        seen: the old key as it was when it was chosen, if somebody else may have replaced it since.

        Raises NotFound, Taken, KeyEnded, ConcurrentChange.
        """
        old = self.key(old_hash)
        before = self._version(old.account_id)
        keys = self.keys(old.account_id)
        if seen and seen not in keys:
            raise ConcurrentChange(before.account.name)
        now = self._now()
        _refuse_replacing(old, keys, before.account, now)
        new = replace(old, hash=new_hash, enabled=True, created=now, until=None)
        until = now + old_works_for
        replaced = [
            Update(
                api_key_item_key(old.account_id, key.hash), set={"until": min(key.until or until, until).isoformat()}
            )
            for key in keys
            if key.hash == old_hash or (key.until and key.number == old.number)
        ]
        self._put_key(new, before.replaced_by(before.account), before.account, *replaced)
        return new

    def enable_key(self, key_hash: str, *, enabled: bool = True) -> None:
        """Enables or disables a key, from the next call on. Raises NotFound."""
        key = api_key_item_key(self.key(key_hash).account_id, key_hash)
        try:
            self._write(Update(key, set={"enabled": enabled}, condition=_EXISTS))
        except ConditionFailed:
            raise NotFound("The key has just been deleted.") from None

    def delete_key(self, key_hash: str) -> None:
        """Deletes a key for good. If it was the account's last, its plan ends. Raises NotFound, ConcurrentChange."""
        self.delete_keys(self.key(key_hash).account_id, [key_hash])

    def delete_keys(self, account_id: str, key_hashes: Collection[str]) -> None:
        """Deletes keys for good. If the account has no other key, its plan ends. Raises NotFound, ConcurrentChange."""
        before = self._version(account_id)
        others = {key.hash for key in self.keys(account_id)} - set(key_hashes)
        after = before.account if others else before.account.without_plan(self._now())
        item_keys = [
            item_key
            for key_hash in key_hashes
            for item_key in (api_key_item_key(account_id, key_hash), pointer_item_key(key_hash))
        ]
        try:
            self._write(before.replaced_by(after), *map(Delete, item_keys))
        except ConditionFailed:
            # An earlier attempt of this very write may have been carried out.
            remaining = {key.hash for key in self.keys(account_id)}
            if remaining & set(key_hashes) or not (remaining or self.account(account_id).has_left):
                raise ConcurrentChange(before.account.name) from None

    def _put_key(self, key: AccountKey, next_version: Put, account: Account, *others: Write) -> None:
        pointer_key = pointer_item_key(key.hash)
        try:
            self._write(
                Put(pointer_key, {"account": key.account_id}, _NEW),
                Put(api_key_item_key(key.account_id, key.hash), api_key_to_item(key), _NEW),
                next_version,
                *others,
            )
        except ConditionFailed as failed:
            if pointer_key not in failed.found:
                raise ConcurrentChange(account.name) from None
            if failed.found[pointer_key]["account"] != key.account_id:
                raise Taken("This key belongs to another account.") from None

    def _plan(self, name: str) -> Plan:
        if name not in self._plans:
            raise NotFound(f"There is no plan {name}. The plans are: {', '.join(self._plans)}.")
        return self._plans[name]

    def _write(self, *writes: Write) -> None:
        self._retries.run(lambda: self._table.write(writes))


def _refuse_another(name: str, keys: Collection[AccountKey], account: Account, key_hash: str) -> None:
    """Raises Taken, TooManyKeys."""
    numbers = {key.number for key in keys if key.hash != key_hash}
    if any(key.name == name for key in keys if key.hash != key_hash):
        raise Taken(f"{account.name} already has a key named {name}. Choose another name.")
    if len(numbers) >= MAX_KEYS:
        raise TooManyKeys(f"{account.name} has {MAX_KEYS} keys, which is the most. Delete one first.")


def _refuse_replacing(old: AccountKey, keys: Collection[AccountKey], account: Account, now: datetime) -> None:
    """Raises Taken, KeyEnded."""
    # A number has one key that was not replaced: names and the most keys of an account rest on that.
    if old.until and any(key.number == old.number and key.until is None for key in keys):
        raise Taken(f"This key was replaced already. Replace the key that {account.name}/{old.name} names instead.")
    if old.expires and old.expires <= now:
        raise KeyEnded(
            f"{account.name}/{old.name} ended on {old.expires:%Y-%m-%d}, and so would the new key. "
            "Give it a later end first: `modest keys limit --until`."
        )
