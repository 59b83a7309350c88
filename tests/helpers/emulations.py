"""Asks a DynamoDB, or what stands in for it, in Python's types."""

from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

TABLE = "contract"
_TYPES = {"S", "N", "B", "M", "L", "SS", "NS", "BS", "BOOL", "NULL"}


class Emulation:
    """A table that is asked in Python's types, each test about partitions of its own."""

    def __init__(self, client: "DynamoDBClient", test: str) -> None:
        self._client = client
        self._test = test

    def key(self, sk: str, pk: str = "p") -> dict[str, Any]:
        return {"pk": f"{self._test} {pk}", "sk": sk}

    def ask(self, operation: str, **request: Any) -> Any:
        for name in ("Item", "Key", "ExpressionAttributeValues", "ExclusiveStartKey"):
            if name in request:
                request[name] = serialized(request[name])
        return plain(getattr(self._client, operation)(TableName=TABLE, **request))

    def put(self, sk: str, pk: str = "p", **attributes: Any) -> dict[str, Any]:
        item = self.key(sk, pk) | attributes
        self.ask("put_item", Item=item)
        return item

    def get(self, sk: str) -> Any:
        return self.ask("get_item", Key=self.key(sk), ConsistentRead=True).get("Item")

    def update(self, sk: str, expression: str, **options: Any) -> Any:
        return self.ask("update_item", Key=self.key(sk), UpdateExpression=expression, **options)

    def query(self, condition: str = "", values: dict[str, Any] | None = None, **options: Any) -> list[str]:
        """Returns the sort keys over all pages."""
        values = {":pk": self.key("")["pk"]} | (values or {})
        return self._pages(
            "query", KeyConditionExpression=f"pk = :pk{condition}", ExpressionAttributeValues=values, **options
        )

    def scan(self, **options: Any) -> list[str]:
        values = {":pk": f"{self._test} "}
        return self._pages("scan", FilterExpression="begins_with(pk, :pk)", ExpressionAttributeValues=values, **options)

    def transact(self, *writes: dict[str, Any]) -> Any:
        items = [
            {
                verb: {"TableName": TABLE}
                | {
                    name: serialized(part) if name in ("Item", "Key", "ExpressionAttributeValues") else part
                    for name, part in request.items()
                }
                for verb, request in write.items()
            }
            for write in writes
        ]
        return self._client.transact_write_items(TransactItems=items)  # type: ignore[arg-type]

    def batch(self, operation: str, requests: Any) -> Any:
        return plain(getattr(self._client, operation)(RequestItems={TABLE: requests}))

    def _pages(self, operation: str, **request: Any) -> list[str]:
        found: list[str] = []
        while True:
            page = self.ask(operation, **request)
            found += [item["sk"] for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return found
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def serialized(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in attributes.items()}


def plain(answer: dict[str, Any]) -> dict[str, Any]:
    def read(value: Any) -> Any:
        match value:
            case dict() if len(value) == 1 and value.keys() <= _TYPES:
                attribute: Any = value
                return TypeDeserializer().deserialize(attribute)
            case dict():
                return {name: read(part) for name, part in value.items()}
            case list():
                return [read(part) for part in value]
            case _:
                return value

    return {name: read(part) for name, part in answer.items() if name != "ResponseMetadata"}
