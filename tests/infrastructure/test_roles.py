"""What each part of a deployment may do, role by role. Whoever widens one has to widen it here too."""

import re
from typing import Any

import pytest
from tests.infrastructure.translated import Template, deployed, of_type

from modest_local.template import PSEUDO_PARAMETERS, REGION

ACCOUNT = PSEUDO_PARAMETERS["AWS::AccountId"]
VAULT = f"arn:aws:backup:eu-west-1:{ACCOUNT}:backup-vault:modest"
TRACES = ("xray:PutTraceSegments xray:PutTelemetryRecords", "*", None)


def under(*keys: str) -> Template:
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}}


MAY: dict[str, list[tuple[str, Any, Any]]] = {
    "ModerateRole": [
        ("logs:CreateLogStream logs:PutLogEvents", "ModerateLog.Arn", None),
        TRACES,
        ("dynamodb:BatchGetItem dynamodb:Query", ["Ledger.Arn"], None),
        ("dynamodb:PutItem", ["Ledger.Arn"], under("ledger#*", "idempotency#*", "seal#*")),
        ("dynamodb:UpdateItem", ["Ledger.Arn"], under("month#*")),
        (
            "kms:Decrypt",
            ["DataKey.Arn"],
            {"StringEquals": {"kms:ViaService": f"dynamodb.{REGION}.amazonaws.com"}},
        ),
    ],
    "InvoicesRole": [
        ("logs:CreateLogStream logs:PutLogEvents", "InvoicesLog.Arn", None),
        TRACES,
        ("dynamodb:BatchGetItem dynamodb:Query", ["Ledger.Arn"], None),
        (
            "kms:Decrypt",
            ["DataKey.Arn"],
            {"StringEquals": {"kms:ViaService": f"dynamodb.{REGION}.amazonaws.com"}},
        ),
        ("s3:GetObject s3:PutObject", "${InvoiceBucket.Arn}/*", None),
        (
            "kms:Decrypt kms:GenerateDataKey",
            "DataKey.Arn",
            {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}},
        ),
    ],
    "AuthorizerRole": [("logs:CreateLogStream logs:PutLogEvents", "AuthorizerLog.Arn", None), TRACES],
    "ApiGatewayLogsRole": [],
}
TAKEN_ON_BY = {
    "ModerateRole": "lambda.amazonaws.com",
    "AuthorizerRole": "lambda.amazonaws.com",
    "InvoicesRole": "lambda.amazonaws.com",
    "ApiGatewayLogsRole": "apigateway.amazonaws.com",
}
MANAGED_POLICIES = {
    "ApiGatewayLogsRole": ["arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"],
}


def allowed(role: Template) -> list[tuple[str, Any, Any]]:
    statements = [
        statement
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    assert all(statement["Effect"] == "Allow" for statement in statements)
    return [
        (_words(statement["Action"]), _name(statement["Resource"]), statement.get("Condition"))
        for statement in statements
    ]


def _words(actions: str | list[str]) -> str:
    return actions if isinstance(actions, str) else " ".join(actions)


def _name(resource: Any) -> Any:
    if isinstance(resource, list):
        return [_name(one) for one in resource]
    return ".".join(resource["Fn::GetAtt"]) if isinstance(resource, dict) else resource


def test_there_is_no_other_role(stack: Template) -> None:
    assert set(of_type(stack, "AWS::IAM::Role")) == set(MAY)
    assert not [
        name for name, resource in stack["Resources"].items() if "::IAM::" in resource["Type"] and name not in MAY
    ]


@pytest.mark.parametrize("name", MAY)
def test_a_role_may_do_this_and_nothing_else(stack: Template, name: str) -> None:
    role = stack["Resources"][name]
    assert allowed(role) == MAY[name]
    assert role["Properties"].get("ManagedPolicyArns", []) == MANAGED_POLICIES.get(name, [])
    assert "PermissionsBoundary" not in role["Properties"]


def test_the_lists_may_be_read_and_not_written(template: Template) -> None:
    stack = deployed(template, Lists="true")
    assert allowed(stack["Resources"]["ModerateRole"]) == [
        *MAY["ModerateRole"],
        ("s3:GetObject", "${ListBucket.Arn}/lists", None),
        ("s3:ListBucket", "ListBucket.Arn", None),
        ("kms:Decrypt", "DataKey.Arn", {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}),
    ]


@pytest.mark.parametrize("name", MAY)
def test_a_role_is_taken_on_by_one_service(stack: Template, name: str) -> None:
    (statement,) = stack["Resources"][name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": TAKEN_ON_BY[name]},
        "Action": "sts:AssumeRole",
    }


def test_each_function_has_its_own_role(stack: Template) -> None:
    roles = {
        name: function["Properties"]["Role"]["Fn::GetAtt"]
        for name, function in of_type(stack, "AWS::Lambda::Function").items()
    }
    assert roles == {name: [f"{name}Role", "Arn"] for name in ("Moderate", "Authorizer", "Invoices")}


def test_only_gradual_deployment_brings_a_further_role(template: Template) -> None:
    stack = deployed(template, GradualDeployment="true")
    (role,) = (role for name, role in of_type(stack, "AWS::IAM::Role").items() if name not in MAY)
    assert allowed(role) == []
    assert [_policy_name(arn) for arn in role["Properties"]["ManagedPolicyArns"]] == ["AWSCodeDeployRoleForLambda"]


def test_only_backups_in_another_region_bring_a_role_that_makes_them(template: Template) -> None:
    role = deployed(template, BackupVaultArn=VAULT)["Resources"]["BackupRole"]["Properties"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "backup.amazonaws.com"}
    assert [_policy_name(arn) for arn in role["ManagedPolicyArns"]] == ["AWSBackupServiceRolePolicyForBackup"]
    assert "Policies" not in role


def _policy_name(arn: str) -> str:
    return arn.rpartition("/")[2]


def test_functions_are_called_by_api_gateway_alone_and_the_invoices_by_their_schedule(stack: Template) -> None:
    permissions = [permission["Properties"] for permission in of_type(stack, "AWS::Lambda::Permission").values()]
    of_invoices = [permission for permission in permissions if permission["FunctionName"] == {"Ref": "Invoices"}]
    assert [permission["Principal"] for permission in of_invoices] == ["events.amazonaws.com"]
    others = [permission for permission in permissions if permission not in of_invoices]
    assert {permission["Principal"] for permission in others} == {"apigateway.amazonaws.com"}
    assert all("SourceArn" in permission for permission in permissions)


@pytest.mark.parametrize("name", ["ModerateRole", "InvoicesRole"])
def test_with_a_restored_ledger_a_role_may_do_the_same_to_that_table_as_well(template: Template, name: str) -> None:
    both = ["Ledger.Arn", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/restored"]
    may = [(actions, both if of == ["Ledger.Arn"] else of, condition) for actions, of, condition in MAY[name]]
    assert allowed(deployed(template, RestoredLedger="restored")["Resources"][name]) == may


@pytest.mark.parametrize("name", ["ModerateRole", "InvoicesRole"])
def test_a_ledger_of_a_deleted_stack_is_read_with_the_key_of_that_stack_too(template: Template, name: str) -> None:
    old_key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert re.fullmatch(template["Parameters"]["RestoredLedgerKey"]["AllowedPattern"], old_key)
    stack = deployed(template, RestoredLedger="modest-Ledger-1", RestoredLedgerKey=old_key)
    decrypts = [of for actions, of, _ in allowed(stack["Resources"][name]) if actions == "kms:Decrypt"]
    assert decrypts == [["DataKey.Arn", old_key]]


def test_the_key_serves_this_account_its_logs_and_its_alarms(stack: Template) -> None:
    account, logs, alarms = stack["Resources"]["DataKey"]["Properties"]["KeyPolicy"]["Statement"]
    assert account["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert logs["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
    assert logs["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"}
    }
    assert alarms["Principal"] == {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]}
    assert alarms["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]


def test_the_topic_takes_only_this_accounts_alarms(stack: Template) -> None:
    (statement,) = stack["Resources"]["AlarmsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert statement["Action"] == "sns:Publish"
