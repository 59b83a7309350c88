"""Defines the ledger's one table: the few requests that it must answer, and how they can fail.

`modest.store.dynamodb` is the real one; the tests also have one in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from modest.store.conditions import Condition

Item = Mapping[str, Any]
"""Attributes by name: str, Decimal, int, bool, bytes, set, list or dict. Every number is read as a Decimal."""


class Key(NamedTuple):
    """An item's primary key: the partition that it is in, and where it is sorted there."""

    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Put:
    """Writes an item, in place of any that has the same key."""

    key: Key
    item: Item
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Changes single attributes of an item. If it does not exist, it is made."""

    key: Key
    set: Item = field(default_factory=dict)
    add: Item = field(default_factory=dict)
    """What numbers grow by, and what sets gain."""
    delete: Item = field(default_factory=dict)
    """What sets lose. A set that loses everything is no longer there."""
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes an item, if it exists."""

    key: Key
    condition: Condition | None = None


Write = Put | Update | Delete


@dataclass(frozen=True, slots=True)
class Range:
    """The items of a partition from `first` to `last`, both included; by default all of them."""

    pk: str
    first: str = ""
    last: str = ""
    """Never empty if `first` is not."""
    backwards: bool = False
    page: int | None = None
    """How many items one page holds at most."""
    attributes: Sequence[str] = ()
    """Those of each item that are wanted; by default all."""


@dataclass(frozen=True, slots=True)
class Page:
    items: Sequence[Item]
    next: Key | None
    """What the next query takes as its start. None on the last page."""


class ConditionFailed(Exception):
    """Raised if a write's condition does not hold. Nothing was written."""

    def __init__(self, found: Mapping[Key, Item]) -> None:
        """found: the items whose conditions do not hold, by key. Those that do not exist are missing."""
        super().__init__("a condition does not hold")
        self.found = found


class TableFailure(Exception):
    """Raised if a request fails for another reason than a condition."""

    def __init__(self, reason: str, *, perhaps_written: bool, worth_retrying: bool) -> None:
        """
        reason: names the failure, for the log.
        perhaps_written: whether the request may have been carried out all the same.
        worth_retrying: whether the same request may succeed in a moment.
        """
        super().__init__(reason)
        self.reason = reason
        self.perhaps_written = perhaps_written
        self.worth_retrying = worth_retrying


class Table(Protocol):
    """All reads are strongly consistent. Every method raises TableFailure; a write also raises ConditionFailed."""

    def read(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """Returns the items that exist, by key."""

    def query(self, wanted: Range, start: Key | None = None) -> Page:
        """Returns the items, sorted by `sk`, as many as one page holds."""

    def update(self, update: Update) -> Item:
        """Returns the whole item after the update."""

    def write(self, writes: Sequence[Write]) -> None:
        """Carries out all writes in one request, or none of them."""
