"""What `make deploy` does after SAM, against moto."""

import json
from collections.abc import Iterator

import boto3
import pytest
from deploy.finish import IMAGES_KEPT, NothingDeployed, finish, session_for
from moto import mock_aws

STACK = "modest-prod"
REPOSITORY = "modestprod/moderaterepo"
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
    "Outputs": {"LedgerTable": {"Value": {"Ref": "Ledger"}}, "FunctionName": {"Value": "Moderate"}},
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


@pytest.fixture
def deployed(session: boto3.session.Session) -> boto3.session.Session:
    """A session in whose account the stack is deployed."""
    role = session.client("iam").create_role(RoleName="Moderate", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    repository = session.client("ecr").create_repository(repositoryName=REPOSITORY)["repository"]["repositoryUri"]
    session.client("lambda").create_function(
        FunctionName="Moderate", PackageType="Image", Code={"ImageUri": f"{repository}:moderate-1"}, Role=role
    )
    session.client("cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(TEMPLATE))
    return session


def test_the_ledger_is_protected_once_it_is_deployed(deployed: boto3.session.Session) -> None:
    said, _ = finish(deployed, STACK)
    assert "now protected" in said
    dynamodb = deployed.client("dynamodb")
    (table,) = dynamodb.list_tables()["TableNames"]
    assert dynamodb.describe_table(TableName=table)["Table"]["DeletionProtectionEnabled"] is True


def test_old_images_expire_unless_the_operator_has_said_otherwise(deployed: boto3.session.Session) -> None:
    _, said = finish(deployed, STACK)
    assert f"{REPOSITORY} now keeps" in said
    ecr = deployed.client("ecr")
    (rule,) = json.loads(ecr.get_lifecycle_policy(repositoryName=REPOSITORY)["lifecyclePolicyText"])["rules"]
    assert (rule["selection"]["countNumber"], rule["action"]) == (IMAGES_KEPT, {"type": "expire"})
    own = json.dumps({"rules": [{**rule, "description": "The operator's own."}]})
    ecr.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=own)
    list(finish(deployed, STACK))
    assert ecr.get_lifecycle_policy(repositoryName=REPOSITORY)["lifecyclePolicyText"] == own


def test_a_repetition_changes_nothing_and_says_so(deployed: boto3.session.Session) -> None:
    list(finish(deployed, STACK))
    assert not [sentence for sentence in finish(deployed, STACK) if " now " in sentence]
