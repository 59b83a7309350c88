"""How the workflows deploy: what was reviewed is what is executed."""

import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError, WaiterError
from botocore.stub import Stubber
from deploy.execute import execute
from tests.helpers.support import ROOT
from types_boto3_cloudformation.client import CloudFormationClient

STACK = "modest-prod"
CHANGE_SET = "arn:aws:cloudformation:us-east-1:123456789012:changeSet/reviewed/1"


@pytest.fixture
def client() -> Iterator[CloudFormationClient]:
    client = boto3.client(
        "cloudformation",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106
    )
    yield client
    client.close()


def answer(stub: Stubber, before: str, *after: str) -> None:
    """Prepares the answers for a stack whose status is `before` until the change set is executed."""
    stub.add_response("describe_change_set", {"StackId": STACK}, {"ChangeSetName": CHANGE_SET})
    answer_status(stub, before)
    stub.add_response("execute_change_set", {}, {"ChangeSetName": CHANGE_SET})
    for status in after:
        answer_status(stub, status)


def answer_status(stub: Stubber, status: str) -> None:
    stack = {"StackName": STACK, "CreationTime": 0, "StackStatus": status}
    stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": STACK})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("REVIEW_IN_PROGRESS", ("CREATE_IN_PROGRESS", "CREATE_COMPLETE")),
        ("UPDATE_COMPLETE", ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")),
    ],
)
def test_a_change_set_is_executed_and_awaited(
    client: CloudFormationClient, before: str, after: tuple[str, ...]
) -> None:
    with Stubber(client) as stub:
        answer(stub, before, *after)
        assert execute(client, CHANGE_SET, seconds=0) == STACK
        stub.assert_no_pending_responses()


def test_a_deployment_that_is_rolled_back_fails(client: CloudFormationClient) -> None:
    with Stubber(client) as stub:
        answer(stub, "UPDATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
        with pytest.raises(WaiterError, match="UPDATE_ROLLBACK_COMPLETE"):
            execute(client, CHANGE_SET, seconds=0)


def test_what_is_no_change_set_is_not_executed(client: CloudFormationClient) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("describe_change_set", "ChangeSetNotFound")
        with pytest.raises(ClientError, match="ChangeSetNotFound"):
            execute(client, CHANGE_SET)


def test_the_stack_that_is_finished_is_the_change_sets() -> None:
    """`make execute` may be called without ENV, whose stack would be another one."""
    recipe = (ROOT / "Makefile").read_text().partition("\nexecute:")[2].partition("\n\n")[0]
    assert "deploy.execute" in recipe
    assert "deploy.finish" not in recipe


def test_a_fresh_clone_executes_a_change_set_as_it_has_built_nothing(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    makefile = ROOT / "Makefile"
    done = subprocess.run(
        [
            "make",
            "-C",
            tmp_path,
            "-f",
            makefile,
            "execute",
            f"CHANGE_SET={CHANGE_SET}",
            "ENV=default",
            "BIN=.",
            "READY=",
        ],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"-m deploy.execute .build/samconfig.yaml default {CHANGE_SET}" in done.stdout


def test_the_workflow_names_the_stack_that_it_deploys() -> None:
    environment = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())["env"]
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    assert environment["MODEST_STACK"] == config[environment["ENV"]]["global"]["parameters"]["stack_name"] == STACK
