"""Finds a deployment's resources through the outputs of its CloudFormation stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from modest.plans import Plan, Plans, plans_from_json
from modest_cli.errors import OperatorError

if TYPE_CHECKING:
    from types_boto3_cloudformation.client import CloudFormationClient


class UnknownStack(OperatorError):
    """Raised if the stack does not exist in this region, or is not a deployment of Modest."""


class UnknownPlan(OperatorError):
    """Raised if no plan has the given name."""


@dataclass(frozen=True, slots=True)
class Deployment:
    url: str
    table: str
    plans: Plans
    plan_ids: Mapping[str, str]
    """Maps each plan's name to the id of its usage plan."""
    invoice_bucket: str | None = None
    """The bucket that holds the invoices as they were issued."""
    lists: str | None = None
    """Where `modest lists` writes: s3://bucket/key, or a path on a laptop."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """The stack's parameters, as far as CloudFormation names them."""

    def plan(self, name: str) -> Plan:
        """Finds a plan by its name in upper or lower case. Raises UnknownPlan."""
        return find_plan(self.plans, name)


def find_plan(plans: Plans, name: str) -> Plan:
    """Finds a plan by its name in upper or lower case. Raises UnknownPlan."""
    for plan in plans.values():
        if plan.name.casefold() == name.casefold():
            return plan
    raise UnknownPlan(f"There is no plan {name}. The plans are {', '.join(plans)}.")


def find_deployment(client: "CloudFormationClient", stack: str) -> Deployment:
    """Raises UnknownStack."""
    try:
        found = client.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise UnknownStack(
            f"There is no stack {stack} in {client.meta.region_name}. Set its name with --stack or MODEST_STACK, "
            "and its region with AWS_DEFAULT_REGION."
        ) from None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}
    return replace(deployment_from_outputs(outputs, stack), parameters=parameters)


def deployment_from_outputs(outputs: Mapping[str, str], stack: str) -> Deployment:
    """Raises UnknownStack."""
    try:
        plans = plans_from_json(outputs["Plans"])
        return Deployment(
            url=outputs["Url"],
            table=outputs["LedgerTable"],
            plans=plans,
            plan_ids={name: outputs[f"{name}PlanId"] for name in plans},
            invoice_bucket=outputs.get("InvoiceBucket"),
            lists=outputs.get("Lists"),
        )
    except KeyError as missing:
        raise UnknownStack(f"The stack {stack} is not a deployment of Modest: it has no output {missing}.") from None
