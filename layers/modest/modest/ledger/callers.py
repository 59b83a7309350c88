"""Whose key it is: account, plan and terms behind a call.

What an operator may change is read anew each time, except the rate of XNO, which is kept for a minute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from modest.accounts.records import RATE, Account, account_from, account_key, key_from, key_key, pointer_key, rate_from
from modest.money import Currency, Rate, Terms
from modest.plans import Plan, Plans
from modest.refusals import LedgerUnavailable, UnknownKey
from modest.store.retries import Deadline, RetryPolicy
from modest.store.table import Item, Key, Table

_RATE_KEPT_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    account: Account
    plan: Plan
    terms: Terms
    items: Mapping[Key, Item]
    """What else was asked for, as far as it exists."""


class CallerLookup:
    def __init__(self, table: Table, plans: Plans, retries: RetryPolicy) -> None:
        self._table = table
        self._plans = plans
        self._retries = retries
        self._account_ids: dict[str, str] = {}
        self._rate: tuple[datetime, Rate] | None = None

    def account_id(self, key_hash: str, deadline: Deadline) -> str:
        """A key never changes its account, so this is read once. Raises UnknownKey, LedgerUnavailable."""
        if key_hash not in self._account_ids:
            pointer = pointer_key(key_hash)
            found = self._retries.run(lambda: self._table.read([pointer]), deadline)
            if pointer not in found:
                raise UnknownKey
            self._account_ids[key_hash] = found[pointer]["account"]
        return self._account_ids[key_hash]

    def caller(self, key_hash: str, now: datetime, deadline: Deadline, also: Sequence[Key] = ()) -> Caller:
        """`also`: items to read in the same request. Raises UnknownKey, LedgerUnavailable."""
        account_id = self.account_id(key_hash, deadline)
        account_at, key_at = account_key(account_id), key_key(account_id, key_hash)
        found = self._retries.run(lambda: self._table.read([account_at, key_at, *also]), deadline)
        if account_at not in found or key_at not in found or not key_from(found[key_at]).works(now):
            self._account_ids.pop(key_hash, None)
            raise UnknownKey
        account = account_from(found[account_at])
        if account.plan not in self._plans:
            # As API Gateway answers a key that is on no usage plan.
            raise UnknownKey(f"{account.id} is on a plan that is not sold: {account.plan}")
        return Caller(account, self._plans[account.plan], self._terms(account, now, deadline), found)

    def _terms(self, account: Account, now: datetime, deadline: Deadline) -> Terms:
        if account.currency is not Currency.XNO:
            return account.terms(None)
        if self._rate is None or now - self._rate[0] > _RATE_KEPT_FOR:
            rate = rate_from(self._retries.run(lambda: self._table.read([RATE]), deadline))
            if rate is None:
                raise LedgerUnavailable("no rate of XNO is set")
            self._rate = (now, rate)
        return account.terms(self._rate[1])
