"""What `make deploy` does after SAM, against moto."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
import yaml
from deploy import execute as execution
from deploy import finish as finishing
from deploy.finish import IMAGES_KEPT, NotDeployed, NothingDeployed, finish, session_for
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


def test_a_stack_of_something_else_is_no_deployment(session: boto3.session.Session) -> None:
    other = json.dumps({"Resources": TEMPLATE["Resources"]})
    session.client("cloudformation").create_stack(StackName=STACK, TemplateBody=other)
    with pytest.raises(NotDeployed, match=r"CREATE_COMPLETE.* has no output LedgerTable"):
        list(finish(session, STACK))


@pytest.fixture
def fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command without credentials, which must exit with 1, and returns what it says."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    path = tmp_path / "samconfig.yaml"
    path.write_text(yaml.safe_dump({"version": 0.1, **CONFIG}))

    def run(main: Callable[[], None], *arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["deploy", str(path), *arguments])
        with pytest.raises(SystemExit) as exited:
            main()
        assert exited.value.code == 1
        return capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("main", "arguments", "said"),
    [
        (finishing.main, ("prod",), "No AWS credentials were found."),
        (finishing.main, ("prdo",), "no environment prdo"),
        (finishing.main, ("version",), "no environment version"),
        (execution.main, ("prod", "arn:of:a:change:set"), "No AWS credentials were found."),
        (execution.main, ("prdo", "arn:of:a:change:set"), "no environment prdo"),
        (execution.main, ("prod", ""), "Set CHANGE_SET"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    fail: Callable[..., str], main: Callable[[], None], arguments: tuple[str, ...], said: str
) -> None:
    (line,) = fail(main, *arguments).splitlines()
    assert said in line


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
