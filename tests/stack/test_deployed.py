"""What a deployment does, on the engine as on AWS, where it may take a while until a command has its effect."""

from datetime import UTC, datetime
from uuid import uuid4

import boto3
import httpx2
import pytest
from tests.helpers.waiting import HANGS_SECONDS, wait_until
from tests.stack.commands import run
from tests.stack.deployment import ROOT, Deployment

from modest.months import month_end, month_of


def test_clients_get_from_it_what_they_get_on_a_laptop(deployment: Deployment, customer: str) -> None:
    run(["make", "e2e", f"API_URL={deployment.url}", f"API_KEY={customer}"], ROOT)


def test_a_key_works_until_it_is_replaced_disabled_or_deleted(deployment: Deployment, anonymous: httpx2.Client) -> None:
    def works(secret: str) -> bool:
        response = anonymous.get("/v1/check", headers={"x-api-key": secret})
        # A call that is admitted gets as far as naming no image.
        return response.status_code == httpx2.codes.BAD_REQUEST

    name = f"smoke-{uuid4()}"
    first = deployment.modest("keys", "create", name, "--plan", "mega")["key"]
    assert wait_until(lambda: works(first))
    second = deployment.modest("keys", "rotate", name, "--old-works-for", "0")["key"]
    assert wait_until(lambda: works(second) and not works(first))
    deployment.modest("keys", "disable", name)
    assert wait_until(lambda: not works(second))
    deployment.modest("keys", "enable", name)
    assert wait_until(lambda: works(second))
    deployment.modest("keys", "delete", name, "--yes")
    assert wait_until(lambda: not works(second))


def test_an_exhausted_month_is_refused_with_the_seconds_until_the_next(
    deployment: Deployment, anonymous: httpx2.Client
) -> None:
    name = f"smoke-{uuid4()}"
    secret = deployment.modest("keys", "create", name, "--plan", "free")["key"]
    gateway = boto3.client("apigateway")
    (key,) = gateway.get_api_keys(nameQuery=name)["items"]
    gateway.update_usage(
        usagePlanId=deployment.outputs["FreePlanId"],
        keyId=key["id"],
        patchOperations=[{"op": "replace", "path": "/remaining", "value": "0"}],
    )

    answers: list[httpx2.Response] = []

    def is_exhausted() -> bool:
        answers.append(anonymous.get("/v1/check", headers={"x-api-key": secret}))
        return bool(answers[-1].json().get("code") == "quota_exceeded")

    assert wait_until(is_exhausted)
    assert int(answers[-1].headers["retry-after"]) == pytest.approx(_seconds_of_this_month(), abs=HANGS_SECONDS)
    deployment.modest("keys", "delete", name, "--yes")


def _seconds_of_this_month() -> float:
    now = datetime.now(UTC)
    return (month_end(month_of(now)) - now).total_seconds()


def test_the_doctor_finds_nothing(deployment: Deployment, customer: str) -> None:  # noqa: ARG001 - one to look at
    assert deployment.modest("doctor") == []
