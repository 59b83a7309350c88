"""Executes a change set that somebody has reviewed, and waits until its stack is deployed.

python -m deploy.execute ARN
"""

import argparse
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from deploy.finish import finish

if TYPE_CHECKING:
    from types_boto3_cloudformation.client import CloudFormationClient

_ATTEMPTS = 360
_NEVER_DEPLOYED = "REVIEW_IN_PROGRESS"


def execute(cloudformation: "CloudFormationClient", change_set: str, *, seconds: int = 10) -> str:
    """Returns the stack's name. seconds: the time between two looks at the stack.

    Raises ClientError if it is not a change set that can be executed, such as one that another deployment has
    outdated, and WaiterError if the stack is rolled back.
    """
    stack = cloudformation.describe_change_set(ChangeSetName=change_set)["StackId"]
    found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    cloudformation.execute_change_set(ChangeSetName=change_set)
    never_deployed = found["StackStatus"] == _NEVER_DEPLOYED
    waiter = cloudformation.get_waiter("stack_create_complete" if never_deployed else "stack_update_complete")
    waiter.wait(StackName=stack, WaiterConfig={"Delay": seconds, "MaxAttempts": _ATTEMPTS})
    return found["StackName"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Executes a change set.")
    parser.add_argument("change_set", metavar="ARN")
    arguments = parser.parse_args()
    session = boto3.session.Session()
    try:
        stack = execute(session.client("cloudformation"), arguments.change_set)
    except (BotoCoreError, ClientError) as error:
        parser.exit(1, f"The change set was not deployed. {error}\n")
    print(f"{stack} is deployed.", *finish(session, stack), sep="\n")


if __name__ == "__main__":
    main()
