"""The deployment under test: a stack in an AWS account (`make smoke` names it), or else one on the engine."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx2
import pytest
from tests.helpers.waiting import HANGS_SECONDS
from tests.stack.deployment import ROOT, Deployment, outputs_of
from tests.stack.leftovers import Inventory, inventory
from tests.stack.server import Engine
from tests.stack.staging import Stage

STACK = "modest"
SMOKE = "SMOKE_STACK"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine, whose account all AWS clients in this process and in its children use."""
    model = os.environ.get("MODEL", "mobilenet_v2")
    # The engine takes turns with the tests, so that a table may answer later than DynamoDB does.
    image = {"MODEL_PATH": str(ROOT / f".build/model/{model}.onnx"), "LEDGER_SECONDS": "30"}
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as scratch,
        Engine(ROOT, Path(scratch), image) as engine,
        pytest.MonkeyPatch.context() as us,
    ):
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            us.delenv(name)
        for name, value in {**engine.credentials, "AWS_ENDPOINT_URL": engine.url}.items():
            us.setenv(name, value)
        yield engine


@pytest.fixture(scope="session")
def before(engine: Engine) -> Inventory:  # noqa: ARG001 - whose account it is
    """What the account holds before anything is deployed."""
    return inventory()


@pytest.fixture(scope="session")
def stage(before: Inventory) -> Iterator[Stage]:  # noqa: ARG001 - taken first
    with TemporaryDirectory() as folder:
        yield Stage(ROOT, Path(folder) / "project")


@pytest.fixture(scope="session")
def deployment(request: pytest.FixtureRequest) -> Deployment:
    if stack := os.environ.get(SMOKE):
        outputs = outputs_of(stack)
        return Deployment(stack, outputs["Url"], outputs)
    engine: Engine = request.getfixturevalue("engine")
    stage: Stage = request.getfixturevalue("stage")
    stage.deploy()
    outputs = outputs_of(STACK)
    return Deployment(STACK, f"{engine.url}/_aws/execute-api/{outputs['ApiId']}/{outputs['Stage']}", outputs)


@pytest.fixture(scope="session")
def customer(deployment: Deployment) -> Iterator[str]:
    """The key of an account on the largest plan."""
    name = f"smoke-{uuid4()}"
    yield deployment.modest("keys", "create", name, "--plan", "mega")["key"]
    if SMOKE in os.environ:
        deployment.modest("keys", "delete", name, "--yes")


@pytest.fixture(scope="session")
def anonymous(deployment: Deployment) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=deployment.url, timeout=HANGS_SECONDS) as client:
        yield client


@pytest.fixture(scope="session")
def api(deployment: Deployment, customer: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=deployment.url, timeout=HANGS_SECONDS, headers={"x-api-key": customer}) as client:
        yield client
