"""Creates a template's API, tables and usage plans in the local AWS. All other resources exist only by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modest_local.api import Api, read_api
from modest_local.aws import LocalAws
from modest_local.stack import Stack
from modest_local.template import STACK_NAME, Template, find_properties, resolve

if TYPE_CHECKING:
    from types_boto3_apigateway.client import APIGatewayClient
    from types_boto3_apigateway.type_defs import ApiStageTypeDef
    from types_boto3_dynamodb.client import DynamoDBClient

_TABLE_PROPERTIES = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
_PLAN_PROPERTIES = {
    "Quota": ("quota", {"Limit": "limit", "Period": "period"}),
    "Throttle": ("throttle", {"RateLimit": "rateLimit", "BurstLimit": "burstLimit"}),
}

# S3 is not emulated. The lists are a file.
_OMITTED_OUTPUTS = {"InvoiceBucket", "ListBucket"}


class UnsupportedTemplate(Exception):
    """Raised if the template uses something that is not emulated."""


@dataclass(frozen=True, slots=True)
class ProvisionedStack:
    api: Api
    environment: Mapping[str, str]
    """The environment variables of the function that answers the API."""
    outputs: Mapping[str, str]


def provision(aws: LocalAws, translated: Template, *, url: str, lists: str) -> ProvisionedStack:
    """url: the base URL of the API. lists: the path of the lists. Raises UnsupportedTemplate."""
    apigateway, dynamodb = aws.apigateway(), aws.dynamodb()
    draft = resolve(translated, {})
    (api_name,) = find_properties(draft, "AWS::ApiGateway::RestApi")
    names = {api_name: apigateway.create_rest_api(name=STACK_NAME)["id"]}
    names |= {name: stage["StageName"] for name, stage in find_properties(draft, "AWS::ApiGateway::Stage").items()}
    for name, table in find_properties(draft, "AWS::DynamoDB::Table").items():
        names[name] = _create_table(dynamodb, f"{STACK_NAME}-{name}", table)
    for name, plan in find_properties(draft, "AWS::ApiGateway::UsagePlan").items():
        names[name] = _create_plan(apigateway, plan, names[api_name], names)
    final = resolve(translated, names)
    outputs = {name: str(output["Value"]) for name, output in final["Outputs"].items() if name not in _OMITTED_OUTPUTS}
    outputs |= {"Url": url, "Lists": lists}
    aws.deploy(Stack(STACK_NAME, outputs))
    return ProvisionedStack(read_api(final, names[api_name]), {**_read_environment(final), "LISTS": lists}, outputs)


def _create_table(dynamodb: "DynamoDBClient", name: str, properties: Template) -> str:
    wanted: dict[str, Any] = {key: properties[key] for key in _TABLE_PROPERTIES if key in properties}
    dynamodb.create_table(TableName=name, **wanted)
    return name


def _create_plan(apigateway: "APIGatewayClient", properties: Template, api_id: str, names: Mapping[str, str]) -> str:
    period = properties["Quota"]["Period"]
    if period != "MONTH":
        raise UnsupportedTemplate(f"Only quotas by MONTH are emulated, not by {period}.")
    limits: dict[str, Any] = {
        argument: {new: properties[section][old] for old, new in fields.items()}
        for section, (argument, fields) in _PLAN_PROPERTIES.items()
    }
    stages: list[ApiStageTypeDef] = [
        {"apiId": api_id, "stage": names[stage["Stage"]]} for stage in properties["ApiStages"]
    ]
    return apigateway.create_usage_plan(name=properties["UsagePlanName"], apiStages=stages, **limits)["id"]


def _read_environment(final: Template) -> Mapping[str, str]:
    """Reads the variables of the function that answers the API, which is the only one that is packed as an image."""
    (function,) = (
        facts
        for facts in find_properties(final, "AWS::Lambda::Function").values()
        if facts.get("PackageType") == "Image"
    )
    return {name: str(value) for name, value in function["Environment"]["Variables"].items()}
