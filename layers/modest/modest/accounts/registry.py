"""Lets an operator create and change accounts and keys. Every change is one write, made in full or not at all."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from modest.accounts.errors import ConcurrentChange, NoRate, NotFound, Taken
from modest.accounts.key_registry import KeyRegistry
from modest.accounts.names import ID_PREFIX, check_name
from modest.accounts.records import (
    RATE_KEY,
    Account,
    PlanHeld,
    account_from_item,
    account_item_key,
    account_to_item,
    name_item_key,
    rate_to_item,
)
from modest.money import HIGHEST_RATE, LOWEST_RATE, Currency, Rate
from modest.store.conditions import Attr
from modest.store.table import ConditionFailed, Put
from modest.texts import tidy

_NEW = Attr("pk").not_exists()
_EXISTS = Attr("pk").exists()


class Registry(KeyRegistry):
    """Creates and changes accounts and keys. Every method may also raise LedgerUnavailable."""

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

    def set_rate(self, usd: Decimal) -> Rate:
        """usd: how many US dollars one XNO is worth. Calls use it within a minute. Raises ValueError if absurd."""
        if not LOWEST_RATE <= usd <= HIGHEST_RATE:
            raise ValueError(f"one XNO is worth from {LOWEST_RATE} to {HIGHEST_RATE:,} dollars, not {usd}")
        rate = Rate(usd, self._now().date())
        self._write(Put(RATE_KEY, rate_to_item(rate)))
        return rate

    def _check_terms(self, account: Account) -> None:
        """Raises NoRate, and ValueError for a discount out of range."""
        rate = self.rate() if account.currency is Currency.XNO else None
        if account.currency is Currency.XNO and rate is None:
            raise NoRate("No rate of XNO is set. Set one first: `modest rate 0.87`.")
        account.terms(rate)


def _tidy_address(text: str) -> str:
    """Raises ValueError."""
    try:
        return tidy(text, characters=80, lines=8)
    except ValueError as error:
        raise ValueError(f"the billing address {error}") from None
