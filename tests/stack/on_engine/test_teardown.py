"""What is left of a stack that is deleted. `make stack` runs this last, because all else needs the stack."""

import re
from collections.abc import Callable, Iterator

import boto3
from tests.stack.deployment import ROOT, Deployment
from tests.stack.leftovers import Inventory, inventory
from tests.stack.staging import Stage


def documented(physical_id: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Yields the kind and name of what docs/deploying.md says stays. A key of a customer has no name there."""
    section = (ROOT / "docs" / "deploying.md").read_text().partition("## Tear down")[2].partition("\n## ")[0]
    for kind, name in re.findall(r"^\| ([\w ]+) \| `?([\w-]+)", section, re.MULTILINE)[1:]:
        yield kind, physical_id(name) if name[0].isupper() else name


def test_a_deleted_stack_leaves_what_the_documentation_lists_and_nothing_else(
    deployment: Deployment, stage: Stage, customer: str, before: Inventory
) -> None:
    assert customer
    stays = set(documented(deployment.resource))
    boto3.client("dynamodb").update_table(TableName=deployment.outputs["LedgerTable"], DeletionProtectionEnabled=False)
    stage.delete(deployment.stack)
    left = inventory() - before
    print("left:", *sorted(f"{kind} {name}" for kind, name in left), sep="\n  ")
    # SAM adds digits to the name of its bucket, and a customer's key has an id of API Gateway's.
    assert stays == {(kind, _documented_name(kind, name, stays)) for kind, name in left}


def _documented_name(kind: str, name: str, stays: set[tuple[str, str]]) -> str:
    beginnings = [one for other, one in stays if other == kind and name.startswith(one)]
    return beginnings[0] if beginnings else "each" if kind == "API key" else name
