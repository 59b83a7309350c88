"""The ledger's table in memory, which fails in the ways that the real one does."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from itertools import repeat
from threading import RLock
from typing import Any, TypeVar

from tests.fakes.conditions import holds

from modest.store.table import ConditionFailed, Delete, Item, Key, Page, Put, Range, TableFailure, Update, Write

T = TypeVar("T")

_PAGE = 50


class Fault(Enum):
    """How a request may fail. Its TableFailure has the flags that DynamoDBTable would set."""

    NONE = "none"
    THROTTLED = "throttled"
    CONFLICT = "conflict"
    LOST_REQUEST = "lost request"
    LOST_ANSWER = "lost answer"
    """The request is carried out, and its answer never arrives."""
    LATE = "late"
    """No answer arrives; the request is carried out later, when the test says so."""
    REFUSED = "refused"
    """A mistake in the deployment, such as a missing permission."""

    def failure(self) -> TableFailure:
        return TableFailure(
            self.value,
            perhaps_written=self in (Fault.LOST_REQUEST, Fault.LOST_ANSWER, Fault.LATE),
            worth_retrying=self is not Fault.REFUSED,
        )


class FakeTable:
    """Behaves as DynamoDBTable does. Each request calls `pause`, outside the lock, then takes the next of `faults`."""

    def __init__(self, faults: Iterable[Fault] = (), pause: Callable[[], None] = lambda: None) -> None:
        self.items: dict[Key, dict[str, Any]] = {}
        self.writes = 0
        self.faults = iter(faults)
        self.late: list[Callable[[], object]] = []
        self._pause = pause
        self._lock = RLock()

    def read(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        return self._request(lambda: {key: self.items[key] for key in keys if key in self.items})

    def query(self, wanted: Range, start: Key | None = None) -> Page:
        def look() -> Page:
            first, last = wanted.first, wanted.last
            found = (key for key in self.items if key.pk == wanted.pk and (not first or first <= key.sk <= last))
            keys = sorted(found, reverse=wanted.backwards)
            later = [key for key in keys if start is None or (key < start if wanted.backwards else key > start)]
            size = min(wanted.page or _PAGE, _PAGE)
            names = set(wanted.attributes)
            items = [
                {name: value for name, value in self.items[key].items() if not names or name in names}
                for key in later[:size]
            ]
            return Page(items, later[size - 1] if len(later) > size else None)

        return self._request(look)

    def update(self, update: Update) -> Item:
        self.writes += 1

        def change() -> Item:
            self._write([update])
            return self.items[update.key]

        return self._request(change)

    def write(self, writes: Sequence[Write]) -> None:
        self.writes += 1
        self._request(lambda: self._write(writes))

    def _request(self, carry_out: Callable[[], T]) -> T:
        self._pause()
        with self._lock:
            fault = next(self.faults, Fault.NONE)
            if fault is Fault.LATE:
                self.late.append(carry_out)
            if fault not in (Fault.NONE, Fault.LOST_ANSWER):
                raise fault.failure()
            answer = copy.deepcopy(carry_out())
        if fault is Fault.LOST_ANSWER:
            raise fault.failure()
        return answer

    def _write(self, writes: Sequence[Write]) -> None:
        failed = [
            write for write in writes if write.condition is not None and not holds(write.condition, self._at(write))
        ]
        if failed:
            found = {write.key: self.items[write.key] for write in failed if write.key in self.items}
            raise ConditionFailed(copy.deepcopy(found))
        for write in writes:
            self._apply(write)

    def _apply(self, write: Write) -> None:
        address = {"pk": write.key.pk, "sk": write.key.sk}
        match write:
            case Put(key, item):
                self.items[key] = address | _stored(item)
            case Delete(key):
                self.items.pop(key, None)
            case Update(key):
                item = self.items.setdefault(key, address)
                for name, more in _stored(write.add).items():
                    item[name] = item.get(name, set()) | more if isinstance(more, set) else item.get(name, 0) + more
                item |= _stored(write.set)
                for name, fewer in write.delete.items():
                    item[name] = item.get(name, set()) - fewer
                    if not item[name]:
                        del item[name]

    def _at(self, write: Write) -> Item:
        return self.items.get(write.key, {})


def always(fault: Fault) -> Iterator[Fault]:
    return repeat(fault)


def _stored(item: Item) -> dict[str, Any]:
    return {name: _as_stored(value) for name, value in copy.deepcopy(dict(item)).items()}


def _as_stored(value: Any) -> Any:
    if isinstance(value, float):
        raise TypeError("DynamoDB's numbers are Decimal")
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
