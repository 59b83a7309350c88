"""What an operator does with accounts and keys. Each change is one write, whole or not at all."""

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from boto3.dynamodb.conditions import Attr

from modest.accounts.records import (
    NAMES,
    RATE,
    Account,
    AccountKey,
    PlanHeld,
    account_from,
    account_item,
    account_key,
    key_from,
    key_item,
    key_key,
    name_key,
    pointer_key,
    rate_from,
    rate_item,
)
from modest.money import Currency, Rate
from modest.plans import Plan, Plans
from modest.store.retries import RetryPolicy, operator_retries
from modest.store.table import ConditionFailed, Delete, Item, Key, Put, Table, Update, Write

_NEW = Attr("pk").not_exists()
_THERE = Attr("pk").exists()


class RegistryError(Exception):
    """What was asked for cannot be done; the message says why, to an operator."""


class NotFound(RegistryError):
    """No such account, key or plan."""


class Taken(RegistryError):
    """The name or key belongs to another account."""


class ChangedMeanwhile(RegistryError):
    """Somebody else changed the same account at the same time."""


class NoRate(RegistryError):
    """XNO cannot be charged while no rate is set."""


class Registry:
    def __init__(
        self,
        table: Table,
        plans: Plans,
        *,
        retries: RetryPolicy | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = table
        self._plans = plans
        self._retries = retries or operator_retries()
        self._now = now

    def create(
        self,
        name: str,
        plan: str,
        *,
        currency: Currency = Currency.USD,
        discount_percent: Decimal = Decimal(0),
        referrer: str = "",
    ) -> Account:
        """Raises NotFound, Taken, NoRate."""
        taken = self._known(plan)
        held = [PlanHeld(taken.name, self._now(), price_usd=taken.price_usd)]
        account = Account(f"acct_{secrets.token_hex(10)}", name, held, currency, discount_percent, referrer)
        self._check_terms(account)
        try:
            self._write(
                Put(name_key(name), {"account": account.id}, _NEW),
                Put(account_key(account.id), account_item(account) | {"version": 1}, _NEW),
            )
        except ConditionFailed as failed:
            if failed.found.get(name_key(name), {}).get("account") != account.id:
                raise Taken(f"There is an account named {name} already.") from None
        return account

    def account(self, account_id: str) -> Account:
        """Raises NotFound."""
        return self._account_and_version(account_id)[0]

    def account_named(self, name: str) -> Account:
        """Raises NotFound."""
        key = name_key(name)
        found = self._read(key)
        if key not in found:
            raise NotFound(f"There is no account named {name}.")
        return self.account(found[key]["account"])

    def accounts(self) -> list[Account]:
        """All of them, by name."""
        keys = [account_key(item["account"]) for item in self._retries.query(self._table, NAMES, "")]
        found = self._read(*keys) if keys else {}
        return [account_from(found[key]) for key in keys if key in found]

    def change(
        self,
        account_id: str,
        *,
        plan: str | None = None,
        currency: Currency | None = None,
        discount_percent: Decimal | None = None,
        referrer: str | None = None,
    ) -> Account:
        """What is None stays as it is; a plan that is held already is taken anew if its price has changed.

        Raises NotFound, NoRate, ChangedMeanwhile.
        """
        account, version = self._account_and_version(account_id)
        if plan and account.has_left:
            raise NotFound(f"{account.name} has no key any more. `modest keys create` gives it one, and a plan.")
        changed = replace(
            account.taking(self._known(plan), self._now()) if plan else account,
            currency=currency or account.currency,
            discount_percent=account.discount_percent if discount_percent is None else discount_percent,
            referrer=account.referrer if referrer is None else referrer,
        )
        self._check_terms(changed)
        try:
            self._write(_next(changed, version))
        except ConditionFailed as failed:
            found = failed.found.get(account_key(account_id))
            if not found or account_from(found) != changed:
                raise _changed_meanwhile(account) from None
        return changed

    def add_key(self, account_id: str, key_hash: str, name: str, *, plan: str | None = None) -> AccountKey:
        """With the plan to be on from now on: without one, that which it holds, or held when it left.

        Raises NotFound, Taken, ChangedMeanwhile.
        """
        account, version = self._account_and_version(account_id)
        now = self._now()
        if plan or account.has_left:
            account = account.taking(self._known(plan or account.plan), now)
        key = AccountKey(key_hash, account_id, name, enabled=True, created=now)
        self._put_key(key, account, version)
        return key

    def replace_key(self, old_hash: str, new_hash: str, *, old_works_for: timedelta) -> AccountKey:
        """A new key for the same account and under the same name.

        Those that were replaced before work no longer than the old one. Raises NotFound, Taken, ChangedMeanwhile.
        """
        old = self.key(old_hash)
        account, version = self._account_and_version(old.account_id)
        now = self._now()
        new = AccountKey(new_hash, old.account_id, old.name, enabled=True, created=now)
        until = now + old_works_for
        replaced = [
            Update(key_key(account.id, key.hash), set={"until": min(key.until or until, until).isoformat()})
            for key in self.keys(account.id)
            if key.hash == old_hash or key.until
        ]
        self._put_key(new, account, version, *replaced)
        return new

    def key(self, key_hash: str) -> AccountKey:
        """Raises NotFound."""
        pointer = self._read(pointer_key(key_hash)).get(pointer_key(key_hash))
        if pointer:
            key = key_key(pointer["account"], key_hash)
            item = self._read(key).get(key)
            if item:
                return key_from(item)
        raise NotFound("There is no such key.")

    def keys(self, account_id: str) -> list[AccountKey]:
        return [key_from(item) for item in self._retries.query(self._table, account_key(account_id).pk, "key#")]

    def enable_key(self, key_hash: str, *, enabled: bool = True) -> None:
        """In force from the next call on. Raises NotFound."""
        key = key_key(self.key(key_hash).account_id, key_hash)
        try:
            self._write(Update(key, set={"enabled": enabled}, condition=_THERE))
        except ConditionFailed:
            raise NotFound("There is no such key any more.") from None

    def delete_key(self, key_hash: str) -> None:
        """Raises NotFound, ChangedMeanwhile."""
        self.delete_keys(self.key(key_hash).account_id, [key_hash])

    def delete_keys(self, account_id: str, key_hashes: Collection[str]) -> None:
        """An account that is left without a key has left: its plan ends. Raises NotFound, ChangedMeanwhile."""
        account, version = self._account_and_version(account_id)
        others = {key.hash for key in self.keys(account_id)} - set(key_hashes)
        then = account if others else account.leaving(self._now())
        keys = [at for key_hash in key_hashes for at in (key_key(account_id, key_hash), pointer_key(key_hash))]
        try:
            self._write(_next(then, version), *map(Delete, keys))
        except ConditionFailed:
            there = {key.hash for key in self.keys(account_id)}
            if there & set(key_hashes) or not (there or self.account(account_id).has_left):
                raise _changed_meanwhile(account) from None

    def rate(self) -> Rate | None:
        return rate_from(self._read(RATE))

    def set_rate(self, usd: Decimal) -> Rate:
        """Calls take it up within a minute. Raises ValueError."""
        rate = Rate(usd, self._now().date())
        self._write(Put(RATE, rate_item(rate)))
        return rate

    def _put_key(self, key: AccountKey, account: Account, version: int, *others: Write) -> None:
        pointer = pointer_key(key.hash)
        try:
            self._write(
                Put(pointer, {"account": key.account_id}, _NEW),
                Put(key_key(key.account_id, key.hash), key_item(key), _NEW),
                _next(account, version),
                *others,
            )
        except ConditionFailed as failed:
            if pointer not in failed.found:
                raise _changed_meanwhile(account) from None
            if failed.found[pointer]["account"] != key.account_id:
                raise Taken("This key belongs to another account.") from None

    def _account_and_version(self, account_id: str) -> tuple[Account, int]:
        key = account_key(account_id)
        item = self._read(key).get(key)
        if item is None:
            raise NotFound(f"There is no account {account_id}.")
        return account_from(item), int(item["version"])

    def _known(self, plan: str) -> Plan:
        if plan not in self._plans:
            raise NotFound(f"There is no plan {plan}. There are: {', '.join(self._plans)}.")
        return self._plans[plan]

    def _check_terms(self, account: Account) -> None:
        """Raises NoRate, and ValueError for a discount that is none."""
        rate = self.rate() if account.currency is Currency.XNO else None
        if account.currency is Currency.XNO and rate is None:
            raise NoRate("Set the rate of XNO first.")
        account.terms(rate)

    def _read(self, *keys: Key) -> Mapping[Key, Item]:
        return self._retries.run(lambda: self._table.read(keys))

    def _write(self, *writes: Write) -> None:
        self._retries.run(lambda: self._table.write(writes))


def _next(account: Account, version: int) -> Put:
    """In place of this version alone. A change of keys makes a new one as well: which is the last depends on it."""
    return Put(account_key(account.id), account_item(account) | {"version": version + 1}, Attr("version").eq(version))


def _changed_meanwhile(account: Account) -> ChangedMeanwhile:
    return ChangedMeanwhile(f"{account.name} was changed by somebody else. Look at it, try again.")
