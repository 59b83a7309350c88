"""Runs the built image as Lambda does: one core, 1,769 MB, nothing writable but /tmp, no shared memory, no root."""

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from tests.helpers.waiting import HANGS_SECONDS, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
EMULATOR = next(REPOSITORY.glob(".build/sam/lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64"))
IMAGE = "modest:e2e"
MOSAICS = REPOSITORY / "tests/fixtures/mosaics"


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def running(**environment: str) -> Iterator[str]:
    """Yields the container's name. environment: variables of the function, besides those that Lambda sets."""
    identity = docker(
        *("run", "--detach", "--rm", "--cpus=1", "--memory=1769m", "--read-only", "--tmpfs=/tmp", "--ipc=none"),
        *("--cap-drop=ALL", "--security-opt=no-new-privileges", "--publish=127.0.0.1::8080"),
        *("--env=AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1769", "--env=AWS_LAMBDA_FUNCTION_TIMEOUT=29"),
        *(f"--env={name}={value}" for name, value in environment.items()),
        *(f"--volume={EMULATOR}:/aws-lambda-rie:ro", "--entrypoint=/aws-lambda-rie"),
        *(IMAGE, "/usr/local/bin/entrypoint", "moderate.main.handler"),
    )
    try:
        _wait_for_the_emulator(identity)
        yield identity
    finally:
        docker("kill", identity)


def mosaic_event(name: str) -> dict[str, Any]:
    return raw_body_event((MOSAICS / name).read_bytes())


def raw_body_event(image: bytes) -> dict[str, Any]:
    """The published call, with the image itself in place of its URL."""
    event: dict[str, Any] = json.loads((REPOSITORY / "events/oanor-classify.json").read_text())
    body = {"body": base64.b64encode(image).decode(), "isBase64Encoded": True, "httpMethod": "POST"}
    return event | body | {"queryStringParameters": None, "multiValueQueryStringParameters": None}


def invoke(container: str, event: dict[str, Any]) -> dict[str, Any]:
    url = f"{_address(container)}/2015-03-31/functions/function/invocations"
    answer: dict[str, Any] = httpx2.post(url, json=event, timeout=HANGS_SECONDS).json()
    return answer


def _address(container: str) -> str:
    return "http://" + docker("port", container, "8080/tcp").splitlines()[0]


def _wait_for_the_emulator(container: str) -> None:
    """Until it listens; the function itself starts with the first call."""

    def listens() -> bool:
        try:
            httpx2.get(_address(container))
        except httpx2.TransportError:
            return False
        return True

    assert wait_until(listens)
