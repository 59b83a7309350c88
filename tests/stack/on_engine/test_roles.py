"""IAM decides on what the functions do, and each right of their roles is needed: something fails without it."""

from collections.abc import Callable, Iterable

import boto3
import httpx2
import pytest
from tests.stack.checks import AuthorizerChecks, Check, InvoicesChecks, ModerateChecks, first_broken
from tests.stack.deployment import Deployment
from tests.stack.rights import rights_of, without

_NO_KMS = "ministack's tables and buckets do not ask KMS"
_NO_XRAY = "ministack has no X-Ray"
NOT_SHOWN = {
    "kms:Decrypt": _NO_KMS,
    "kms:GenerateDataKey": _NO_KMS,
    "xray:PutTelemetryRecords": _NO_XRAY,
    "xray:PutTraceSegments": _NO_XRAY,
}
"""Why the engine cannot show that a right is needed."""

CHECKS: dict[str, Callable[[Deployment, httpx2.Client], Iterable[Check]]] = {
    "Authorizer": AuthorizerChecks,
    "Invoices": lambda deployment, _api: InvoicesChecks(deployment),
    "Moderate": ModerateChecks,
}


def test_these_are_all_functions(deployment: Deployment) -> None:
    resources = boto3.client("cloudformation").describe_stack_resources(StackName=deployment.stack)["StackResources"]
    functions = {one["LogicalResourceId"] for one in resources if one["ResourceType"] == "AWS::Lambda::Function"}
    assert functions == set(CHECKS)


@pytest.mark.parametrize("function", CHECKS)
def test_without_any_one_right_of_its_role_a_function_fails_a_check(
    deployment: Deployment, api: httpx2.Client, function: str
) -> None:
    name = deployment.resource(function)
    role = boto3.client("lambda").get_function_configuration(FunctionName=name)["Role"].rpartition("/")[2]
    checks = list(CHECKS[function](deployment, api))
    assert not first_broken(checks)
    fails = {}
    for right in list(rights_of(role)):
        with without(right):
            fails[right] = first_broken(checks)
        print(f"{function}: {right.action}: {fails[right] or NOT_SHOWN.get(right.action)}")
    assert not first_broken(checks)
    assert {right.action for right, failed in fails.items() if not failed} == {
        right.action for right in fails
    } & NOT_SHOWN.keys()
