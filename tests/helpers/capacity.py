"""Counts a client's requests to DynamoDB, and the capacity units that the engine says they took."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.model import OperationModel

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_READS = frozenset({"BatchGetItem", "GetItem", "Query"})


@dataclass
class Capacity:
    requests: list[str] = field(default_factory=list)
    read_units: float = 0
    write_units: float = 0


@contextmanager
def measured(client: "DynamoDBClient") -> Iterator[Capacity]:
    """Yields what grows with each of the client's requests."""
    found = Capacity()

    def ask(params: dict[str, Any], **_: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def note(parsed: dict[str, Any], model: OperationModel, **_: object) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        units = sum(each["CapacityUnits"] for each in (consumed if isinstance(consumed, list) else [consumed]))
        found.requests.append(model.name)
        if model.name in _READS:
            found.read_units += units
        else:
            found.write_units += units

    events = client.meta.events
    events.register("provide-client-params.dynamodb", ask)
    events.register("after-call.dynamodb", note)
    try:
        yield found
    finally:
        events.unregister("provide-client-params.dynamodb", ask)
        events.unregister("after-call.dynamodb", note)


def size_of(value: Any) -> int:
    """Returns the bytes of an item, as AWS documents them."""
    match value:
        case dict():
            return sum(len(name.encode()) + size_of(part) for name, part in value.items())
        case str():
            return len(value.encode())
        case Decimal():
            return (len(value.normalize().as_tuple().digits) + 1) // 2 + 1
        case set():
            return sum(map(size_of, value))
        case list():
            return 3 + sum(1 + size_of(part) for part in value)
        case _:
            return len(bytes(value))
