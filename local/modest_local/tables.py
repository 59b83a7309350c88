"""Emulates DynamoDB: moto reads requests, evaluates expressions and writes answers, and SQLite keeps the items.

moto's own tables are Python objects. Each query sorts all of them, and each transaction copies all of them.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from decimal import DecimalException, localcontext
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import DYNAMODB_CONTEXT
from moto.core.common_types import TYPE_RESPONSE
from moto.core.request import Request
from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import MockValidationException, ResourceInUseException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_json_dump
from moto.dynamodb.responses import DynamoHandler
from werkzeug.wrappers import Response

from modest_local.database import transaction
from modest_local.rows import Partitions, load_item, with_plain_numbers
from modest_local.template import ACCOUNT_ID, REGION

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PAGE_BYTES = 1024 * 1024
_RANGES = {
    None: "",
    "=": "AND sk = :low",
    "<": "AND sk < :low",
    "<=": "AND sk <= :low",
    ">": "AND sk > :low",
    ">=": "AND sk >= :low",
    "BETWEEN": "AND sk BETWEEN :low AND :high",
    "BEGINS_WITH": "AND sk >= :low AND substr(sk, 1, length(:low)) = :low",
}

Page = tuple[list[Item], int, dict[str, Any] | None]
"""The items that pass the filter, how many were read, and the key of the last one if there are more."""


class Tables:
    """Answers DynamoDB's requests, one at a time."""

    def __init__(self, rows: sqlite3.Connection) -> None:
        """rows: a database with `rows.SCHEMA`."""
        self._backend = _Backend(rows)
        # Neither moto nor a connection's transactions can be used by two threads at a time.
        self._lock = threading.Lock()

    def wsgi(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        with self._lock:
            status, headers, body = _Handler(self._backend).handle(request)
            # moto keeps every item that it ever made, for a page of its own that lists them.
            Item.instances_tracked.clear()  # type: ignore[attr-defined]
        return Response(body, int(status), headers)(environ, start_response)


class _Handler(DynamoHandler):
    def __init__(self, backend: "_Backend") -> None:
        super().__init__()
        self._backend = backend

    def handle(self, request: Request) -> TYPE_RESPONSE:
        self.setup_class(request)
        answer: TYPE_RESPONSE = self.call_action()
        return answer

    @property
    def dynamodb_backend(self) -> "_Backend":
        return self._backend

    def parse_parameters(self, request: Request) -> None:
        super().parse_parameters(request)
        self.params = with_plain_numbers(self.params)

    def serialized(self, action_result: ActionResult) -> TYPE_RESPONSE:
        if isinstance(action_result.result, Exception):
            return super().serialized(action_result)
        # moto's serializer looks up each attribute in a model of the service, which takes a third of a request's time.
        return 200, self.response_headers, dynamo_json_dump(action_result.result or {})


class _Backend(DynamoDBBackend):
    def __init__(self, rows: sqlite3.Connection) -> None:
        super().__init__(REGION, ACCOUNT_ID)
        self._rows = rows

    def create_table(self, name: str, **facts: Any) -> Table:  # type: ignore[override]
        if name in self.tables:
            raise ResourceInUseException(f"Table already exists: {name}")
        if facts["global_indexes"] or facts["indexes"]:
            raise MockValidationException("Indexes are not emulated.")
        wanted = {name: facts[name] for name in ("schema", "attr", "billing_mode")}
        self.tables[name] = _Table(  # type: ignore[abstract]
            self._rows, name, account_id=self.account_id, region=self.region_name, **wanted
        )
        return self.tables[name]

    def delete_table(self, name: str) -> Table:
        self._rows.execute("DELETE FROM items WHERE table_name = ?", (name,))
        return super().delete_table(name)

    def update_item(self, table_name: str, key: dict[str, dict[str, Any]], *values: Any, **options: Any) -> Item:
        try:
            with transaction(self._rows), localcontext(DYNAMODB_CONTEXT):
                item = super().update_item(table_name, key, *values, **options)
                self.get_table(table_name).items[item.hash_key][item.range_key] = item
        except DecimalException as error:
            raise MockValidationException("DynamoDB only supports precision up to 38 digits") from error
        return item

    def transact_write_items(self, transact_items: list[dict[str, Any]]) -> None:
        with transaction(self._rows):
            super().transact_write_items(transact_items)


class _Table(Table):
    """A table whose `items` are rows. It has string keys and no indexes."""

    def __init__(self, rows: sqlite3.Connection, name: str, **facts: Any) -> None:
        super().__init__(name, **facts)
        if (self.hash_key_type, self.range_key_type) != ("S", "S"):
            raise MockValidationException("Only tables with two keys, both strings, are emulated.")
        self._rows = rows
        self.items = Partitions(rows, name)  # type: ignore[assignment]

    def __deepcopy__(self, _memo: object) -> "_Table":
        """Returns itself: what moto undoes by means of a copy, _Backend undoes in the database."""
        return self

    def __len__(self) -> int:
        (count,) = self._rows.execute("SELECT count(*) FROM items WHERE table_name = ?", (self.name,)).fetchone()
        return int(count)

    def query(self, *arguments: Any, **_: Any) -> Page:
        pk, comparison, values, limit, start, forward, projection, _index, _consistent, condition = arguments
        bounds = dict(zip(("low", "high"), (value.value for value in values), strict=False))
        where = f"pk = :pk {_RANGES[comparison]}"
        if start:
            bounds["start"] = start[self.range_key_attr]["S"]
            where += " AND sk > :start" if forward else " AND sk < :start"
        rows = self._select(where, {"pk": pk.value, **bounds}, order="sk" if forward else "sk DESC")
        return self._page(rows, limit, condition, projection)

    def scan(self, *arguments: Any, segments: tuple[Any, Any] = (None, None), **_: Any) -> Page:
        _filters, limit, start, condition, _index, _consistent, projection = arguments
        if segments != (None, None):
            raise MockValidationException("Parallel scans are not emulated.")
        where = "(pk, sk) > (:pk, :sk)" if start else "TRUE"
        bounds = {"pk": start[self.hash_key_attr]["S"], "sk": start[self.range_key_attr]["S"]} if start else {}
        return self._page(self._select(where, bounds, order="pk, sk"), limit, condition, projection)

    def _select(self, where: str, bounds: dict[str, str], *, order: str) -> Iterator[tuple[str, str, str]]:
        return self._rows.execute(
            f"SELECT pk, sk, item FROM items WHERE table_name = :table AND {where} ORDER BY {order}",  # noqa: S608
            {"table": self.name, **bounds},
        )

    def _page(
        self,
        rows: Iterator[tuple[str, str, str]],
        limit: int | None,
        condition: Any,
        projection: list[list[str]] | None,
    ) -> Page:
        items: list[Item] = []
        read, size = 0, 0
        last: dict[str, Any] = {}
        for pk, sk, text in rows:
            size += len(text)
            if read and (read == limit or size > _PAGE_BYTES):
                return items, read, last
            item = load_item(pk, sk, text)
            if condition is None or condition.expr(item):
                items.append(item.project(projection) if projection else item)
            read += 1
            last = {name: item.attrs[name] for name in self.table_key_attrs}
        return items, read, None
