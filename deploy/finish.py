"""Finishes a deployment: does what the stack itself cannot do, or must not do before it is deployed.

    python -m deploy.finish CONFIG ENVIRONMENT    reads the stack's name and region from the file that SAM was given

The steps change nothing if they are repeated.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from modest_cli.errors import OperatorError, explain

IMAGES_KEPT = 30
"""So many deployments can be rolled back."""
_KEEP_THE_NEWEST = {
    "rules": [
        {
            "rulePriority": 1,
            "description": f"Keep the newest {IMAGES_KEPT} images.",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": IMAGES_KEPT},
            "action": {"type": "expire"},
        }
    ]
}


NEVER_DEPLOYED = "REVIEW_IN_PROGRESS"
_NEEDED = ("LedgerTable", "FunctionName")

FAILURES = (OperatorError, BotoCoreError, ClientError)


class NothingDeployed(OperatorError):
    """Raised if the stack does not exist, or has only a change set so far, as after a change set that was declined."""


class NotDeployed(OperatorError):
    """Raised if the stack's first deployment failed, if it is not Modest's, or if samconfig.toml does not name it."""


def finish(session: boto3.session.Session, stack: str) -> Iterator[str]:
    """Yields what was done, a sentence for each step. Raises NothingDeployed."""
    outputs = read_outputs(session.client("cloudformation"), stack)
    yield protect_table(session.client("dynamodb"), outputs["LedgerTable"])
    code = session.client("lambda").get_function(FunctionName=outputs["FunctionName"])["Code"]
    # Whoever deploys the function as a zip has no images.
    if "ImageUri" in code:
        yield expire_images(session.client("ecr"), code["ImageUri"])


def read_outputs(cloudformation: Any, stack: str) -> Mapping[str, str]:
    """Raises NothingDeployed, NotDeployed."""
    try:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        found = {"StackStatus": NEVER_DEPLOYED}
    if found["StackStatus"] == NEVER_DEPLOYED:
        raise NothingDeployed(f"The stack {stack} is not deployed, so there is nothing to finish.")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())}
    for name in _NEEDED:
        if name not in outputs:
            raise NotDeployed(
                f"The stack {stack} ({found['StackStatus']}) has no output {name}: its first deployment failed, or it "
                "is not a deployment of Modest."
            )
    return outputs


def protect_table(dynamodb: Any, table: str) -> str:
    """Protects the ledger from deletion. A template that did so could not roll its first deployment back."""
    if dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
        return f"The ledger {table} is protected from deletion."
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)
    return f"The ledger {table} is now protected from deletion."


def expire_images(ecr: Any, image: str) -> str:
    """Lets old images expire. SAM creates the repository beside the stack, so no template can."""
    repository = image.partition("/")[2].partition("@")[0].partition(":")[0]
    try:
        ecr.get_lifecycle_policy(repositoryName=repository)
    except ecr.exceptions.LifecyclePolicyNotFoundException:
        ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps(_KEEP_THE_NEWEST))
        return f"The repository {repository} now keeps its newest {IMAGES_KEPT} images."
    return f"The repository {repository} has a lifecycle policy, which stays as it is."


def session_for(config: Mapping[str, Any], environment: str) -> tuple[boto3.session.Session, str]:
    """Returns a session for the account and region that SAM deploys to, and the stack's name. Raises NotDeployed."""
    tables = {} if environment == "version" else config.get(environment, {})
    parameters = {name: value for part in ("global", "deploy") for name, value in _parameters(tables, part).items()}
    if "stack_name" not in parameters:
        raise NotDeployed(f"samconfig.toml has no environment {environment} with a stack_name.")
    session = boto3.session.Session(profile_name=parameters.get("profile"), region_name=parameters.get("region"))
    return session, parameters["stack_name"]


def _parameters(tables: Mapping[str, Any], command: str) -> Mapping[str, Any]:
    return dict(tables.get(command, {}).get("parameters", {}))


def main() -> None:
    parser = argparse.ArgumentParser(description="Finishes a deployment after `sam deploy`.")
    parser.add_argument("config", type=Path)
    parser.add_argument("environment")
    arguments = parser.parse_args()
    try:
        session, stack = session_for(yaml.safe_load(arguments.config.read_text()), arguments.environment)
        for sentence in finish(session, stack):
            print(sentence)
    except NothingDeployed as nothing:
        print(nothing)
    except FAILURES as error:
        parser.exit(1, f"The deployment was not finished. {explain(error)}\n")


if __name__ == "__main__":
    main()
