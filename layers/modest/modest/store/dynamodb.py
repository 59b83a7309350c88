"""Implements the ledger's table on DynamoDB, through botocore's client, which boto3 would hand out as well."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoRegionError
from botocore.exceptions import ConnectionError as NotConnected
from botocore.session import Session

from modest.store.attributes import from_attribute, to_attribute
from modest.store.retries import ANSWER_SECONDS, CONNECT_SECONDS
from modest.store.table import ConditionFailed, Delete, Item, Key, Page, Put, Range, TableFailure, Update, Write

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

T = TypeVar("T")

_READ_AT_ONCE = 100
_SERVER_ERROR = 500
_BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_BUSY_REASONS = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"})


class NoClient(Exception):
    """The region, the credentials or the endpoint are missing or invalid; botocore's words in the message say which."""


def make_client(
    *, connect_seconds: float = CONNECT_SECONDS, answer_seconds: float = ANSWER_SECONDS
) -> "DynamoDBClient":
    """Returns a client that never retries, since RetryPolicy does. botocore finds its region, credentials and endpoint.

    connect_seconds: how long a connection may take.
    answer_seconds: how long an open connection may be silent.

    Raises NoClient.
    """
    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=answer_seconds,
        retries={"total_max_attempts": 1, "mode": "standard"},
        tcp_keepalive=True,
        max_pool_connections=64,
        # Each saves a twentieth of a request's time here. DynamoDB checks the parameters itself, and does not need to
        # know which Python asks.
        parameter_validation=False,
        user_agent="modest",
    )
    try:
        return cast("DynamoDBClient", Session().create_client("dynamodb", config=config))
    except NoRegionError as error:
        # botocore does not read AWS_REGION.
        raise NoClient("there is no region; set AWS_DEFAULT_REGION") from error
    except (BotoCoreError, OSError, ValueError) as error:
        raise NoClient(f"{error} ({type(error).__name__})") from error


class DynamoDBTable:
    """The `Table` that a deployment has."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def read(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        found: dict[Key, Item] = {}
        for start in range(0, len(keys), _READ_AT_ONCE):
            wanted = [_key(key) for key in keys[start : start + _READ_AT_ONCE]]
            answer = _attempt(
                self._client.batch_get_item, RequestItems={self._name: {"Keys": wanted, "ConsistentRead": True}}
            )
            if answer["UnprocessedKeys"]:
                raise TableFailure("UnprocessedKeys", perhaps_written=False, worth_retrying=True)
            for item in map(_item, answer["Responses"][self._name]):
                found[Key(item["pk"], item["sk"])] = item
        return found

    def query(self, wanted: Range, start: Key | None = None) -> Page:
        # DynamoDB refuses an empty bound.
        between = " AND sk BETWEEN :first AND :last" if wanted.first else ""
        values = {":pk": wanted.pk} | ({":first": wanted.first, ":last": wanted.last} if wanted.first else {})
        page = _attempt(
            self._client.query,
            TableName=self._name,
            KeyConditionExpression="pk = :pk" + between,
            ExpressionAttributeValues={name: to_attribute(value) for name, value in values.items()},
            ConsistentRead=True,
            ScanIndexForward=not wanted.backwards,
            **_page_options(wanted),
            **({"ExclusiveStartKey": _key(start)} if start else {}),
        )
        last = _item(page.get("LastEvaluatedKey", {}))
        return Page([_item(item) for item in page["Items"]], Key(last["pk"], last["sk"]) if last else None)

    def update(self, update: Update) -> Item:
        answer = self._write(self._client.update_item, update, ReturnValues="ALL_NEW")
        return _item(answer["Attributes"])

    def write(self, writes: Sequence[Write]) -> None:
        if len(writes) == 1:
            self._write(self._operation(writes[0]), writes[0])
            return
        try:
            _attempt(
                self._client.transact_write_items,
                TransactItems=[{type(write).__name__: self._request(write)} for write in writes],
            )
        except ClientError as error:
            raise ConditionFailed(_found(error, writes)) from error

    def _operation(self, write: Write) -> Callable[..., Any]:
        match write:
            case Put():
                return self._client.put_item
            case Update():
                return self._client.update_item
            case Delete():
                return self._client.delete_item

    def _write(self, operation: Callable[..., T], write: Write, **options: str) -> T:
        try:
            return _attempt(operation, **self._request(write), **options)
        except ClientError as error:
            old = error.response.get("Item")
            raise ConditionFailed({write.key: _item(old)} if old else {}) from error

    def _request(self, write: Write) -> dict[str, Any]:
        request: dict[str, Any] = {"TableName": self._name}
        placeholders = _Placeholders()
        match write:
            case Put(key, item):
                request["Item"] = _key(key) | {name: to_attribute(value) for name, value in item.items()}
            case Update(key):
                request["Key"] = _key(key)
                request["UpdateExpression"] = _update_expression(write, placeholders)
            case Delete(key):
                request["Key"] = _key(key)
        if write.condition is not None:
            request["ConditionExpression"] = write.condition.expression(placeholders.name, placeholders.value)
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if placeholders.names:
            request["ExpressionAttributeNames"] = placeholders.names
        if placeholders.values:
            request["ExpressionAttributeValues"] = placeholders.values
        return request


@dataclass(frozen=True, slots=True)
class _Placeholders:
    """Stand for names and values in the expressions of one request."""

    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def name(self, attribute: str) -> str:
        placeholder = f"#a{len(self.names)}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:
        placeholder = f":a{len(self.values)}"
        self.values[placeholder] = to_attribute(value)
        return placeholder


def _page_options(wanted: Range) -> dict[str, Any]:
    options: dict[str, Any] = {"Limit": wanted.page} if wanted.page else {}
    if wanted.attributes:
        names = {f"#{number}": name for number, name in enumerate(wanted.attributes)}
        options |= {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
    return options


def _update_expression(update: Update, of: _Placeholders) -> str:
    clauses = {
        "SET": [f"{of.name(key)} = {of.value(new)}" for key, new in update.set.items()],
        "ADD": [f"{of.name(key)} {of.value(more)}" for key, more in update.add.items()],
        "DELETE": [f"{of.name(key)} {of.value(fewer)}" for key, fewer in update.delete.items()],
    }
    return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)


def _attempt(operation: Callable[..., T], **request: Any) -> T:
    """Raises TableFailure, and ClientError if a condition does not hold."""
    try:
        return operation(**request)
    except ClientError as error:
        if _condition_failed(error):
            raise
        raise _failure(error) from error
    except NotConnected as error:
        raise TableFailure(type(error).__name__, perhaps_written=False, worth_retrying=True) from error
    except BotoCoreError as error:
        no_answer = isinstance(error, HTTPClientError)
        raise TableFailure(type(error).__name__, perhaps_written=True, worth_retrying=no_answer) from error
    except (OSError, ValueError) as error:
        # Credentials run out while the service runs, and botocore passes on what goes wrong with the file or the
        # program that has new ones.
        raise TableFailure(type(error).__name__, perhaps_written=True, worth_retrying=False) from error


def _condition_failed(error: ClientError) -> bool:
    reasons = _reasons(error)
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException" or (
        "ConditionalCheckFailed" in reasons and not reasons & _BUSY_REASONS
    )


def _failure(error: ClientError) -> TableFailure:
    code = error.response["Error"]["Code"]
    busy = code in _BUSY or bool(_reasons(error) & _BUSY_REASONS)
    failed_inside = error.response["ResponseMetadata"]["HTTPStatusCode"] >= _SERVER_ERROR
    return TableFailure(code, perhaps_written=failed_inside, worth_retrying=busy or failed_inside)


def _reasons(error: ClientError) -> set[str]:
    """Returns why a transaction was cancelled: the codes of its writes."""
    reasons: list[Any] = error.response.get("CancellationReasons", [])
    return {reason["Code"] for reason in reasons}


def _found(error: ClientError, writes: Sequence[Write]) -> dict[Key, Item]:
    reasons: list[Any] = error.response.get("CancellationReasons", [])
    return {write.key: _item(reason["Item"]) for write, reason in zip(writes, reasons, strict=True) if "Item" in reason}


def _key(key: Key) -> dict[str, Any]:
    return {"pk": to_attribute(key.pk), "sk": to_attribute(key.sk)}


def _item(attributes: Any) -> Item:
    return {name: from_attribute(value) for name, value in attributes.items()}
