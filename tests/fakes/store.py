"""What DynamoDB does with a request in one moment, as its documentation says, and a record of who wrote what."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.fakes.conditions import holds

from modest.store.table import ConditionFailed, Delete, Item, Key, Page, Put, Range, Write

if TYPE_CHECKING:
    from tests.fakes.world import World


class Written(NamedTuple):
    about: object
    """What the task that sent the request is about."""
    time: float
    key: Key


class Store:
    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}
        self.written: list[Written] = []

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        assert len(set(keys)) == len(keys), "DynamoDB refuses to read a key twice"
        return {key: self.items[key] for key in keys if key in self.items}

    def query(self, wanted: Range, start: Key | None, size: int, *, key_of_empty_page: bool) -> Page:
        """key_of_empty_page: whether the last page says that another follows, which is then empty."""
        keys = sorted(key for key in self.items if key.pk == wanted.pk and key.sk >= wanted.first)
        keys = [key for key in keys if not wanted.last or key.sk <= wanted.last][:: -1 if wanted.backwards else 1]
        keys = keys[keys.index(start) + 1 :] if start else keys
        page = keys[: min(size, wanted.page or size)]
        items = [
            {name: value for name, value in self.items[key].items() if name in (wanted.attributes or self.items[key])}
            for key in page
        ]
        return Page(items, page[-1] if page and (len(keys) > len(page) or key_of_empty_page) else None)

    def write(self, writes: Sequence[Write], world: "World") -> None:
        failed = [write for write in writes if write.condition and not holds(write.condition, self._at(write))]
        if failed:
            raise ConditionFailed({write.key: self.items[write.key] for write in failed if write.key in self.items})
        for write in writes:
            self.items[write.key] = self._changed(write)
            assert world.running
            self.written.append(Written(world.running.about, world.time, write.key))

    def _at(self, write: Write) -> Item:
        return self.items.get(write.key, {})

    def _changed(self, write: Write) -> Item:
        address: dict[str, Any] = {"pk": write.key.pk, "sk": write.key.sk}
        assert not isinstance(write, Delete), "the ledger deletes nothing"
        if isinstance(write, Put):
            return address | {name: _stored(value) for name, value in write.item.items()}
        named = [*write.set, *write.add, *write.delete]
        assert len(named) == len(set(named)), "DynamoDB refuses to change an attribute twice"
        item = address | dict(self._at(write))
        for name, more in write.add.items():
            item[name] = item.get(name, set()) | more if isinstance(more, set) else item.get(name, Decimal(0)) + more
        item |= {name: _stored(value) for name, value in write.set.items()}
        for name, fewer in write.delete.items():
            assert fewer, "DynamoDB refuses an empty set"
            item[name] = item.get(name, set()) - fewer
        return {name: value for name, value in item.items() if value != set()}


def _stored(value: Any) -> Any:
    assert not isinstance(value, float), "DynamoDB has no floats"
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
