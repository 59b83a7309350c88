"""Opens a deployment's AWS resources for the commands."""

from typing import TYPE_CHECKING, Annotated

import boto3
import typer
from botocore.config import Config

from modest.accounts.registry import Registry
from modest.billing.issuer import IssuerStore
from modest.ledger.usage import UsageReader
from modest.store.dynamodb import DynamoDBTable, make_client
from modest_cli.deployment import Deployment, find_deployment
from modest_cli.gateway_keys import GatewayKeys
from modest_cli.gateway_plans import GatewayPlans
from modest_cli.keyring import Keyring

if TYPE_CHECKING:
    from types_boto3_apigateway.client import APIGatewayClient
    from types_boto3_s3.client import S3Client
    from types_boto3_service_quotas.client import ServiceQuotasClient

StackOption = Annotated[
    str, typer.Option(envvar="MODEST_STACK", help="Name of the CloudFormation stack that Modest is deployed in.")
]
DEFAULT_STACK = "modest"

# API Gateway allows an AWS account only a few control-plane calls a second.
_RETRYING = Config(retries={"total_max_attempts": 4, "mode": "standard"})


def load_deployment(stack: str) -> Deployment:
    return find_deployment(boto3.session.Session().client("cloudformation", config=_RETRYING), stack)


def open_keyring(deployment: Deployment) -> Keyring:
    return Keyring(open_registry(deployment), open_gateway_keys(deployment))


def open_registry(deployment: Deployment) -> Registry:
    return Registry(_open_table(deployment), deployment.plans)


def open_usage_reader(deployment: Deployment) -> UsageReader:
    return UsageReader(_open_table(deployment))


def open_issuer_store(deployment: Deployment) -> IssuerStore:
    return IssuerStore(_open_table(deployment))


def open_gateway_keys(deployment: Deployment) -> GatewayKeys:
    return GatewayKeys(_make_apigateway_client(), deployment.plan_ids)


def open_gateway_plans(deployment: Deployment) -> GatewayPlans:
    return GatewayPlans(_make_apigateway_client(), deployment.plan_ids)


def make_s3_client() -> "S3Client":
    return boto3.session.Session().client("s3", config=_RETRYING)


def make_quotas_client() -> "ServiceQuotasClient":
    return boto3.session.Session().client("service-quotas", config=_RETRYING)


def _make_apigateway_client() -> "APIGatewayClient":
    return boto3.session.Session().client("apigateway", config=_RETRYING)


def _open_table(deployment: Deployment) -> DynamoDBTable:
    return DynamoDBTable(make_client(connect_seconds=5, answer_seconds=10), deployment.table)
