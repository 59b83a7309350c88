"""Where a deployment's parts are: read from the outputs of its CloudFormation stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from modest.plans import Plan, Plans, plans_from_json
from modest_cli.errors import OperatorError

if TYPE_CHECKING:
    from types_boto3_cloudformation.client import CloudFormationClient


class UnknownStack(OperatorError):
    """There is no such stack here, or it is none of ours."""


class UnknownPlan(OperatorError):
    """No plan has this name."""


@dataclass(frozen=True, slots=True)
class Deployment:
    url: str
    table: str
    plans: Plans
    plan_ids: Mapping[str, str]
    """Plan's name -> id of the usage plan."""
    invoice_bucket: str | None = None
    """Where invoices are as they were issued."""

    def plan(self, name: str) -> Plan:
        """In whatever case it is written. Raises UnknownPlan."""
        for plan in self.plans.values():
            if plan.name.casefold() == name.casefold():
                return plan
        raise UnknownPlan(f"There is no plan {name}. There are: {', '.join(self.plans)}.")


def find(client: "CloudFormationClient", stack: str) -> Deployment:
    """Raises UnknownStack."""
    try:
        outputs = client.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise UnknownStack(
            f"There is no stack {stack} in {client.meta.region_name}. Name yours with --stack or MODEST_STACK, "
            "its region with AWS_DEFAULT_REGION."
        ) from None
    return deployment_of({output["OutputKey"]: output["OutputValue"] for output in outputs}, stack)


def deployment_of(outputs: Mapping[str, str], stack: str) -> Deployment:
    """Raises UnknownStack."""
    try:
        plans = plans_from_json(outputs["Plans"])
        return Deployment(
            url=outputs["Url"],
            table=outputs["LedgerTable"],
            plans=plans,
            plan_ids={name: outputs[f"{name}PlanId"] for name in plans},
            invoice_bucket=outputs.get("InvoiceBucket"),
        )
    except KeyError as missing:
        raise UnknownStack(f"The stack {stack} is not one of Modest: it has no output {missing}.") from None
