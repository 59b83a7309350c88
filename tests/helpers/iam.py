"""Lets a role's policy decide on the requests of a DynamoDB client, as IAM does."""

import json
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError
from botocore.model import OperationModel

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

Statement = dict[str, Any]

_LIKE, _LEADING_KEYS = "ForAllValues:StringLike", "dynamodb:LeadingKeys"


class Access(NamedTuple):
    """What IAM decides on. A request is one access, or several if it is a transaction."""

    action: str
    resource: str
    partitions: frozenset[str]


class Role:
    """The statements of a role, with the names of resources resolved as `<name>.Arn`."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._statements = statements
        self.granted: list[Access] = []

    def take_on(self, client: "DynamoDBClient") -> None:
        """Makes the client's requests fail as IAM does, unless the role allows them."""
        client.meta.events.register("before-call.dynamodb", self._check)

    def conditional_rights(self) -> set[tuple[str, str]]:
        """Returns the actions that are limited to some partitions, each with a pattern of theirs."""
        return {
            (statement["Action"], pattern)
            for statement in self._statements
            for pattern in statement.get("Condition", {}).get(_LIKE, {}).get(_LEADING_KEYS, [])
        }

    def _check(self, model: OperationModel, params: dict[str, Any], **_: object) -> None:
        accesses = list(_accesses(model.name, json.loads(params["body"])))
        # AWS does not document whether an action of a transaction is judged by its own partition or by all of them.
        together = frozenset[str]().union(*(access.partitions for access in accesses))
        allowed = {
            all(map(self._allows, accesses)),
            all(self._allows(access._replace(partitions=together)) for access in accesses),
        }
        assert len(allowed) == 1, f"whether this is allowed depends on how IAM judges transactions: {accesses}"
        if allowed == {False}:
            raise ClientError(
                {"Error": {"Code": "AccessDeniedException"}, "ResponseMetadata": {"HTTPStatusCode": 400}},  # type: ignore[typeddict-item]
                model.name,
            )
        self.granted += accesses

    def _allows(self, access: Access) -> bool:
        return any(_matches(statement, access) for statement in self._statements)


def _matches(statement: Statement, access: Access) -> bool:
    match statement:
        case {"Effect": "Allow", "Action": actions, "Resource": resources, **rest}:
            return (
                _matches_any(access.action, actions)
                and _matches_any(access.resource, resources)
                and _holds(rest.get("Condition"), access)
            )
    raise NotImplementedError(statement)


def _matches_any(text: str, patterns: str | list[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in ([patterns] if isinstance(patterns, str) else patterns))


def _holds(condition: Any, access: Access) -> bool:
    if condition is None:
        return True
    patterns = condition.get(_LIKE, {}).get(_LEADING_KEYS)
    if condition != {_LIKE: {_LEADING_KEYS: patterns}}:
        raise NotImplementedError(condition)
    return all(_matches_any(partition, patterns) for partition in access.partitions)


def _accesses(operation: str, body: dict[str, Any]) -> Iterator[Access]:
    match body:
        case {"TransactItems": writes}:
            for write in writes:
                for verb, part in write.items():
                    yield from _accesses(f"{verb}Item", part)
        case {"RequestItems": tables}:
            for table, requests in tables.items():
                yield _access(operation, table, requests)
        case _:
            yield _access(operation, body.get("TableName", ""), body)


def _access(operation: str, table: str, request: Any) -> Access:
    return Access(f"dynamodb:{operation}", f"{table}.Arn", frozenset(_partitions(request)))


def _partitions(request: Any) -> Iterator[str]:
    """Finds the partitions in the keys and items of a request, and in a query's values."""
    match request:
        case {"pk": {"S": partition}} | {":pk": {"S": partition}}:
            yield partition
        case dict():
            for part in request.values():
                yield from _partitions(part)
        case list():
            for part in request:
                yield from _partitions(part)
