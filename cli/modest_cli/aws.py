"""The clients that the operator's commands use, and what is built on them."""

from typing import TYPE_CHECKING, Annotated

import boto3
import typer
from botocore.config import Config

from modest.accounts.registry import Registry
from modest.ledger.usage import UsageReader
from modest.store.dynamodb import DynamoDBTable, make_client
from modest_cli.deployment import Deployment, find
from modest_cli.gateway_keys import GatewayKeys
from modest_cli.gateway_plans import GatewayPlans
from modest_cli.keyring import Keyring

if TYPE_CHECKING:
    from types_boto3_apigateway.client import APIGatewayClient

Stack = Annotated[
    str, typer.Option(envvar="MODEST_STACK", help="The CloudFormation stack that Modest was deployed as.")
]
DEFAULT_STACK = "modest"

# API Gateway allows an account no more than a few such calls a second.
_PATIENT = Config(retries={"total_max_attempts": 4, "mode": "standard"})


def deployment(stack: str) -> Deployment:
    return find(boto3.session.Session().client("cloudformation", config=_PATIENT), stack)


def keyring(found: Deployment) -> Keyring:
    return Keyring(registry(found), gateway_keys(found))


def registry(found: Deployment) -> Registry:
    return Registry(_table(found), found.plans)


def books(found: Deployment) -> UsageReader:
    return UsageReader(_table(found))


def gateway_keys(found: Deployment) -> GatewayKeys:
    return GatewayKeys(_apigateway(), found.plan_ids)


def gateway_plans(found: Deployment) -> GatewayPlans:
    return GatewayPlans(_apigateway(), found.plan_ids)


def _apigateway() -> "APIGatewayClient":
    return boto3.session.Session().client("apigateway", config=_PATIENT)


def _table(found: Deployment) -> DynamoDBTable:
    return DynamoDBTable(make_client(connect_seconds=5, answer_seconds=10), found.table)
