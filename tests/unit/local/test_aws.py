"""AWS's part on this machine: safe for threads, reached by this process and by others."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import create_server

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.handlers import BUILTIN_HANDLERS
from tests.fakes.clock import Clock

from modest_local.aws import HOST, LocalAws
from modest_local.meters import MonthlyQuotas, QuotaCounter
from modest_local.stack import Stack
from modest_local.state import StateFile

TABLE = "t"


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    aws = LocalAws()
    client = aws.dynamodb()
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield aws
    client.delete_table(TableName=TABLE)


def test_of_50_threads_on_a_limit_of_10_exactly_10_get_through(aws: LocalAws) -> None:
    client = aws.dynamodb()

    def count(_: int) -> bool:
        try:
            client.update_item(
                TableName=TABLE,
                Key={"pk": {"S": "counter"}},
                UpdateExpression="ADD used :one",
                ConditionExpression="attribute_not_exists(used) OR used < :limit",
                ExpressionAttributeValues={":one": {"N": "1"}, ":limit": {"N": "10"}},
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(50) as pool:
        assert sum(pool.map(count, range(50))) == 10


def test_another_process_sees_the_same_tables_through_an_endpoint(aws: LocalAws) -> None:
    with aws.serve(create_server((HOST, 0))) as url:
        outside = boto3.client(
            "dynamodb",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106
        )
        outside.put_item(TableName=TABLE, Item={"pk": {"S": "x"}})
        outside.close()
    assert aws.dynamodb().get_item(TableName=TABLE, Key={"pk": {"S": "x"}})["Item"] == {"pk": {"S": "x"}}


def test_no_client_of_this_process_talks_to_anyone_else(aws: LocalAws) -> None:
    environ = {"AWS_PROFILE": "production", "AWS_ENDPOINT_URL": "http://elsewhere", "HOME": "/"}
    aws.redirect_clients(environ)
    try:
        client = boto3.session.Session().client(
            "dynamodb",
            region_name=environ["AWS_DEFAULT_REGION"],
            aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        )
        assert TABLE in client.list_tables()["TableNames"]
    finally:
        BUILTIN_HANDLERS.remove(("before-send", aws.handle_before_send))
    assert environ.keys() == {"HOME", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def test_whatever_changes_a_key_is_noticed_and_whatever_reads_one_is_not(aws: LocalAws) -> None:
    client = aws.apigateway()
    key = client.create_api_key(name="k", enabled=True)["id"]
    client.get_api_keys()
    assert aws.changes == 1
    client.update_api_key(apiKey=key, patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}])
    client.delete_api_key(apiKey=key)
    assert aws.changes == 3


def test_the_stack_answers_with_its_outputs_and_knows_no_other() -> None:
    aws = LocalAws()
    aws.stack = Stack("modest", {"Url": "http://a/?b&c", "Plans": '{"Free": {}}'})
    with aws.serve(create_server((HOST, 0))) as url:
        client = boto3.client(
            "cloudformation",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106
        )
        (stack,) = client.describe_stacks(StackName="modest")["Stacks"]
        with pytest.raises(ClientError, match="Stack with id other does not exist"):
            client.describe_stacks(StackName="other")
        client.close()
    assert {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]} == {
        "Url": "http://a/?b&c",
        "Plans": '{"Free": {}}',
    }


def test_the_ledger_and_the_months_outlive_the_process(aws: LocalAws, tmp_path: Path) -> None:
    client = aws.dynamodb()
    item = {"pk": {"S": "x"}, "n": {"N": "1.5"}, "answer": {"B": b"\x00\xff"}, "m": {"M": {"s": {"SS": ["a"]}}}}
    client.put_item(TableName=TABLE, Item=item)  # type: ignore[arg-type]
    before, after = MonthlyQuotas(Clock()), MonthlyQuotas(Clock())
    before.take("Free", "key", 10)
    StateFile(tmp_path / "new" / "state.json", client, TABLE).save(before)
    client.delete_item(TableName=TABLE, Key={"pk": {"S": "x"}})
    StateFile(tmp_path / "new" / "state.json", client, TABLE).restore(after)
    assert client.get_item(TableName=TABLE, Key={"pk": {"S": "x"}})["Item"] == item
    assert after.used == {QuotaCounter("2026-11", "Free", "key"): 1}


def test_without_a_state_file_everything_begins_anew(aws: LocalAws, tmp_path: Path) -> None:
    quotas = MonthlyQuotas(Clock())
    StateFile(tmp_path / "state.json", aws.dynamodb(), TABLE).restore(quotas)
    assert quotas.used == {}
