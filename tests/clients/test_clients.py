"""Clients that tools make from the OpenAPI document call every route of the local gateway."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.local_gateway import LocalGateway
from tests.helpers.node import installed
from tests.helpers.support import MOSAICS, ROOT
from tests.helpers.waiting import HANGS_SECONDS

HERE = Path(__file__).parent
TOOLS = ROOT / ".build" / "clients" / "bin"
PHOTO = MOSAICS / "of-both-models/porn.png"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGateway]:
    with LocalGateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture(scope="module")
def document(gateway: LocalGateway) -> dict[str, Any]:
    with gateway.client() as client:
        return dict(client.get("/openapi.json").json())


def ask(command: Sequence[str | Path], folder: Path, given: dict[str, Any]) -> list[dict[str, Any]]:
    done = subprocess.run(command, cwd=folder, input=json.dumps(given), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_a_client_made_by_openapi_python_client_calls_every_operation_with_every_type_of_body(
    gateway: LocalGateway, document: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    command = [str(TOOLS / "openapi-python-client"), "generate", "--meta", "none", "--fail-on-warning"]
    command += ["--path", str(path), "--output-path", str(tmp_path / "modest_client")]
    # It tidies up what it writes with the ruff beside it.
    environment = os.environ | {"PATH": f"{TOOLS}:{os.environ['PATH']}"}
    made = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr

    given = {"folder": str(tmp_path), "url": gateway.url, "key": gateway.key("mega"), "photo": str(PHOTO)}
    calls = ask([TOOLS / "python", HERE / "call_generated.py"], tmp_path, given | {"seconds": HANGS_SECONDS})
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert {call["operation"] for call in calls} == {operation["operationId"] for operation in operations}
    assert {call["operation"]: call["status"] for call in calls if call["status"] != 200} == {"gate": 406}
    for call in calls:
        match call["type"]:
            case "CheckAnswer" | "ClassifyAnswer":
                assert call["answer"]["data"]["safe"] is False
            case "GateAnswer":
                assert (call["status"], call["answer"]["data"]["passed"]) == (406, False)
            case "MisskeyAnswer":
                assert call["answer"]["result"]["results"][0]["verdict"] == "nsfw"
            case "NanoGptAnswer":
                assert call["answer"]["is_nsfw"] is True
            case "OpenAiAnswer":
                assert call["answer"]["results"][0]["flagged"] is True
    judged = [(call["type"], call["body"]) for call in calls if call["type"].endswith("Answer")]
    posted = [f"Post{kind}Body" for kind in ("Json", "Data", "Files")]
    assert sorted(judged, key=str) == sorted(
        [
            ("NanoGptAnswer", "NanogptImageBody"),
            ("OpenAiAnswer", "OpenaiModerationsBody"),
            ("UsageAnswer", None),
            ("MisskeyAnswer", "MisskeyDetectImagesBody"),
            *(("GateAnswer", body) for body in (None, "File", "GateFilesBody")),
            *(
                (f"{name}Answer", body)
                for name in ("Check", "Classify")
                for body in (None, "File", *(f"Oanor{name}{kind}" for kind in posted))
            ),
        ],
        key=str,
    )


def test_every_request_that_postman_imports_is_answered_as_it_stands(
    gateway: LocalGateway, document: dict[str, Any]
) -> None:
    """Once the collection has the service's URL and a key, and a file where a request cannot do without one."""
    photo = MOSAICS / "neutral.png"
    given = {"document": document, "url": gateway.url, "key": gateway.key("mega"), "photo": str(photo)}
    calls = ask(["node", "postman.mjs"], installed(HERE, ROOT / ".build" / "postman"), given)
    print(calls)
    assert {call["route"]: call["status"] for call in calls} == {
        f"{method.upper()} {path}": 204 if path == "/v1/gate" else 200
        for path, methods in document["paths"].items()
        for method in methods
    }
    for call in calls:
        if call["route"].endswith(("/check", "/classify")):
            assert json.loads(call["text"])["data"]["safe"] is True
    keys = [call["idempotencyKey"] for call in calls if call["route"].startswith("POST")]
    assert None not in keys
    assert len(set(keys)) == len(keys)
