"""Reports what an account used and was charged in a month, for its key holders and for operators."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from modest.accounts.records import RATE_KEY, Account, account_from_item, account_item_key, rate_from_items
from modest.ledger.entries import Totals, ledger_pk, month_item_key, total_of_entries, total_of_tallies, used
from modest.money import Currency, Rate
from modest.store.retries import RetryPolicy, operator_retries
from modest.store.table import Item, Table


@dataclass(frozen=True, slots=True)
class Usage:
    account: Account
    month: str
    used: int
    """Calls admitted."""
    settled: int
    """Calls that ended. There are fewer than were admitted while calls are in progress, and if any crashed."""
    images: int
    images_at: dict[tuple[Currency, Decimal], int]
    """How many images were charged one by one, by currency and by list price in US dollars."""
    charges: dict[Currency, Decimal]
    """The exact sums of what the calls were charged. Only the currencies in which something was charged."""
    calls_by_day: dict[int, int]
    """Calls admitted, by day of the month (in UTC). Days without calls are left out."""
    rate: Rate | None
    """The current rate of XNO. Each entry holds the rate that it was charged at."""


@dataclass(frozen=True, slots=True)
class Audit:
    """Whether a month's counters agree with the ledger's entries."""

    counters: Totals
    entries: Totals
    used: int

    @property
    def holds(self) -> bool:
        return self.counters == self.entries and self.entries.calls <= self.used


class UsageReader:
    def __init__(self, table: Table, *, retries: RetryPolicy | None = None) -> None:
        self._table = table
        self._retries = retries or operator_retries()

    def usage(self, account_id: str, month: str) -> Usage | None:
        """Returns None if there is no such account. Raises LedgerUnavailable."""
        account_key, month_key = account_item_key(account_id), month_item_key(account_id, month)
        found = self._retries.run(lambda: self._table.read([account_key, month_key, RATE_KEY]))
        if account_key not in found:
            return None
        month_item = found.get(month_key, {})
        counters = self._counters(account_id, month)
        return Usage(
            account=account_from_item(found[account_key]),
            month=month,
            used=used(month_item),
            settled=counters.calls,
            images=counters.images,
            images_at=counters.images_at,
            charges=counters.amounts,
            calls_by_day=_calls_by_day(month_item),
            rate=rate_from_items(found),
        )

    def entries(self, account_id: str, month: str) -> Iterator[Item]:
        """Iterates over the ledger itself: one item for each settled call, in the order of admission.

        Raises LedgerUnavailable.
        """
        return self._retries.query(self._table, ledger_pk(account_id, month), "call#")

    def audit(self, account_id: str, month: str) -> Audit:
        """Adds up a month's entries and reads its counters. The two may differ while calls are in progress.

        Raises LedgerUnavailable.
        """
        entries = total_of_entries(self.entries(account_id, month))
        month_key = month_item_key(account_id, month)
        found = self._retries.run(lambda: self._table.read([month_key]))
        return Audit(self._counters(account_id, month), entries, used(found.get(month_key, {})))

    def _counters(self, account_id: str, month: str) -> Totals:
        return total_of_tallies(self._retries.query(self._table, ledger_pk(account_id, month), "tally#"))


def _calls_by_day(month_item: Item) -> dict[int, int]:
    days = {int(name[3:]): int(calls) for name, calls in month_item.items() if name.startswith("day")}
    return dict(sorted(days.items()))
