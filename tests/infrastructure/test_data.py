"""What is kept, for how long, and who could read it."""

import json
import re

import pytest
from tests.infrastructure.translated import Template, of_type, only

KEY = {"Fn::GetAtt": ["DataKey", "Arn"]}


def access_log(stack: Template) -> dict[str, str]:
    return dict(json.loads(only(stack, "AWS::ApiGateway::Stage")["AccessLogSetting"]["Format"]))


def test_the_access_log_names_the_key_by_its_id_and_never_shows_it(stack: Template) -> None:
    variables = set(access_log(stack).values())
    assert "$context.identity.apiKeyId" in variables
    assert not variables & {
        "$context.identity.apiKey",
        "$context.authorizer.keyHash",
        "$context.authorizer.principalId",
    }


def test_the_access_log_holds_only_these_facts(stack: Template) -> None:
    assert set(access_log(stack).values()) == {
        "$context.requestId",
        "$context.extendedRequestId",
        "$context.requestTimeEpoch",
        "$context.httpMethod",
        "$context.resourcePath",
        "$context.status",
        "$context.identity.apiKeyId",
        "$context.authorizer.refusal",
        "$context.error.responseType",
        "$context.responseLatency",
        "$context.integration.latency",
        "$context.integration.status",
        "$context.authorizer.latency",
        "$context.authorizer.status",
        "$context.responseLength",
    }


def test_the_access_log_is_one_line_of_json_a_call(stack: Template) -> None:
    assert "\n" not in only(stack, "AWS::ApiGateway::Stage")["AccessLogSetting"]["Format"]


def test_api_gateway_never_logs_a_request_or_an_answer(stack: Template) -> None:
    for setting in only(stack, "AWS::ApiGateway::Stage")["MethodSettings"]:
        assert setting.get("DataTraceEnabled", False) is False
        assert setting.get("LoggingLevel", "OFF") == "OFF"


def test_no_log_is_kept_for_ever_or_in_the_clear(stack: Template) -> None:
    logs = of_type(stack, "AWS::Logs::LogGroup")
    assert set(logs) == {"AccessLog", "AuthorizerLog", "InvoicesLog", "ModerateLog"}
    assert all(log["Properties"] == {"RetentionInDays": 30, "KmsKeyId": KEY} for log in logs.values())


def test_every_function_writes_to_a_log_of_that_kind_and_is_traced(stack: Template) -> None:
    for name, function in of_type(stack, "AWS::Lambda::Function").items():
        assert function["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}Log"}}
        assert function["Properties"]["TracingConfig"] == {"Mode": "Active"}


def test_no_trace_holds_the_query_of_a_call(stack: Template) -> None:
    # The functions' own traces hold no request. API Gateway's hold its URL, query and all.
    assert "TracingEnabled" not in only(stack, "AWS::ApiGateway::Stage")


def test_the_ledger_can_be_restored_and_not_read_without_the_key(stack: Template) -> None:
    ledger = stack["Resources"]["Ledger"]["Properties"]
    assert ledger["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert ledger["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    assert ledger["BillingMode"] == "PAY_PER_REQUEST"
    assert ledger["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert [(key["AttributeName"], key["KeyType"]) for key in ledger["KeySchema"]] == [("pk", "HASH"), ("sk", "RANGE")]


@pytest.mark.parametrize("name", ["InvoiceBucket", "ListBucket"])
def test_invoices_and_lists_are_kept_private_encrypted_and_in_every_version(stack: Template, name: str) -> None:
    assert set(of_type(stack, "AWS::S3::Bucket")) == {"InvoiceBucket", "ListBucket"}
    bucket = stack["Resources"][name]["Properties"]
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }


def test_earlier_lists_are_kept_for_a_while_and_earlier_invoices_for_good(stack: Template) -> None:
    (rule,) = stack["Resources"]["ListBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    assert not {name for name in rule if name.startswith("Expiration")}
    assert "LifecycleConfiguration" not in stack["Resources"]["InvoiceBucket"]["Properties"]


@pytest.mark.parametrize("name", ["InvoiceBucket", "ListBucket"])
def test_invoices_and_lists_are_reached_over_tls_alone(stack: Template, name: str) -> None:
    policy = stack["Resources"][f"{name}Policy"]["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert policy["Bucket"] == {"Ref": name}
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [{"Fn::GetAtt": [name, "Arn"]}, f"${{{name}.Arn}}/*"]


def test_the_key_is_renewed_every_year(stack: Template) -> None:
    assert stack["Resources"]["DataKey"]["Properties"]["EnableKeyRotation"] is True


def test_the_environment_holds_no_secret(stack: Template) -> None:
    for function in of_type(stack, "AWS::Lambda::Function").values():
        names = function["Properties"].get("Environment", {}).get("Variables", {})
        assert not [name for name in names if re.search("KEY|SECRET|TOKEN|PASSWORD", name)]
