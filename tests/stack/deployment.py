"""A deployed stack, in an account of AWS or of the engine: the environment's variables decide which."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from tests.stack.commands import run

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Deployment:
    stack: str
    url: str
    outputs: Mapping[str, str]

    def resource(self, logical_id: str) -> str:
        """Returns the physical id."""
        client = boto3.client("cloudformation")
        detail = client.describe_stack_resource(StackName=self.stack, LogicalResourceId=logical_id)
        return detail["StackResourceDetail"]["PhysicalResourceId"]

    def modest(self, *arguments: str) -> Any:
        """Runs the operator's command and returns its JSON."""
        command = [str(ROOT / ".venv/bin/modest"), *arguments, "--json", "--stack", self.stack]
        return json.loads(run(command, ROOT))

    def invoke(self, function: str, event: object) -> Any:
        """Returns what the function returns. Raises AssertionError if it fails."""
        answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        returned = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, returned
        return returned


def outputs_of(stack: str) -> dict[str, str]:
    (facts,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in facts["Outputs"]}
