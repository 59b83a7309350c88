"""DynamoDB's failures as the ledger sees them, and how long it waits for them."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ConnectTimeoutError, IncompleteReadError, ReadTimeoutError
from botocore.stub import Stubber
from tests.helpers.ledgers import AWS_ENVIRONMENT, environment

from modest.refusals import LedgerUnavailable
from modest.store.conditions import Attr
from modest.store.dynamodb import DynamoDBTable, NoClient, make_client
from modest.store.retries import ANSWER_SECONDS, FIRST_OPERATION_SECONDS, OPERATION_SECONDS, RetryPolicy
from modest.store.table import ConditionFailed, Key, Put, TableFailure, Update, Write

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

HERE, THERE = Key("month#1#2026-11", "month"), Key("ledger#1", "call#1")
ONE = Update(HERE, add={"used": 1}, condition=Attr("used").lt(10))
BOTH: list[Write] = [Put(HERE, {"a": 1}, Attr("pk").not_exists()), Update(THERE, add={"calls": 1})]


def client_at(endpoint: str = "http://127.0.0.1:9") -> "DynamoDBClient":
    with environment(AWS_ENVIRONMENT | {"AWS_ENDPOINT_URL_DYNAMODB": endpoint}):
        return make_client()


@pytest.fixture(scope="module")
def client() -> "DynamoDBClient":
    return client_at()


@pytest.fixture
def stub(client: "DynamoDBClient") -> Iterator[Stubber]:
    with Stubber(client) as stub:
        yield stub


@pytest.fixture
def table(client: "DynamoDBClient") -> DynamoDBTable:
    return DynamoDBTable(client, "ledger")


@pytest.mark.parametrize(
    ("code", "status", "perhaps_written", "worth_retrying"),
    [
        ("ProvisionedThroughputExceededException", 400, False, True),
        ("ThrottlingException", 400, False, True),
        ("RequestLimitExceeded", 400, False, True),
        ("TransactionConflictException", 400, False, True),
        ("InternalServerError", 500, True, True),
        ("ServiceUnavailable", 503, True, True),
        ("AccessDeniedException", 400, False, False),
        ("ResourceNotFoundException", 400, False, False),
        ("ValidationException", 400, False, False),
    ],
)
def test_an_error_says_whether_it_is_worth_retrying_and_whether_it_may_have_written(  # noqa: PLR0917
    table: DynamoDBTable,
    stub: Stubber,
    code: str,
    status: int,
    perhaps_written: bool,
    worth_retrying: bool,
) -> None:
    stub.add_client_error("update_item", code, http_status_code=status)
    with pytest.raises(TableFailure) as failure:
        table.update(ONE)
    assert failure.value.reason == code
    assert failure.value.perhaps_written is perhaps_written
    assert failure.value.worth_retrying is worth_retrying


@pytest.mark.parametrize(
    ("error", "perhaps_written"),
    [
        (ReadTimeoutError(endpoint_url=""), True),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), True),
        (ConnectTimeoutError(endpoint_url=""), False),
    ],
)
def test_a_request_that_was_sent_and_not_answered_may_have_written(
    client: "DynamoDBClient",
    table: DynamoDBTable,
    error: Exception,
    perhaps_written: bool,
) -> None:
    def fail(**_event: object) -> None:
        raise error

    client.meta.events.register("before-send.dynamodb", fail)
    with pytest.raises(TableFailure) as failure:
        table.update(ONE)
    client.meta.events.unregister("before-send.dynamodb", fail)
    assert failure.value.perhaps_written is perhaps_written


def test_credentials_that_cannot_be_read_are_a_failure_that_no_retry_mends(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ledger")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/token")
    table = DynamoDBTable(make_client(), "ledger")
    with pytest.raises(TableFailure) as failure:
        table.update(ONE)
    assert failure.value.reason == "FileNotFoundError"
    assert not failure.value.worth_retrying


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"AWS_PROFILE": "nobody"}, "nobody"),
        ({"AWS_DEFAULT_REGION": "eu central"}, "eu central"),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "somewhere"}, "somewhere"),
    ],
    ids=["profile", "region", "endpoint"],
)
def test_without_what_a_client_needs_the_message_names_it(variables: dict[str, str], named: str) -> None:
    with environment(AWS_ENVIRONMENT | variables), pytest.raises(NoClient, match=named):
        make_client()


def test_the_variable_that_is_to_name_the_region_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Other tools of AWS read AWS_REGION, which botocore does not."""
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    with pytest.raises(NoClient, match="there is no region; set AWS_DEFAULT_REGION"):
        make_client()


def cancelled(stub: Stubber, *reasons: dict[str, object]) -> None:
    stub.add_client_error(
        "transact_write_items", "TransactionCanceledException", modeled_fields={"CancellationReasons": list(reasons)}
    )


def test_a_cancelled_transaction_says_which_conditions_did_not_hold(table: DynamoDBTable, stub: Stubber) -> None:
    found = {"pk": {"S": HERE.pk}, "sk": {"S": HERE.sk}, "a": {"N": "2"}}
    cancelled(stub, {"Code": "ConditionalCheckFailed", "Item": found}, {"Code": "None"})
    with pytest.raises(ConditionFailed) as failure:
        table.write(BOTH)
    assert failure.value.found == {HERE: {"pk": HERE.pk, "sk": HERE.sk, "a": Decimal(2)}}


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_conflicts_with_another_is_retried(table: DynamoDBTable, stub: Stubber, code: str) -> None:
    for other in ("None", "ConditionalCheckFailed"):
        cancelled(stub, {"Code": other}, {"Code": code})
        with pytest.raises(TableFailure) as failure:
            table.write(BOTH)
        assert failure.value.worth_retrying
        assert not failure.value.perhaps_written


def test_an_incomplete_read_is_a_failure(table: DynamoDBTable, stub: Stubber) -> None:
    key = {"pk": {"S": HERE.pk}, "sk": {"S": HERE.sk}}
    stub.add_response("batch_get_item", {"Responses": {"ledger": []}, "UnprocessedKeys": {"ledger": {"Keys": [key]}}})
    with pytest.raises(TableFailure) as failure:
        table.read([HERE])
    assert failure.value.worth_retrying


@contextmanager
def silent_server() -> Iterator[tuple[str, list[socket.socket]]]:
    """Yields the endpoint of a server that accepts requests and never answers, and its connections."""
    taken: list[socket.socket] = []

    def take() -> None:
        while True:
            try:
                taken.append(listener.accept()[0])
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", taken
        listener.shutdown(socket.SHUT_RDWR)
    for connection in taken:
        connection.close()


def give_up(retries: RetryPolicy, table: DynamoDBTable) -> None:
    with pytest.raises(LedgerUnavailable, match="cannot reach its ledger"):
        retries.run(lambda: table.read([HERE]))


def test_a_silent_dynamodb_gets_at_most_ten_requests_in_the_first_operation_and_three_in_a_later_one() -> None:
    """Attempts are counted and not timed: each is cut off after its share, however busy the machine is."""
    retries = RetryPolicy()
    with silent_server() as (endpoint, connections):
        table = DynamoDBTable(client_at(endpoint), "ledger")
        give_up(retries, table)
        first = len(connections)
        retries.run(lambda: "an answer, at last")
        give_up(retries, table)
        warm = len(connections) - first
    assert first <= FIRST_OPERATION_SECONDS / ANSWER_SECONDS
    assert warm <= OPERATION_SECONDS / ANSWER_SECONDS
    assert first + warm


def test_the_ledger_gives_up_a_dynamodb_that_it_cannot_reach() -> None:
    give_up(RetryPolicy(), DynamoDBTable(client_at(), "ledger"))
