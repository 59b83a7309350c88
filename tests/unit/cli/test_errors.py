"""What an operator is told when something cannot be done."""

from collections.abc import Iterator

import boto3
import pytest
import typer
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError
from botocore.stub import Stubber
from types_boto3_cloudformation.client import CloudFormationClient

from modest.accounts.errors import Taken
from modest.refusals import LedgerUnavailable
from modest_cli.deployment import UnknownPlan, UnknownStack, deployment_from_outputs, find_deployment
from modest_cli.errors import exit_on_error

OUTPUTS = {
    "Url": "https://x",
    "LedgerTable": "t",
    "Plans": '{"Free": {"quota": 1, "rate": 1, "burst": 1, "price_usd": 0}}',
    "FreePlanId": "f",
}


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetApiKeys")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), "No AWS credentials"),
        (NoRegionError(), "AWS_DEFAULT_REGION"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:3001/"), "make run"),
        (refused("ExpiredTokenException"), "Sign in again"),
        (refused("AccessDeniedException"), "do not allow GetApiKeys"),
        (refused("LimitExceededException", "10000 keys"), "10000 keys"),
        (LedgerUnavailable("ThrottlingException"), "ThrottlingException"),
        (Taken("There is already an account named acme."), "account named acme"),
        (UnknownStack("There is no stack x."), "no stack x"),
    ],
)
def test_it_is_told_in_one_line_with_what_to_do(
    capsys: pytest.CaptureFixture[str], error: Exception, words: str
) -> None:
    with pytest.raises(typer.Exit) as exit_, exit_on_error():
        raise error
    told_to_them = capsys.readouterr().err
    assert exit_.value.exit_code == 1
    assert words in told_to_them
    assert told_to_them.startswith("modest: ")
    assert told_to_them.count("\n") == 1


def test_a_fault_of_the_command_itself_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), exit_on_error():
        raise ZeroDivisionError


@pytest.fixture
def client() -> Iterator[CloudFormationClient]:
    client = boto3.client(
        "cloudformation",
        region_name="eu-central-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106
    )
    yield client
    client.close()


def test_an_unknown_stack_is_named_with_its_region(client: CloudFormationClient) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
        with pytest.raises(UnknownStack, match="no stack x in eu-central-1"):
            find_deployment(client, "x")


def test_missing_rights_are_not_taken_for_a_missing_stack(client: CloudFormationClient) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("describe_stacks", "AccessDenied")
        with pytest.raises(ClientError):
            find_deployment(client, "x")


def test_a_stack_of_something_else_is_recognised(client: CloudFormationClient) -> None:
    stack = {"StackName": "x", "CreationTime": 0, "StackStatus": "CREATE_COMPLETE"}
    with Stubber(client) as stub:
        stub.add_response("describe_stacks", {"Stacks": [stack]})
        with pytest.raises(UnknownStack, match="not a deployment of Modest"):
            find_deployment(client, "x")


def test_a_plan_is_found_in_whatever_case_it_is_written() -> None:
    deployment = deployment_from_outputs(OUTPUTS, "modest")
    assert deployment.plan("free").name == "Free"
    assert deployment.plan_ids == {"Free": "f"}
    assert deployment.invoice_bucket is None
    assert deployment_from_outputs(OUTPUTS | {"InvoiceBucket": "b"}, "modest").invoice_bucket == "b"
    with pytest.raises(UnknownPlan, match="The plans are Free"):
        deployment.plan("gold")
