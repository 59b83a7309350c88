"""The chain: sums of a month's entries, so that nobody has to add up a million of them.

    ledger#<id>#<month>   sum#<from>   to: the link's last second; the sums of all entries from the month's start to it

A link begins where the one before ends. It covers whole seconds, to that in which its LINK_CALLS-th call was admitted,
and is written only when that second is closed. So what it holds follows from entries that can no longer change, whoever
writes it: of two that do, the second finds what it would have written. What comes after the last link, and late
entries, are added up by whoever reads. If a link is missing, there is more to add up, and no sum is wrong.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from modest.ledger.entries import as_second, closed_entries, ledger_pk, second_after, second_of
from modest.ledger.totals import ADDED_UP, Sums, Totals
from modest.months import month_start
from modest.store.conditions import Attr
from modest.store.retries import Deadline, RetryPolicy
from modest.store.table import ConditionFailed, Item, Key, Put, Range, Table

LINK_CALLS = 200
"""Up to twice as many entries are added up by whoever reads a month that is closed; each link costs a write unit."""
_LINKS_AT_ONCE = 2

_LINK = "sum#"
_LINKS_END = "sum$"


@dataclass(frozen=True, slots=True)
class Link:
    start: str
    """The link's first second."""
    end: str
    """Its last."""
    totals: Totals
    """The sums of all entries from the start of the month to this link's end."""


def is_due(number: int) -> bool:
    """Says whether the call with this number in its month extends the chain."""
    return number % LINK_CALLS == 0


def is_behind(unlinked: int) -> bool:
    """Says whether so many entries after the last link are too many for each reader to add up.

    Calls that come in a burst leave them behind, because the last call whose turn it was came before they were closed.
    """
    return unlinked >= LINK_CALLS * _LINKS_AT_ONCE


def next_link(start: str, before: Totals, entries: Iterable[Item]) -> Link | None:
    """Returns the link that begins at `start`, or None as long as it is not complete.

    before: the totals of the link before.
    entries: all from `start` on that are in closed seconds, in order.
    """
    sums, end = Sums(before), None
    for number, entry in enumerate(entries, start=1):
        second = second_of(entry)
        if end is not None and second != end:
            break
        sums.add(entry)
        if number == LINK_CALLS:
            end = second
    return None if end is None else Link(start, end, sums.totals)


def all_links(account_id: str, month: str) -> Range:
    return Range(ledger_pk(account_id, month), _LINK, _LINKS_END)


def link_from_item(item: Item) -> Link:
    return Link(item["sk"].removeprefix(_LINK), item["to"], Totals.from_item(item))


def start_after(link: Link | None, month: str) -> str:
    """Returns the first second that the chain does not cover."""
    return second_after(link.end) if link else as_second(month_start(month))


def last_link(
    table: Table, retries: RetryPolicy, account_id: str, month: str, deadline: Deadline | None = None
) -> Link | None:
    wanted = Range(ledger_pk(account_id, month), _LINK, _LINKS_END, backwards=True, page=1)
    page = retries.run(partial(table.query, wanted), deadline)
    return link_from_item(page.items[0]) if page.items else None


class ChainWriter:
    def __init__(self, table: Table, retries: RetryPolicy, now: Callable[[], datetime]) -> None:
        self._table = table
        self._retries = retries
        self._now = now

    def extend(self, account_id: str, month: str) -> None:
        """Writes the next links, if they are complete: few, in the time of one operation. Raises LedgerUnavailable."""
        deadline = self._retries.deadline()
        last = last_link(self._table, self._retries, account_id, month, deadline)
        for _ in range(_LINKS_AT_ONCE):
            link = self._next(account_id, month, last, deadline)
            if link is None:
                return
            last = self._written(account_id, month, link, deadline)

    def _next(self, account_id: str, month: str, last: Link | None, deadline: Deadline) -> Link | None:
        start = start_after(last, month)
        # Some more than a link needs, because the calls of its last second belong to it too.
        page = LINK_CALLS * 5 // 4
        wanted = closed_entries(account_id, month, start, self._now(), page=page, attributes=("sk", *ADDED_UP))
        entries = self._retries.query(self._table, wanted, deadline) if wanted else ()
        return next_link(start, last.totals if last else Totals(), entries)

    def _written(self, account_id: str, month: str, link: Link, deadline: Deadline) -> Link:
        """Returns the link that the table has in the end."""
        key = Key(ledger_pk(account_id, month), f"{_LINK}{link.start}")
        put = Put(key, {"to": link.end} | link.totals.to_item(), Attr("pk").not_exists())
        try:
            self._retries.run(lambda: self._table.write([put]), deadline)
        except ConditionFailed as failed:
            return link_from_item(failed.found[key])
        return link
