"""AWS's part on this machine, as the clients of this process see it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.handlers import BUILTIN_HANDLERS
from tests.helpers.ledgers import dynamodb_table
from tests.helpers.local_gateway import in_memory

from modest_local.aws import LocalAws
from modest_local.rows import SCHEMA

TABLE = "t"


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with in_memory(SCHEMA) as rows:
        aws = LocalAws(rows)
        dynamodb_table(aws.dynamodb(), TABLE)
        yield aws


def test_of_50_threads_on_a_limit_of_10_exactly_10_get_through(aws: LocalAws) -> None:
    client = aws.dynamodb()

    def count(_: int) -> bool:
        try:
            client.update_item(
                TableName=TABLE,
                Key={"pk": {"S": "counter"}, "sk": {"S": "counter"}},
                UpdateExpression="ADD used :one",
                ConditionExpression="attribute_not_exists(used) OR used < :limit",
                ExpressionAttributeValues={":one": {"N": "1"}, ":limit": {"N": "10"}},
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(50) as pool:
        assert sum(pool.map(count, range(50))) == 10


@pytest.fixture
def redirected(aws: LocalAws) -> Iterator[dict[str, str]]:
    """The environment of a process whose clients are redirected."""
    environ = {"AWS_PROFILE": "production", "AWS_ENDPOINT_URL": "http://elsewhere", "HOME": "/"}
    aws.redirect_clients(environ)
    yield environ
    BUILTIN_HANDLERS.remove(("before-send", aws.handle_before_send))


def test_no_client_of_this_process_talks_to_anyone_else(redirected: dict[str, str]) -> None:
    client = boto3.session.Session().client(
        "dynamodb",
        region_name=redirected["AWS_DEFAULT_REGION"],
        aws_access_key_id=redirected["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=redirected["AWS_SECRET_ACCESS_KEY"],
    )
    assert client.list_tables()["TableNames"] == [TABLE]
    assert redirected.keys() == {"HOME", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def test_whatever_changes_a_key_is_noticed_and_whatever_reads_one_is_not(aws: LocalAws) -> None:
    client = aws.apigateway()
    key = client.create_api_key(name="k", enabled=True)["id"]
    client.get_api_keys()
    assert aws.changes == 1
    client.update_api_key(apiKey=key, patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}])
    client.delete_api_key(apiKey=key)
    assert aws.changes == 3
