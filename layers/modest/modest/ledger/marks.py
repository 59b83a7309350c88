"""Marks: how a process that repeats the write of an admission finds out that its first attempt was carried out.

Each admission adds a mark to one of two sets in the month's item: eight bytes, its moment and randomness. With its next
admission, the process removes it from there and adds the new one to the other set, because one write may not change an
attribute twice. So there is about one mark for each process that is alive, and not one for each call: an update is paid
by the size of its item. A mark whose write was sent more than once stays, because its first attempt may still be under
way. It is removed, as those of dead processes are, once it is older than any attempt.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_bytes

from modest.ledger.timing import longest_doubt
from modest.months import month_of, month_start
from modest.store.table import Item, Key

SETS = ("a", "b")

_TIME_BYTES = 4
_RANDOM_BYTES = 4
_MILLISECOND = timedelta(milliseconds=1)
_MONTHS_KNOWN = 1000

Marks = dict[str, set[bytes]]
"""The marks of each set."""


@dataclass(frozen=True, slots=True)
class Marking:
    """What one admission adds to a month's marks and removes from them."""

    mark: bytes
    into: str
    removed: frozenset[bytes]
    """From the other set."""

    @property
    def removed_from(self) -> str:
        (other,) = set(SETS) - {self.into}
        return other

    def is_in(self, month_item: Item) -> bool:
        return self.mark in month_item.get(self.into, ())


def choose(month_item: Item, own: Mapping[str, Iterable[bytes]], now: datetime, longest_write: timedelta) -> Marking:
    """month_item: as it was a moment ago. own: what this process may remove, by set."""
    started = month_start(month_of(now))
    oldest = _time(max(timedelta(0), now - longest_doubt(longest_write) - started))
    removable = {
        name: {bytes(mark) for mark in month_item.get(name, ()) if bytes(mark)[:_TIME_BYTES] < oldest} | {*own[name]}
        for name in SETS
    }
    into, other = sorted(SETS, key=lambda name: len(removable[name]))
    return Marking(_time(now - started) + token_bytes(_RANDOM_BYTES), into, frozenset(removable[other]))


class OwnMarks:
    """Remembers the marks that this process may remove, of the months that it counted calls in last.

    Threads may lose each other's marks here. The table then removes them once they are old.
    """

    def __init__(self) -> None:
        self._months: OrderedDict[Key, Marks] = OrderedDict()

    def take(self, month: Key) -> Marks:
        """Returns what the process may remove, and forgets it."""
        return self._months.pop(month, None) or _none()

    def put(self, month: Key, name: str, marks: Iterable[bytes]) -> None:
        self._months.setdefault(month, _none())[name].update(marks)
        while len(self._months) > _MONTHS_KNOWN:
            self._months.popitem(last=False)


def _none() -> Marks:
    return {name: set() for name in SETS}


def _time(since: timedelta) -> bytes:
    """since: the start of the month. The times sort as what they stand for."""
    return (since // _MILLISECOND).to_bytes(_TIME_BYTES, "big")
