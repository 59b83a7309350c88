"""Reports what an account used and was charged in a month, for its key holders and for operators."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from modest.accounts.key_limits import NO_LIMITS
from modest.accounts.key_records import AccountKey, all_keys, api_key_from_item
from modest.accounts.records import RATE_KEY, Account, account_from_item, account_item_key, rate_from_items
from modest.ledger.audit import Audit, Auditor
from modest.ledger.chain import Link, all_links, last_link, link_from_item, start_after
from modest.ledger.entries import SEALED, all_entries, open_entries, second_of
from modest.ledger.key_counters import KeyCounter
from modest.ledger.month import calls_by_day, month_item_key, used
from modest.ledger.seals import read_seal
from modest.ledger.totals import ADDED_UP, KeyTotals, Totals, add_up
from modest.money import Currency, Rate
from modest.months import month_end
from modest.store.retries import RetryPolicy, operator_retries
from modest.store.table import Item, Table


@dataclass(frozen=True, slots=True)
class UsageByKey:
    """What was used and charged with one key, and with those that it replaced."""

    name: str
    key: AccountKey | None
    """None if the key has been deleted."""
    calls: int
    """Calls admitted."""
    images: int
    charges: dict[Currency, Decimal]
    reserved_usd: Decimal
    """How much of the key's limit of dollars its calls have taken."""


@dataclass(frozen=True, slots=True)
class Usage:
    account: Account
    month: str
    used: int
    """Calls admitted."""
    settled: int
    """Calls that ended. There are fewer than were admitted while calls are in progress, and if any crashed."""
    unlinked: int
    """Those of them that had to be added up one by one, because no link of the chain covers them."""
    images: int
    images_at: dict[tuple[Currency, Decimal], int]
    """How many images were charged one by one, by currency and by list price in US dollars."""
    charges: dict[Currency, Decimal]
    """The exact sums of what the calls were charged. Only the currencies in which something was charged."""
    by_key: list[UsageByKey]
    """The keys that the account had by the end of the month and, of those that were deleted, the ones whose calls ended
    in it; by name."""
    calls_by_day: dict[int, int]
    """Calls admitted, by day of the month (in UTC). Days without calls are left out."""
    rate: Rate | None
    """The current rate of XNO. Each entry holds the rate that it was charged at."""


class UsageReader:
    def __init__(self, table: Table, *, retries: RetryPolicy | None = None) -> None:
        self._table = table
        self._retries = retries or operator_retries()

    def usage(self, account_id: str, month: str) -> Usage | None:
        """Returns None if there is no such account. Raises LedgerUnavailable."""
        account_key, month_key = account_item_key(account_id), month_item_key(account_id, month)
        link, totals = self._totals(account_id, month)
        keys = list(self._retries.query(self._table, all_keys(account_id)))
        # Read last: a call is counted before it is settled, so no more are settled than were admitted.
        found = self._retries.run(lambda: self._table.read([account_key, month_key, RATE_KEY]))
        if account_key not in found:
            return None
        month_item = found.get(month_key, {})
        return Usage(
            account=account_from_item(found[account_key]),
            month=month,
            used=used(month_item),
            settled=totals.calls,
            unlinked=totals.calls - (link.totals.calls if link else 0),
            images=totals.images,
            images_at=totals.images_at,
            charges=totals.amounts,
            by_key=_by_key(map(api_key_from_item, keys), totals, month_item, month_end(month)),
            calls_by_day=calls_by_day(month_item),
            rate=rate_from_items(found),
        )

    def entries(self, account_id: str, month: str) -> Iterator[Item]:
        """Iterates over the ledger itself: one item for each settled call, in the order of admission, late ones last.

        Raises LedgerUnavailable.
        """
        return self._retries.query(self._table, all_entries(account_id, month))

    def digests_of(self, entry: Item) -> list[str] | None:
        """Returns the SHA-256 (hex) of each image that a call judged; None if they are not kept, or not any more.

        Raises LedgerUnavailable.
        """
        if SEALED not in entry:
            return None if entry["images"] else []
        seal = read_seal(self._table, self._retries, date.fromisoformat(second_of(entry)[:10]))
        return [digest.hex() for digest in seal.apply(entry["request"], map(bytes, entry[SEALED]))] if seal else None

    def audit(self, account_id: str, month: str) -> Audit:
        """Adds up all entries of a month and compares that with its chain, also while calls are in progress.

        Raises LedgerUnavailable.
        """
        # Links first: the entries of closed seconds do not change.
        auditor = Auditor(map(link_from_item, self._retries.query(self._table, all_links(account_id, month))))
        for entry in self.entries(account_id, month):
            auditor.add(entry)
        # Read last: a call is counted before it is settled.
        month_key = month_item_key(account_id, month)
        month_item = self._retries.run(lambda: self._table.read([month_key])).get(month_key, {})
        return auditor.audit(used(month_item))

    def _totals(self, account_id: str, month: str) -> tuple[Link | None, Totals]:
        # A link that is written in between covers entries that are added up all the same.
        link = last_link(self._table, self._retries, account_id, month)
        wanted = open_entries(account_id, month, start_after(link, month), ADDED_UP)
        return link, add_up(self._retries.query(self._table, wanted), link.totals if link else None)


def _by_key(keys: Iterable[AccountKey], totals: Totals, month_item: Item, end: datetime) -> list[UsageByKey]:
    # A key comes after those that it replaced, and takes their place.
    present = {key.number: key for key in sorted(keys, key=lambda key: key.until is None)}
    rows = [
        _of_key(number, key, totals.by_key.get(number) or KeyTotals(key.name), month_item)
        for number, key in present.items()
    ]
    rows += [
        _of_key(number, None, ended, month_item) for number, ended in totals.by_key.items() if number not in present
    ]
    shown = (used for used in rows if used.calls or used.key is None or used.key.created < end)
    return sorted(shown, key=lambda used: (used.name, used.key is not None))


def _of_key(number: int, key: AccountKey | None, ended: KeyTotals, month_item: Item) -> UsageByKey:
    counter = KeyCounter(number, NO_LIMITS)
    return UsageByKey(
        name=ended.name,
        key=key,
        calls=counter.calls_in(month_item),
        images=ended.images,
        charges=ended.amounts,
        reserved_usd=counter.usd_in(month_item),
    )
