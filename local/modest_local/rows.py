"""Stores the items of DynamoDB's tables as rows of a database, one JSON text each, and makes moto's items of them."""

import json
from base64 import b64decode
from dataclasses import dataclass
from decimal import DecimalException
from sqlite3 import Connection
from typing import Any

from boto3.dynamodb.types import DYNAMODB_CONTEXT
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.utilities import dynamo_json_dump

SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    table_name TEXT, pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (table_name, pk, sk)
) WITHOUT ROWID
"""


class Partitions:
    """Stands in for moto's dictionary of dictionaries of items."""

    def __init__(self, rows: Connection, table: str) -> None:
        self._rows = rows
        self._table = table

    def __getitem__(self, pk: DynamoType) -> "_Partition":
        return _Partition(self._rows, self._table, pk.value)


@dataclass(frozen=True, slots=True)
class _Partition:
    rows: Connection
    table: str
    pk: str

    def __getitem__(self, sk: DynamoType) -> Item:
        key = (self.table, self.pk, sk.value)
        found = self.rows.execute("SELECT item FROM items WHERE (table_name, pk, sk) = (?, ?, ?)", key).fetchone()
        if found is None:
            raise KeyError(key)
        return load_item(self.pk, sk.value, found[0])

    def __setitem__(self, sk: DynamoType, item: Item) -> None:
        self.rows.execute(
            "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)",
            (self.table, self.pk, sk.value, dynamo_json_dump(item.attrs)),
        )

    def pop(self, sk: DynamoType) -> Item:
        item = self[sk]
        self.rows.execute("DELETE FROM items WHERE (table_name, pk, sk) = (?, ?, ?)", (self.table, self.pk, sk.value))
        return item


def load_item(pk: str, sk: str, text: str) -> Item:
    item = Item(DynamoType({"S": pk}), DynamoType({"S": sk}), {})
    # moto's dictionary measures the whole item before each attribute, which was done when it was stored.
    attributes = json.loads(text, object_hook=_with_bytes)
    dict.update(item.attrs, {name: DynamoType(value) for name, value in attributes.items()})
    return item


def _with_bytes(value: dict[str, Any]) -> Any:
    match value:
        case {"B": str(text)}:
            return {"B": b64decode(text)}
        case {"BS": list(texts)}:
            return {"BS": [b64decode(text) for text in texts]}
        case _:
            return with_plain_numbers(value)


def with_plain_numbers(value: Any) -> Any:
    """Returns a value whose numbers have no exponent, since moto cannot add those that have one."""
    match value:
        case {"N": str(number)}:
            return {"N": _plain(number)}
        case {"NS": list(numbers)}:
            return {"NS": [_plain(number) for number in numbers]}
        case dict():
            return {name: with_plain_numbers(part) for name, part in value.items()}
        case list():
            return [with_plain_numbers(part) for part in value]
        case _:
            return value


def _plain(number: str) -> str:
    try:
        return f"{DYNAMODB_CONTEXT.create_decimal(number):f}"
    except DecimalException:
        # moto refuses it.
        return number
