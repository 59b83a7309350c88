"""A second deployment, of the same code with another parameter, which is reviewed before it is executed."""

import boto3
import httpx2
from tests.stack.checks import MOSAIC
from tests.stack.deployment import Deployment
from tests.stack.staging import Stage


def live_version(deployment: Deployment) -> int:
    alias = boto3.client("lambda").get_alias(FunctionName=deployment.outputs["FunctionName"], Name="live")
    return int(alias["FunctionVersion"])


def threshold(api: httpx2.Client) -> object:
    return api.post("/v1/check", content=MOSAIC, headers={"content-type": "image/png"}).json()["data"]["threshold"]


def test_a_changed_parameter_reaches_traffic_as_a_new_version(
    deployment: Deployment, stage: Stage, api: httpx2.Client
) -> None:
    first = live_version(deployment)
    assert threshold(api) == 0.6
    stage.deploy_in_two_steps(NsfwFrom="0.7")
    assert live_version(deployment) == first + 1
    assert threshold(api) == 0.7
