"""Compares what a month's usage and invoice count with the sum of its entries."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modest.ledger.chain import Link
from modest.ledger.entries import is_late, second_of
from modest.ledger.totals import Sums, Totals
from modest.store.table import Item

# Sorts after every second.
_LAST = "~"


@dataclass(frozen=True, slots=True)
class WrongLink:
    """The first link of a chain that disagrees with the entries. Those after it begin with its sums."""

    link: Link
    entries: Totals
    """The sums that it should have."""


@dataclass(frozen=True, slots=True)
class Audit:
    used: int
    """Calls admitted."""
    counted: Totals
    """What usage and invoices count: the chain, what comes after it, and what is late."""
    entries: Totals
    """The sum of all entries."""
    late: Sequence[Item]
    """The entries of calls that outlived the limits. They are counted."""
    wrong_link: WrongLink | None

    @property
    def holds(self) -> bool:
        return self.wrong_link is None and self.counted == self.entries and self.entries.calls <= self.used


class Auditor:
    """Adds up entries and checks each link of the chain when it has seen all that the link covers."""

    def __init__(self, links: Iterable[Link]) -> None:
        self._unchecked = deque(links)
        self._end = self._unchecked[-1].end if self._unchecked else ""
        self._counted = Sums(self._unchecked[-1].totals if self._unchecked else None)
        self._entries = Sums()
        self._late: list[Item] = []
        self._wrong_link: WrongLink | None = None

    def add(self, entry: Item) -> None:
        """Takes the entries in order: those that are late come last."""
        second = _LAST if is_late(entry) else second_of(entry)
        self._check_links_before(second)
        self._entries.add(entry)
        if second > self._end:
            self._counted.add(entry)
        if second == _LAST:
            self._late.append(entry)

    def audit(self, used: int) -> Audit:
        self._check_links_before(_LAST)
        return Audit(used, self._counted.totals, self._entries.totals, self._late, self._wrong_link)

    def _check_links_before(self, second: str) -> None:
        while self._unchecked and self._unchecked[0].end < second:
            link, entries = self._unchecked.popleft(), self._entries.totals
            if self._wrong_link is None and link.totals != entries:
                self._wrong_link = WrongLink(link, entries)
