"""Puts a template into the local AWS: what holds state is made there, the rest keeps its logical id as its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modest_local.api import Api, api_from
from modest_local.aws import LocalAws
from modest_local.stack import Stack
from modest_local.template import STACK_NAME, Template, deployed, of_type

if TYPE_CHECKING:
    from types_boto3_apigateway.client import APIGatewayClient
    from types_boto3_apigateway.type_defs import ApiStageTypeDef
    from types_boto3_dynamodb.client import DynamoDBClient

_OF_A_TABLE = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
_OF_A_PLAN = {
    "Quota": ("quota", {"Limit": "limit", "Period": "period"}),
    "Throttle": ("throttle", {"RateLimit": "rateLimit", "BurstLimit": "burstLimit"}),
}

# There is no S3 here.
_NOT_MADE = {"InvoiceBucket"}


class Unsupported(Exception):
    """The template asks for something that is not emulated."""


@dataclass(frozen=True, slots=True)
class Provisioned:
    api: Api
    environment: Mapping[str, str]
    """Of the function that answers the API."""
    outputs: Mapping[str, str]


def provision(aws: LocalAws, translated: Template, *, url: str) -> Provisioned:
    """url: where this API will be. Raises Unsupported."""
    apigateway, dynamodb = aws.apigateway(), aws.dynamodb()
    draft = deployed(translated, {})
    (api_name,) = of_type(draft, "AWS::ApiGateway::RestApi")
    names = {api_name: apigateway.create_rest_api(name=STACK_NAME)["id"]}
    names |= {name: stage["StageName"] for name, stage in of_type(draft, "AWS::ApiGateway::Stage").items()}
    for name, table in of_type(draft, "AWS::DynamoDB::Table").items():
        names[name] = _make_table(dynamodb, f"{STACK_NAME}-{name}", table)
    for name, plan in of_type(draft, "AWS::ApiGateway::UsagePlan").items():
        names[name] = _make_plan(apigateway, plan, names[api_name], names)
    final = deployed(translated, names)
    outputs = {name: str(output["Value"]) for name, output in final["Outputs"].items() if name not in _NOT_MADE}
    outputs |= {"Url": url}
    aws.stack = Stack(STACK_NAME, outputs)
    return Provisioned(api_from(final, names[api_name]), _environment(final), outputs)


def _make_table(dynamodb: "DynamoDBClient", name: str, properties: Template) -> str:
    wanted: dict[str, Any] = {key: properties[key] for key in _OF_A_TABLE if key in properties}
    dynamodb.create_table(TableName=name, **wanted)
    return name


def _make_plan(apigateway: "APIGatewayClient", properties: Template, api_id: str, names: Mapping[str, str]) -> str:
    period = properties["Quota"]["Period"]
    if period != "MONTH":
        raise Unsupported(f"a quota by the {period}")
    limits: dict[str, Any] = {
        argument: {new: properties[section][old] for old, new in fields.items()}
        for section, (argument, fields) in _OF_A_PLAN.items()
    }
    stages: list[ApiStageTypeDef] = [
        {"apiId": api_id, "stage": names[stage["Stage"]]} for stage in properties["ApiStages"]
    ]
    return apigateway.create_usage_plan(name=properties["UsagePlanName"], apiStages=stages, **limits)["id"]


def _environment(final: Template) -> Mapping[str, str]:
    """The image is the function that answers; what is zipped is the authorizer and what runs on a schedule."""
    (function,) = (
        facts for facts in of_type(final, "AWS::Lambda::Function").values() if facts.get("PackageType") == "Image"
    )
    return {name: str(value) for name, value in function["Environment"]["Variables"].items()}
