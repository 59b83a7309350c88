"""The ledger's one table: the few requests that are made of it, and how they can fail.

`modest.dynamodb` makes them of DynamoDB; tests have a table in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from boto3.dynamodb.conditions import ConditionBase

Item = Mapping[str, Any]
"""Attributes by name: str, Decimal, int, bool, bytes, set, list or map. Numbers come back as Decimal."""


class Key(NamedTuple):
    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Put:
    """Writes a whole item in place of whatever is there."""

    key: Key
    item: Item
    condition: ConditionBase | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Changes single attributes of an item, which comes into being if it is not there."""

    key: Key
    set: Item = field(default_factory=dict)
    add: Item = field(default_factory=dict)
    remove: Sequence[str] = ()
    condition: ConditionBase | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    key: Key
    condition: ConditionBase | None = None


Write = Put | Update | Delete


@dataclass(frozen=True, slots=True)
class Page:
    items: Sequence[Item]
    next: Key | None
    """Where the next page begins: to be handed to the next query."""


class ConditionFailed(Exception):
    """Nothing was written, because an item was not as a condition wanted it."""

    def __init__(self, found: Mapping[Key, Item]) -> None:
        """found: by key, the items that did not hold; without its key, one that does not exist."""
        super().__init__("a condition did not hold")
        self.found = found


class TableFailure(Exception):
    """The request did not succeed for a reason that lies in no item."""

    def __init__(self, reason: str, *, perhaps_written: bool, worth_retrying: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.perhaps_written = perhaps_written
        self.worth_retrying = worth_retrying


class Table(Protocol):
    """Every read is consistent. Everything raises TableFailure; what writes also ConditionFailed."""

    def read(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """Those of the items that exist."""

    def query(self, pk: str, prefix: str, start: Key | None = None) -> Page:
        """The items under `pk` whose `sk` begins with `prefix`, in the order of `sk`, as many as one answer holds."""

    def update(self, update: Update) -> Item:
        """The item as it is then."""

    def write(self, writes: Sequence[Write]) -> None:
        """All or none, in one request."""
