"""What the engine of `make stack` does not show, and AWS does. docs/deploying.md lists what these tests change."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import httpx2
import pytest
from tests.helpers.waiting import wait_until
from tests.stack.checks import MOSAIC
from tests.stack.deployment import Deployment

PNG = {"content-type": "image/png"}
WRITES = [
    ("dynamodb:PutItem", "ledger#a#2026-11", "allowed"),
    ("dynamodb:UpdateItem", "month#a#2026-11", "allowed"),
    ("dynamodb:UpdateItem", "ledger#a#2026-11", "implicitDeny"),
    ("dynamodb:PutItem", "account#a", "implicitDeny"),
    ("dynamodb:UpdateItem", "account#a", "implicitDeny"),
]
"""What AWS is asked about the function's role, and what it must answer."""


def test_the_live_version_is_the_image(deployment: Deployment) -> None:
    client = boto3.client("lambda")
    facts = client.get_function_configuration(FunctionName=deployment.outputs["FunctionName"], Qualifier="live")
    assert (facts["PackageType"], facts["State"], facts["LastUpdateStatus"]) == ("Image", "Active", "Successful")


def test_the_ledger_is_encrypted_with_the_stacks_key_and_the_function_may_use_it(
    deployment: Deployment, api: httpx2.Client
) -> None:
    table = boto3.client("dynamodb").describe_table(TableName=deployment.outputs["LedgerTable"])["Table"]
    assert table["SSEDescription"]["KMSMasterKeyArn"].endswith(deployment.outputs["DataKey"])
    assert api.post("/v1/classify", content=MOSAIC, headers=PNG).status_code == httpx2.codes.OK


@pytest.mark.parametrize(("action", "partition", "decision"), WRITES)
def test_the_function_may_write_what_calls_cost_and_no_account(
    deployment: Deployment, action: str, partition: str, decision: str
) -> None:
    iam = boto3.client("iam")
    table = boto3.client("dynamodb").describe_table(TableName=deployment.outputs["LedgerTable"])["Table"]
    (result,) = iam.simulate_principal_policy(
        PolicySourceArn=iam.get_role(RoleName=deployment.resource("ModerateRole"))["Role"]["Arn"],
        ActionNames=[action],
        ResourceArns=[table["TableArn"]],
        ContextEntries=[
            {
                "ContextKeyName": "dynamodb:LeadingKeys",
                "ContextKeyType": "stringList",
                "ContextKeyValues": [partition],
            }
        ],
    )["EvaluationResults"]
    assert result["EvalDecision"] == decision


@pytest.mark.parametrize("authorization", ["", "Bearer another-services-token"])
def test_an_unknown_route_is_not_found(anonymous: httpx2.Client, authorization: str) -> None:
    headers = {"authorization": authorization} if authorization else {}
    response = anonymous.get("/v1/nothing", headers=headers)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_preflight_requests_may_send_a_key(anonymous: httpx2.Client) -> None:
    response = anonymous.options("/v1/check", headers={"origin": "https://example.com"})
    assert "x-api-key" in response.headers["access-control-allow-headers"]


def test_calls_are_in_the_access_log_with_their_route_and_without_their_key(
    deployment: Deployment, api: httpx2.Client, customer: str
) -> None:
    began = datetime.now(UTC) - timedelta(minutes=1)
    request_id = api.get("/v1/usage").headers["x-request-id"]
    pages = boto3.client("logs").get_paginator("filter_log_events")
    group = deployment.resource("AccessLog")
    lines: list[str] = []

    def is_logged() -> bool:
        found = pages.paginate(
            logGroupName=group, filterPattern=f'"{request_id}"', startTime=int(began.timestamp() * 1000)
        )
        lines.extend(event["message"] for page in found for event in page["events"])
        return bool(lines)

    assert wait_until(is_logged)
    assert json.loads(lines[0])["route"] == "/v1/usage"
    assert customer not in lines[0]


def test_an_alarm_reaches_the_encrypted_topic(deployment: Deployment) -> None:
    cloudwatch, name = boto3.client("cloudwatch"), deployment.resource("JudgedFreeAlarm")

    def executed() -> list[str]:
        history = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")
        return [item["HistorySummary"] for item in history["AlarmHistoryItems"]]

    before = len(executed())
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="make smoke")
    try:
        assert wait_until(lambda: len(executed()) > before)
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="make smoke")
    assert executed()[0].startswith("Successfully executed action")


def test_the_schedule_of_the_invoices_is_on(deployment: Deployment) -> None:
    assert boto3.client("events").describe_rule(Name=deployment.resource("InvoicesMonthIsOver"))["State"] == "ENABLED"
