"""Executes a change set that somebody has reviewed, and waits until its stack is deployed.

python -m deploy.execute CONFIG ENVIRONMENT ARN    reads the profile and region from the file that SAM was given
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from deploy.finish import FAILURES, NEVER_DEPLOYED, finish, session_for

from modest_cli.errors import explain

if TYPE_CHECKING:
    from types_boto3_cloudformation.client import CloudFormationClient

_ATTEMPTS = 360


def execute(cloudformation: "CloudFormationClient", change_set: str, *, seconds: int = 10) -> str:
    """Returns the stack's name. seconds: the time between two looks at the stack.

    Raises ClientError if it is not a change set that can be executed, such as one that another deployment has
    outdated, and WaiterError if the stack is rolled back.
    """
    stack = cloudformation.describe_change_set(ChangeSetName=change_set)["StackId"]
    found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    cloudformation.execute_change_set(ChangeSetName=change_set)
    never_deployed = found["StackStatus"] == NEVER_DEPLOYED
    waiter = cloudformation.get_waiter("stack_create_complete" if never_deployed else "stack_update_complete")
    waiter.wait(StackName=stack, WaiterConfig={"Delay": seconds, "MaxAttempts": _ATTEMPTS})
    return found["StackName"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Executes a change set.")
    parser.add_argument("config", type=Path)
    parser.add_argument("environment")
    parser.add_argument("change_set", metavar="ARN")
    arguments = parser.parse_args()
    if not arguments.change_set:
        parser.exit(1, "Set CHANGE_SET to the ARN that `make change-set` has printed.\n")
    try:
        session, _ = session_for(yaml.safe_load(arguments.config.read_text()), arguments.environment)
        stack = execute(session.client("cloudformation"), arguments.change_set)
    except FAILURES as error:
        parser.exit(1, f"The change set was not deployed. {explain(error)}\n")
    print(f"{stack} is deployed.")
    try:
        # The stack is the one that the change set names, whatever the environment's is.
        print(*finish(session, stack), sep="\n")
    except FAILURES as error:
        parser.exit(1, f"The deployment was not finished. {explain(error)}\n")


if __name__ == "__main__":
    main()
