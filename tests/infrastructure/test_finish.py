"""What `make deploy` does after SAM, against moto."""

import json
from collections.abc import Iterator

import boto3
import pytest
from deploy.finish import NothingDeployed, finish, session_for
from moto import mock_aws

STACK = "modest-prod"
TEMPLATE = {
    "Resources": {
        "Ledger": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            },
        }
    },
    "Outputs": {"LedgerTable": {"Value": {"Ref": "Ledger"}}},
}
CONFIG = {
    "prod": {
        "global": {"parameters": {"stack_name": STACK}},
        "deploy": {"parameters": {"region": "eu-west-1"}},
    }
}


@pytest.fixture
def session() -> Iterator[boto3.session.Session]:
    with mock_aws():
        session, stack = session_for(CONFIG, "prod")
        assert (session.region_name, stack) == ("eu-west-1", STACK)
        yield session


def test_a_stack_that_is_not_deployed_is_left_alone(session: boto3.session.Session) -> None:
    with pytest.raises(NothingDeployed, match=STACK):
        list(finish(session, STACK))


def test_the_ledger_is_protected_once_it_is_deployed_and_a_repetition_changes_nothing(
    session: boto3.session.Session,
) -> None:
    session.client("cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(TEMPLATE))
    (said,) = finish(session, STACK)
    assert "now protected" in said
    dynamodb = session.client("dynamodb")
    (table,) = dynamodb.list_tables()["TableNames"]
    assert dynamodb.describe_table(TableName=table)["Table"]["DeletionProtectionEnabled"] is True
    (said,) = finish(session, STACK)
    assert "now" not in said
