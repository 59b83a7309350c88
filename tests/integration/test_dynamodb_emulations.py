"""What the ledger may ask of DynamoDB: the local gateway answers as DynamoDB Local does, and as moto where that can."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from tests.helpers.emulations import TABLE, Emulation, plain, serialized
from tests.helpers.ledgers import dynamodb_table, slow_client
from tests.helpers.local_gateway import in_memory

from modest_local.aws import LocalAws
from modest_local.rows import SCHEMA

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

NESTED: dict[str, Any] = {
    "text": "é\u2028",
    "number": Decimal("-12.5"),
    "bytes": b"\x00\xff",
    "map": {"B": {"N": "a name"}, "list": [True, None, {"inner": b"\x01"}]},
    "words": {"a", "b"},
    "numbers": {Decimal(1), Decimal("2.5")},
    "blobs": {b"\x01", b"\x02"},
}


@pytest.fixture(scope="module", params=["local", "dynamodb", "moto"])
def client(request: pytest.FixtureRequest) -> Iterator["DynamoDBClient"]:
    match request.param:
        case "local":
            with in_memory(SCHEMA) as rows:
                client = LocalAws(rows).dynamodb()
                dynamodb_table(client, TABLE)
                yield client
        case "dynamodb":
            client = slow_client(request.getfixturevalue("dynamodb_endpoint"))
            dynamodb_table(client, TABLE)
            yield client
            client.delete_table(TableName=TABLE)
        case "moto":
            with mock_aws():
                client = slow_client()
                dynamodb_table(client, TABLE)
                yield client


@pytest.fixture
def table(client: "DynamoDBClient", request: pytest.FixtureRequest) -> Emulation:
    return Emulation(client, request.node.originalname)


# moto adds numbers as Python does: it fails at exponents and rounds to 28 digits.
counts_exactly = pytest.mark.parametrize("client", ["local", "dynamodb"], indirect=True)


def error_of(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def test_an_item_of_every_type_comes_back_as_it_was_put(table: Emulation) -> None:
    item = table.put("a", **NESTED)
    assert table.get("a") == item
    assert table.get("b") is None


def test_a_projection_returns_the_named_attributes(table: Emulation) -> None:
    table.put("a", x=1, y=2)
    found = table.ask("get_item", Key=table.key("a"), ProjectionExpression="#x", ExpressionAttributeNames={"#x": "x"})
    assert found["Item"] == {"x": 1}


def test_a_put_replaces_the_whole_item(table: Emulation) -> None:
    table.put("a", x=1)
    item = table.put("a", y=2)
    assert table.get("a") == item


def test_a_put_if_absent_happens_once_and_then_returns_what_is_there(table: Emulation) -> None:
    request: dict[str, Any] = {
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    first = table.key("a") | NESTED
    table.ask("put_item", Item=first, **request)
    with pytest.raises(ClientError) as error:
        table.ask("put_item", Item=table.key("a") | {"x": 2}, **request)
    answer: Any = error.value.response
    assert answer["Error"]["Code"] == "ConditionalCheckFailedException"
    assert plain({"item": answer["Item"]}) == {"item": first}
    assert table.get("a") == first


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("n < :six", True),
        ("n < :five", False),
        ("n BETWEEN :five AND :six", True),
        ("n IN (:five, :six)", True),
        ("NOT contains(words, :a)", False),
        ("contains(words, :a) AND (attribute_not_exists(x) OR x = :a)", True),
        ("attribute_type(words, :ss)", True),
        ("size(words) = :one", True),
        ("photo = :blob", True),
        ("begins_with(#text, :a)", True),
        ("nowhere < :six", False),
        ("nowhere <> :six", True),
    ],
)
def test_conditions_hold_or_not(table: Emulation, condition: str, *, holds: bool) -> None:
    values = {":five": 5, ":six": 6, ":one": 1, ":a": "a", ":ss": "SS", ":blob": b"\x00\xff"}
    values = {name: values[name] for name in re.findall(r":\w+", condition)}
    names = {"ExpressionAttributeNames": {"#text": "text"}} if "#text" in condition else {}
    table.put("a", n=5, words={"a"}, photo=b"\x00\xff", text="abc")

    def write() -> None:
        table.ask(
            "delete_item", Key=table.key("a"), ConditionExpression=condition, ExpressionAttributeValues=values, **names
        )

    if holds:
        write()
        assert table.get("a") is None
    else:
        assert error_of(write) == "ConditionalCheckFailedException"
        assert table.get("a")["n"] == 5


def test_an_update_makes_an_item_and_returns_the_whole_of_it(table: Emulation) -> None:
    values = {":one": 1, ":mark": {"m"}, ":text": "t"}
    answer = table.update(
        "a",
        "SET #t = :text ADD used :one, marks :mark",
        ExpressionAttributeNames={"#t": "text"},
        ExpressionAttributeValues=values,
        ReturnValues="ALL_NEW",
    )
    assert answer["Attributes"] == table.key("a") | {"text": "t", "used": 1, "marks": {"m"}}
    assert table.get("a") == answer["Attributes"]


def test_an_update_adds_sets_removes_and_deletes(table: Emulation) -> None:
    table.put("a", used=1, marks={"m", "n"}, gone=1, kept=1, list=[1])
    answer = table.update(
        "a",
        "SET summed = used + :two, kept = if_not_exists(kept, :two), #l = list_append(#l, :list) "
        "ADD used :two REMOVE gone DELETE marks :m",
        ExpressionAttributeNames={"#l": "list"},
        ExpressionAttributeValues={":two": 2, ":m": {"m"}, ":list": [2]},
        ReturnValues="ALL_NEW",
    )
    expected = table.key("a") | {"used": 3, "summed": 3, "marks": {"n"}, "kept": 1, "list": [1, 2]}
    assert answer["Attributes"] == expected
    assert table.get("a") == expected


def test_an_update_moves_bytes_from_one_set_to_another_unless_they_are_there(table: Emulation) -> None:
    values = {":one": 1, ":new": {b"\x00\x02"}, ":old": {b"\x00\x01", b"\xff"}, ":mark": b"\x00\x02"}
    request: dict[str, Any] = {
        "ConditionExpression": "NOT contains(b, :mark) AND (attribute_not_exists(used) OR used < :one)",
        "ExpressionAttributeValues": values,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    table.put("a", a={b"\x00\x01"})
    table.update("a", "ADD used :one, b :new DELETE a :old", **request)
    assert table.get("a") == table.key("a") | {"used": 1, "b": {b"\x00\x02"}}
    with pytest.raises(ClientError) as error:
        table.update("a", "ADD used :one, b :new DELETE a :old", **request)
    found: Any = error.value.response
    assert plain({"item": found["Item"]}) == {"item": table.get("a")}


def test_an_update_that_fails_makes_no_item(table: Emulation) -> None:
    values = {":text": "t", ":one": 1}
    code = error_of(
        lambda: table.update(
            "a", "SET #t = :text ADD #t :one", ExpressionAttributeNames={"#t": "t"}, ExpressionAttributeValues=values
        )
    )
    assert code == "ValidationException"
    assert table.get("a") is None


def test_a_key_cannot_be_updated(table: Emulation) -> None:
    table.put("a")
    assert (
        error_of(lambda: table.update("a", "SET sk = :x", ExpressionAttributeValues={":x": "b"}))
        == "ValidationException"
    )


@counts_exactly
def test_sums_are_exact_however_small_or_large_their_parts_are(table: Emulation) -> None:
    parts = ["0E-9", "1E-9", "1E-9", "0.5", "1E+20", "12345678901234567.123456789"]
    for part in parts:
        table.update("a", "ADD amount :part", ExpressionAttributeValues={":part": Decimal(part)})
    assert table.get("a")["amount"] == Decimal("100012345678901234567.623456791")


@counts_exactly
def test_a_sum_of_more_than_38_digits_is_refused_and_changes_nothing(table: Emulation) -> None:
    table.put("a", amount=Decimal("99999999999999999999999999999.999999999"))
    values = {":one": 1}
    assert (
        error_of(lambda: table.update("a", "ADD amount :one", ExpressionAttributeValues=values))
        == "ValidationException"
    )
    assert table.get("a")["amount"] == Decimal("99999999999999999999999999999.999999999")


KEYS = ["a", "b", "call#1", "call#10", "call#2", "call$", "sum#1", "é", "\U0001f600"]


@pytest.mark.parametrize(
    ("condition", "values", "found"),
    [
        ("", {}, KEYS),
        (" AND begins_with(sk, :x)", {":x": "call#"}, ["call#1", "call#10", "call#2"]),
        (" AND begins_with(sk, :x)", {":x": "\U0001f600"}, ["\U0001f600"]),
        (" AND sk = :x", {":x": "call#1"}, ["call#1"]),
        (" AND sk < :x", {":x": "b"}, ["a"]),
        (" AND sk <= :x", {":x": "b"}, ["a", "b"]),
        (" AND sk > :x", {":x": "sum#1"}, ["é", "\U0001f600"]),
        (" AND sk >= :x", {":x": "é"}, ["é", "\U0001f600"]),
        (" AND sk BETWEEN :x AND :y", {":x": "b", ":y": "call#10"}, ["b", "call#1", "call#10"]),
    ],
)
@pytest.mark.parametrize("limit", [2, 100])
def test_a_query_finds_a_range_in_the_order_of_the_keys_bytes(
    table: Emulation, condition: str, values: dict[str, str], found: list[str], limit: int
) -> None:
    for sk in KEYS:
        table.put(sk)
        table.put(sk, pk="another")
    assert table.query(condition, values, Limit=limit) == found
    assert table.query(condition, values, Limit=limit, ScanIndexForward=False) == found[::-1]


def test_a_query_filters_after_it_has_read_and_counts_both(table: Emulation) -> None:
    for number in range(6):
        table.put(f"{number}", n=number)
    request: dict[str, Any] = {
        "KeyConditionExpression": "pk = :pk",
        "FilterExpression": "n >= :four",
        "ExpressionAttributeValues": {":pk": table.key("")["pk"], ":four": 4},
    }
    page = table.ask("query", Limit=5, **request)
    assert (page["Count"], page["ScannedCount"], page["LastEvaluatedKey"]) == (1, 5, table.key("4"))
    counted = table.ask("query", Select="COUNT", **request)
    assert (counted["Count"], counted["ScannedCount"], "Items" in counted) == (2, 6, False)


def test_a_page_ends_at_a_megabyte(table: Emulation) -> None:
    keys = [f"{number}" for number in range(8)]
    for sk in keys:
        table.put(sk, body=b"x" * 300_000)
    page = table.ask("query", KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": table.key("")["pk"]})
    assert 2 <= page["Count"] <= 4
    assert table.query() == keys


@pytest.mark.parametrize("limit", [3, 100])
def test_a_scan_returns_every_item_once(table: Emulation, limit: int) -> None:
    for sk in KEYS:
        table.put(sk)
        table.put(sk, pk="another")
    assert sorted(table.scan(Limit=limit)) == sorted(KEYS * 2)


def test_a_batch_reads_and_writes(table: Emulation) -> None:
    item = table.put("a", **NESTED)
    table.put("b")
    new = table.key("c") | {"x": 1}
    table.batch(
        "batch_write_item",
        [{"PutRequest": {"Item": serialized(new)}}, {"DeleteRequest": {"Key": serialized(table.key("b"))}}],
    )
    answer = table.batch(
        "batch_get_item", {"Keys": [serialized(table.key(sk)) for sk in "abcd"], "ConsistentRead": True}
    )
    found = sorted(answer["Responses"][TABLE], key=lambda found: str(found["sk"]))
    assert (found, answer["UnprocessedKeys"]) == ([item, new], {})


def test_a_transaction_puts_updates_and_deletes(table: Emulation) -> None:
    table.put("b", n=1)
    table.put("c")
    table.transact(
        {"Put": {"Item": table.key("a") | NESTED, "ConditionExpression": "attribute_not_exists(pk)"}},
        {"Update": {"Key": table.key("b"), "UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": 2}}},
        {"Delete": {"Key": table.key("c")}},
        {"ConditionCheck": {"Key": table.key("d"), "ConditionExpression": "attribute_not_exists(pk)"}},
    )
    assert table.get("a") == table.key("a") | NESTED
    assert (table.get("b")["n"], table.get("c")) == (3, None)


def test_a_transaction_whose_condition_fails_says_which_and_leaves_nothing(table: Emulation) -> None:
    there = table.put("c", **NESTED)
    with pytest.raises(ClientError) as error:
        table.transact(
            {"Put": {"Item": table.key("a")}},
            {"Update": {"Key": table.key("b"), "UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": 2}}},
            {
                "Put": {
                    "Item": table.key("c"),
                    "ConditionExpression": "attribute_not_exists(pk)",
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                }
            },
            {"Delete": {"Key": table.key("d"), "ConditionExpression": "attribute_exists(pk)"}},
        )
    assert error.value.response["Error"]["Code"] == "TransactionCanceledException"
    reasons: list[Any] = error.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "None"] + ["ConditionalCheckFailed"] * 2
    assert plain({"item": reasons[2]["Item"]}) == {"item": there}
    assert "Item" not in reasons[3]
    assert [table.get(sk) for sk in "abcd"] == [None, None, there, None]


def test_a_transaction_may_name_an_item_once(table: Emulation) -> None:
    put = {"Put": {"Item": table.key("a")}}
    assert error_of(lambda: table.transact(put, put)) == "ValidationException"
    assert table.get("a") is None


def test_a_table_that_does_not_exist_is_named_as_such(client: "DynamoDBClient") -> None:
    key: Any = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    assert error_of(lambda: client.get_item(TableName="other", Key=key)) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "key", [{"pk": {"S": "a"}}, {"pk": {"N": "1"}, "sk": {"S": "b"}}, {"pk": {"S": ""}, "sk": {"S": "b"}}]
)
def test_a_key_must_be_whole_and_of_the_tables_types(client: "DynamoDBClient", key: Any) -> None:
    assert error_of(lambda: client.put_item(TableName=TABLE, Item=key)) == "ValidationException"


def test_an_item_is_at_most_400_kilobytes(table: Emulation) -> None:
    table.put("a", body=b"x" * 390_000)
    assert error_of(lambda: table.put("b", body=b"x" * 420_000)) == "ValidationException"
