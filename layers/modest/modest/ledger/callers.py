"""Finds out who is calling: the account, plan and terms behind a key.

Whatever an operator may change is read for every call, except the rate of XNO, which is kept for a minute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from modest.accounts.key_records import AccountKey, api_key_from_item, api_key_item_key, pointer_item_key
from modest.accounts.records import RATE_KEY, Account, account_from_item, account_item_key, rate_from_items
from modest.money import Currency, Rate, Terms
from modest.plans import Plan, Plans
from modest.refusals import LedgerUnavailable, UnknownKey
from modest.store.retries import Deadline, RetryPolicy
from modest.store.table import Item, Key, Table

_RATE_KEPT_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    account: Account
    key: AccountKey
    plan: Plan
    terms: Terms
    items: Mapping[Key, Item]
    """Everything that was read in the same request. Items that do not exist are missing."""


class CallerLookup:
    def __init__(self, table: Table, plans: Plans, retries: RetryPolicy) -> None:
        self._table = table
        self._plans = plans
        self._retries = retries
        self._account_ids: dict[str, str] = {}
        self._accounts: dict[str, Account] = {}
        self._rate: tuple[datetime, Rate] | None = None

    def account_id(self, key_hash: str, deadline: Deadline) -> str:
        """Reads a key's account once and remembers it, since it never changes. Raises UnknownKey, LedgerUnavailable."""
        if key_hash not in self._account_ids:
            pointer_key = pointer_item_key(key_hash)
            found = self._retries.run(lambda: self._table.read([pointer_key]), deadline)
            if pointer_key not in found:
                raise UnknownKey
            self._account_ids[key_hash] = found[pointer_key]["account"]
        return self._account_ids[key_hash]

    def last_known_account(self, key_hash: str) -> Account | None:
        """Returns the account as it was at the last call with this key, without asking the table."""
        return self._accounts.get(key_hash)

    def caller(self, key_hash: str, now: datetime, deadline: Deadline, also: Sequence[Key] = ()) -> Caller:
        """also: further items to read in the same request. Raises UnknownKey, LedgerUnavailable."""
        account_id = self.account_id(key_hash, deadline)
        account_key, api_key_key = account_item_key(account_id), api_key_item_key(account_id, key_hash)
        found = self._retries.run(lambda: self._table.read([account_key, api_key_key, *also]), deadline)
        key = api_key_from_item(found[api_key_key]) if api_key_key in found else None
        if account_key not in found or key is None or not key.works(now):
            self._account_ids.pop(key_hash, None)
            raise UnknownKey
        account = self._accounts[key_hash] = account_from_item(found[account_key])
        if account.plan not in self._plans:
            # API Gateway also answers 401 to a key that is on no usage plan.
            raise UnknownKey(f"{account.id} is on a plan that is not sold: {account.plan}")
        return Caller(account, key, self._plans[account.plan], self._terms(account, now, deadline), found)

    def _terms(self, account: Account, now: datetime, deadline: Deadline) -> Terms:
        if account.currency is not Currency.XNO:
            return account.terms(None)
        if self._rate is None or now - self._rate[0] > _RATE_KEPT_FOR:
            rate = rate_from_items(self._retries.run(lambda: self._table.read([RATE_KEY]), deadline))
            if rate is None:
                raise LedgerUnavailable("no rate of XNO is set")
            self._rate = (now, rate)
        return account.terms(self._rate[1])
