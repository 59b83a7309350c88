"""Lets an operator create and change accounts and keys. Every change is one write, made in full or not at all."""

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from boto3.dynamodb.conditions import Attr

from modest.accounts.errors import ConcurrentChange, NoRate, NotFound, Taken
from modest.accounts.names import ID_PREFIX, check_name
from modest.accounts.reader import AccountReader
from modest.accounts.records import (
    RATE_KEY,
    Account,
    AccountKey,
    PlanHeld,
    account_from_item,
    account_item_key,
    account_to_item,
    api_key_item_key,
    api_key_to_item,
    name_item_key,
    pointer_item_key,
    rate_to_item,
)
from modest.money import HIGHEST_RATE, LOWEST_RATE, Currency, Rate
from modest.plans import Plan, Plans
from modest.store.retries import RetryPolicy
from modest.store.table import ConditionFailed, Delete, Put, Table, Update, Write
from modest.texts import tidy

_NEW = Attr("pk").not_exists()
_EXISTS = Attr("pk").exists()


class Registry(AccountReader):
    """Creates and changes accounts and keys. Every method may also raise LedgerUnavailable."""

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

    def create(
        self,
        name: str,
        plan: str,
        *,
        currency: Currency = Currency.USD,
        discount_percent: Decimal = Decimal(0),
        referrer: str = "",
    ) -> Account:
        """Makes an account without keys.

        Raises InvalidName, NotFound, Taken, NoRate, ValueError for a discount out of range.
        """
        check_name(name)
        held = self._plan(plan)
        plans = [PlanHeld(held.name, self._now(), price_usd=held.price_usd)]
        account = Account(f"{ID_PREFIX}{secrets.token_hex(10)}", name, plans, currency, discount_percent, referrer)
        self._check_terms(account)
        try:
            self._write(
                Put(name_item_key(name), {"account": account.id}, _NEW),
                Put(account_item_key(account.id), account_to_item(account) | {"version": 1}, _NEW),
            )
        except ConditionFailed as failed:
            # An earlier attempt of this very write may have been carried out.
            if failed.found.get(name_item_key(name), {}).get("account") != account.id:
                raise Taken(f"There is already an account named {name}.") from None
        return account

    def change(
        self,
        account_id: str,
        *,
        plan: str | None = None,
        currency: Currency | None = None,
        discount_percent: Decimal | None = None,
        referrer: str | None = None,
        bill_to: str | None = None,
        policy: Callable[[Any], Mapping[str, Any]] | None = None,
    ) -> Account:
        """Changes an account from its next call on. What is None stays as it is.

        Naming the plan that the account already holds moves it to the plan's current price.
        policy: returns the next policy for the one that is stored.

        Raises NotFound, NoRate, ConcurrentChange, ValueError for a discount out of range or an unprintable address, and
        what `policy` raises.
        """
        before = self._version(account_id)
        account = before.account
        if plan and account.has_left:
            raise NotFound(f"{account.name} no longer has a key. `modest keys create` gives it a key and a plan.")
        changed = replace(
            account.with_plan(self._plan(plan), self._now()) if plan else account,
            currency=currency or account.currency,
            discount_percent=account.discount_percent if discount_percent is None else discount_percent,
            referrer=account.referrer if referrer is None else referrer,
            bill_to=account.bill_to if bill_to is None else _tidy_address(bill_to),
            policy=account.policy if policy is None else policy(account.policy),
        )
        self._check_terms(changed)
        try:
            self._write(before.replaced_by(changed))
        except ConditionFailed as failed:
            found = failed.found.get(account_item_key(account_id))
            if not found or account_from_item(found) != changed:
                raise ConcurrentChange(account.name) from None
        return changed

    def add_key(
        self, account_id: str, key_hash: str, name: str, *, plan: str | None = None, first: bool = False
    ) -> AccountKey:
        """Gives an account a key and, if a plan is named, that plan from now on.

        An account that has left comes back on its last plan, unless another is named.
        first: whether to refuse if the account has a key, which somebody else may have given it just now.

        Raises NotFound, Taken, ConcurrentChange.
        """
        before = self._version(account_id)
        account, now = before.account, self._now()
        if first and self.keys(account_id):
            raise Taken(f"An account named {account.name} already exists. `modest keys rotate` gives it a new key.")
        if plan or account.has_left:
            account = account.with_plan(self._plan(plan or account.plan), now)
        key = AccountKey(key_hash, account_id, name, enabled=True, created=now)
        self._put_key(key, before.replaced_by(account), account)
        return key

    def replace_key(
        self, old_hash: str, new_hash: str, *, old_works_for: timedelta, seen: AccountKey | None = None
    ) -> AccountKey:
        """Gives the account a new key under the same name. The old key works for as long as stated.

        Keys that were replaced earlier expire by then at the latest.
        seen: the old key as it was when it was chosen, if somebody else may have replaced it since.

        Raises NotFound, Taken, ConcurrentChange.
        """
        old = self.key(old_hash)
        before = self._version(old.account_id)
        keys = self.keys(old.account_id)
        if seen and seen not in keys:
            raise ConcurrentChange(before.account.name)
        now = self._now()
        new = AccountKey(new_hash, old.account_id, old.name, enabled=True, created=now)
        until = now + old_works_for
        replaced = [
            Update(
                api_key_item_key(old.account_id, key.hash), set={"until": min(key.until or until, until).isoformat()}
            )
            for key in keys
            if key.hash == old_hash or key.until
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

    def set_rate(self, usd: Decimal) -> Rate:
        """usd: how many US dollars one XNO is worth. Calls use it within a minute. Raises ValueError if absurd."""
        if not LOWEST_RATE <= usd <= HIGHEST_RATE:
            raise ValueError(f"one XNO is worth from {LOWEST_RATE} to {HIGHEST_RATE:,} dollars, not {usd}")
        rate = Rate(usd, self._now().date())
        self._write(Put(RATE_KEY, rate_to_item(rate)))
        return rate

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

    def _check_terms(self, account: Account) -> None:
        """Raises NoRate, and ValueError for a discount out of range."""
        rate = self.rate() if account.currency is Currency.XNO else None
        if account.currency is Currency.XNO and rate is None:
            raise NoRate("No rate of XNO is set. Set one first: `modest rate 0.87`.")
        account.terms(rate)

    def _write(self, *writes: Write) -> None:
        self._retries.run(lambda: self._table.write(writes))


def _tidy_address(text: str) -> str:
    """Raises ValueError."""
    try:
        return tidy(text, characters=80, lines=8)
    except ValueError as error:
        raise ValueError(f"the billing address {error}") from None
