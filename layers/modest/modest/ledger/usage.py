"""What was used and charged in a month, as a key holder and an operator see it."""

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
    """Calls admitted. Some of them may never have been settled: those under way, and those that crashed."""
    settled: int
    images: int
    charges: dict[Currency, Decimal]
    calls_by_day: dict[int, int]
    rate: Rate | None
    """What an XNO is worth just now; each entry holds the rate that it was charged at."""


@dataclass(frozen=True, slots=True)
class Audit:
    """Whether the counters of a month agree with the ledger's entries."""

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
        """None where there is no such account. Raises LedgerUnavailable."""
        account, counted = account_item_key(account_id), month_item_key(account_id, month)
        found = self._retries.run(lambda: self._table.read([account, counted, RATE_KEY]))
        if account not in found:
            return None
        counters = self._counters(account_id, month)
        return Usage(
            account=account_from_item(found[account]),
            month=month,
            used=used(found.get(counted)),
            settled=counters.calls,
            images=counters.images,
            charges=counters.amounts,
            calls_by_day=_calls_by_day(found.get(counted, {})),
            rate=rate_from_items(found),
        )

    def entries(self, account_id: str, month: str) -> Iterator[Item]:
        """The ledger itself, in the order of admission: one item for each call that was settled.

        Raises LedgerUnavailable.
        """
        return self._retries.query(self._table, ledger_pk(account_id, month), "call#")

    def audit(self, account_id: str, month: str) -> Audit:
        """Adds up the entries of a month in which no call is under way any more. Raises LedgerUnavailable."""
        entries = total_of_entries(self.entries(account_id, month))
        counted = month_item_key(account_id, month)
        found = self._retries.run(lambda: self._table.read([counted]))
        return Audit(self._counters(account_id, month), entries, used(found.get(counted)))

    def _counters(self, account_id: str, month: str) -> Totals:
        return total_of_tallies(self._retries.query(self._table, ledger_pk(account_id, month), "tally#"))


def _calls_by_day(month_item: Item) -> dict[int, int]:
    days = {int(name[3:]): int(calls) for name, calls in month_item.items() if name.startswith("day")}
    return dict(sorted(days.items()))
