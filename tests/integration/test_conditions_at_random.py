"""Random writes on any condition do to DynamoDB what the same writes with boto3's expressions do.

moto, which the local gateway is made of, fails where values of two types are compared.
"""

import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.dynamodb.conditions import Attr as Theirs
from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder
from botocore.exceptions import ClientError
from tests.helpers.emulations import plain, serialized
from tests.helpers.ledgers import dynamodb_table, slow_client

from modest.store.conditions import Attr
from modest.store.dynamodb import DynamoDBTable
from modest.store.table import ConditionFailed, Delete, Key, Put, TableFailure, Update, Write

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

TABLE = "random"
WRITES = 150
# Words that DynamoDB reserves, its operators, and names that would be read as paths or placeholders.
NAMES = ("size", "AND", "a.b", "a-b", "a[0]", "#a0", ":a0", "é", "used", "0")
VALUES = (
    *("", "a", "b", "size", ":a0", "#a0", True, False, None, 0, 1, -1, Decimal("1.50"), Decimal("1e20"), b"\x00", b"a"),
    *({"a"}, {"a", "b"}, {Decimal(1), Decimal("2.5")}, {b"a"}, ["a", 1, ["a"]], {"AND": {"a.b": 1}}),
)


class Pair(NamedTuple):
    """The same condition, or the same write, of ours and of boto3's."""

    ours: Any
    theirs: Any


class Author:
    """Makes up items and writes. Few values and names, so that many are equal."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def items(self) -> list[dict[str, Any] | None]:
        """Of one to four keys, what is there. None for nothing."""
        count = self._random.choice([1, 1, 2, 4])
        return [self._attributes(5) if self._random.random() < 0.8 else None for _ in range(count)]

    def write(self, ours: Key, theirs: Key, found: dict[str, Any] | None) -> Pair:
        condition = self._condition(found or {}, 3) if self._random.random() < 0.8 else None
        options = _options(condition.theirs if condition else None)
        match self._random.choice(["Put", "Update", "Update", "Update", "Delete"]):
            case "Put":
                item = self._attributes(4)
                write: Write = Put(ours, item, condition.ours if condition else None)
                options["Item"] = serialized({**theirs._asdict(), **item})
            case "Delete":
                write = Delete(ours, condition.ours if condition else None)
                options["Key"] = serialized(theirs._asdict())
            case _:
                changes = self._changes(found or {})
                write = Update(ours, **changes, condition=condition.ours if condition else None)
                options["Key"] = serialized(theirs._asdict())
                _add_update(options, changes)
        return Pair(write, {type(write).__name__: {"TableName": TABLE, **options}})

    def _attributes(self, most: int) -> dict[str, Any]:
        return {name: self._random.choice(VALUES) for name in self._random.sample(NAMES, self._random.randint(0, most))}

    def _changes(self, found: dict[str, Any]) -> dict[str, Any]:
        names = self._random.sample(NAMES, self._random.randint(1, 4))
        changes: dict[str, Any] = {"set": {}, "add": {}, "delete": {}}
        for name in names:
            verb = self._random.choice(["set", "set", "add", "delete"])
            changes[verb][name] = self._value_for(verb, found.get(name))
        if self._random.random() < 0.05:
            # Refused, because it changes an attribute twice.
            changes["set"][names[0]] = changes["add"][names[0]] = 1
        return changes

    def _value_for(self, verb: str, found: Any) -> Any:
        if verb == "set":
            return self._random.choice(VALUES)
        sets = [value for value in VALUES if isinstance(value, set)]
        if self._random.random() < 0.7 and isinstance(found, set):
            return self._random.choice([found, *sets])
        return self._random.choice(sets) if verb == "delete" else self._random.choice([1, Decimal("-0.5"), *sets])

    def _condition(self, found: dict[str, Any], depth: int) -> Pair:
        kind = self._random.choice(["AND", "OR", "NOT", *["one"] * (1 if depth else 9)]) if depth else "one"
        if kind == "one":
            return self._simple(found)
        first = self._condition(found, depth - 1)
        if kind == "NOT":
            return Pair(~first.ours, ~first.theirs)
        second = self._condition(found, depth - 1) if self._random.random() < 0.8 else first
        if kind == "AND":
            return Pair(first.ours & second.ours, first.theirs & second.theirs)
        return Pair(first.ours | second.ours, first.theirs | second.theirs)

    def _simple(self, found: dict[str, Any]) -> Pair:
        name = self._random.choice([*found, *NAMES, "pk"])
        ours, theirs = Attr(name), Theirs(name)
        value = self._random.choice([*VALUES, *[found[name]] * 20] if name in found else VALUES)
        if isinstance(value, set) and self._random.random() < 0.5:
            value = next(iter(value))
        match self._random.choice(["exists", "not_exists", "eq", "lt", "lte", "contains"]):
            case "exists":
                return Pair(ours.exists(), theirs.exists())
            case "not_exists":
                return Pair(ours.not_exists(), theirs.not_exists())
            case relation:
                return Pair(getattr(ours, relation)(value), getattr(theirs, relation)(value))


class _WholeNames(ConditionExpressionBuilder):
    """boto3 takes a name with a dot or brackets for a path; ours never are."""

    def _build_name_placeholder(self, value: Any, attribute_name_placeholders: dict[str, str], *_rest: Any) -> str:
        placeholder = f"#n{len(attribute_name_placeholders)}"
        attribute_name_placeholders[placeholder] = value.name
        return placeholder


def _options(condition: ConditionBase | None) -> dict[str, Any]:
    if condition is None:
        return {}
    built = _WholeNames().build_expression(condition)
    options: dict[str, Any] = {
        "ConditionExpression": built.condition_expression,
        "ExpressionAttributeNames": built.attribute_name_placeholders,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if built.attribute_value_placeholders:
        options["ExpressionAttributeValues"] = serialized(built.attribute_value_placeholders)
    return options


def _add_update(options: dict[str, Any], changes: dict[str, Any]) -> None:
    names, values = (
        options.setdefault("ExpressionAttributeNames", {}),
        options.setdefault("ExpressionAttributeValues", {}),
    )
    clauses = []
    for verb, between in (("set", " = "), ("add", " "), ("delete", " ")):
        parts = []
        for name, value in changes[verb].items():
            number = len(names) + len(values)
            names[f"#u{number}"] = name
            values |= serialized({f":u{number}": value})
            parts.append(f"#u{number}{between}:u{number}")
        clauses += [f"{verb.upper()} {', '.join(parts)}"] if parts else []
    options["UpdateExpression"] = " ".join(clauses)


def _outcome_of_ours(write: Callable[[], object]) -> object:
    try:
        write()
    except ConditionFailed as failed:
        return "condition", {key.sk: _content(item) for key, item in failed.found.items()}
    except TableFailure as failure:
        return "failure", failure.reason, failure.perhaps_written, failure.worth_retrying
    return "written"


def _outcome_of_theirs(client: "DynamoDBClient", writes: Sequence[dict[str, Any]], keys: Sequence[Key]) -> object:
    try:
        if len(writes) == 1:
            ((verb, request),) = writes[0].items()
            getattr(client, f"{verb.lower()}_item")(**request)
        else:
            client.transact_write_items(TransactItems=writes)  # type: ignore[arg-type]
    except ClientError as error:
        answer: Any = error.response
        reasons = answer.get("CancellationReasons", [{"Code": "ConditionalCheckFailed", "Item": answer.get("Item")}])
        codes = [reason["Code"] for reason in reasons]
        if answer["Error"]["Code"] in ("ConditionalCheckFailedException", "TransactionCanceledException") and (
            "ConditionalCheckFailed" in codes
        ):
            found = {key.sk: reason.get("Item") for key, reason in zip(keys, reasons, strict=True)}
            return "condition", {sk: _content(plain({"i": {"M": item}})["i"]) for sk, item in found.items() if item}
        return "failure", answer["Error"]["Code"], False, False
    return "written"


def _content(item: Any) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "pk"}


def test_random_writes_have_the_outcome_that_boto3s_expressions_have(dynamodb_endpoint: str) -> None:
    client = slow_client(dynamodb_endpoint)
    table = dynamodb_table(client, TABLE)
    outcomes: list[str] = []
    for number in range(WRITES):
        author = Author(f"{number}")
        items = author.items()
        keys = [
            Pair(Key(f"{number} ours", f"{place}"), Key(f"{number} theirs", f"{place}")) for place in range(len(items))
        ]
        for pair, item in zip(keys, items, strict=True):
            for key in pair if item is not None else ():
                table.write([Put(key, item or {})])
        writes = [author.write(pair.ours, pair.theirs, item) for pair, item in zip(keys, items, strict=True)]
        ours = _outcome_of_ours(lambda writes=writes: table.write([write.ours for write in writes]))  # type: ignore[misc]
        theirs = _outcome_of_theirs(client, [write.theirs for write in writes], [pair.theirs for pair in keys])
        assert ours == theirs, f"number {number}: {writes}"
        assert _stored(table, [pair.ours for pair in keys]) == _stored(table, [pair.theirs for pair in keys]), writes
        outcomes.append(ours if isinstance(ours, str) else str(ours[0]))  # type: ignore[index]
    # Each outcome is met often, or the writes show little.
    assert min(outcomes.count(outcome) for outcome in ("written", "condition", "failure")) > WRITES / 20, outcomes


def _stored(table: DynamoDBTable, keys: Sequence[Key]) -> dict[str, Any]:
    return {key.sk: _content(item) for key, item in table.read(keys).items()}
