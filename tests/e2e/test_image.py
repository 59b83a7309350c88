"""The built image as Lambda runs it: one core, 1,769 MB, nothing writable but /tmp, no shared memory, no root."""

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.helpers.waiting import HANGS_SECONDS, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
EMULATOR = next(REPOSITORY.glob(".build/sam/lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64"))
IMAGE = "modest:e2e"
MEGABYTE = 1_000_000


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def container() -> Iterator[str]:
    identity = docker(
        *("run", "--detach", "--rm", "--cpus=1", "--memory=1769m", "--read-only", "--tmpfs=/tmp", "--ipc=none"),
        *("--cap-drop=ALL", "--security-opt=no-new-privileges", "--publish=127.0.0.1::8080"),
        *("--env=AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1769", "--env=AWS_LAMBDA_FUNCTION_TIMEOUT=29"),
        *(f"--volume={EMULATOR}:/aws-lambda-rie:ro", "--entrypoint=/aws-lambda-rie"),
        *(IMAGE, "/usr/local/bin/entrypoint", "moderate.main.handler"),
    )
    _wait_for_the_emulator(identity)
    yield identity
    docker("kill", identity)


@pytest.fixture(scope="module")
def first_answer(container: str) -> tuple[dict[str, Any], float]:
    """The first answer and the seconds it took, start included."""
    start = time.monotonic()
    answer = invoke(container, mosaic_event("neutral.png"))
    return answer, time.monotonic() - start


def mosaic_event(name: str) -> dict[str, Any]:
    return raw_body_event((REPOSITORY / "tests/fixtures/mosaics" / name).read_bytes())


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


def test_it_answers_the_first_call(first_answer: tuple[dict[str, Any], float]) -> None:
    answer, seconds = first_answer
    print(f"\nfirst answer after {seconds:.2f} s, cold start included")
    assert answer["statusCode"] == 200, answer
    assert json.loads(answer["body"])["data"]["verdict"] == "safe"


def test_it_needs_less_than_190_megabytes_and_60_more_once_there_is_a_second_opinion(
    container: str, first_answer: tuple[dict[str, Any], float]
) -> None:
    """The proportional set size of all its processes, after an answer."""
    assert first_answer[0]["statusCode"] == 200
    before = _proportional_set_size(container)
    body = json.loads(invoke(container, mosaic_event("of-both-models/porn.png"))["body"])
    assert body["data"]["verdict"] == "nsfw"
    assert body["meta"]["second_opinion"]["second"]["model"]["name"] == "mobilenet_v2_mid"
    after = _proportional_set_size(container)
    print(f"\nPSS after the first answer: {before / MEGABYTE:.0f} MB, with a second opinion {after / MEGABYTE:.0f} MB")
    assert before < 190 * MEGABYTE
    assert after - before < 60 * MEGABYTE


def test_it_does_not_run_as_root(container: str) -> None:
    assert docker("inspect", "--format={{.Config.User}}", container) == "65532:65532"
    assert set(_processes(container, "uid")) == {"65532"}


def test_it_is_at_most_320_megabytes() -> None:
    size = int(docker("image", "inspect", "--format={{.Size}}", IMAGE))
    print(f"\nimage: {size / MEGABYTE:.0f} MB")
    assert size <= 320 * MEGABYTE


def test_the_plain_server_refuses_to_start_without_being_told_about_keys() -> None:
    result = subprocess.run(["docker", "run", "--rm", IMAGE, "serve"], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "--keys" in result.stderr
    assert "--no-keys" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 2), (("moderate.main.handler",), 2), (("--help",), 0), (("nonsense",), 2)]
)
def test_outside_of_lambda_it_says_how_to_start_it(arguments: tuple[str, ...], code: int) -> None:
    result = subprocess.run(
        ["docker", "run", "--rm", "--network=none", IMAGE, *arguments], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (code, "")
    for words in ("docker run -p 3000:3000 IMAGE serve --no-keys", "--keys /keys.txt", "sam local start-api"):
        assert words in result.stderr
    assert "Traceback" not in result.stderr


def _proportional_set_size(container: str) -> int:
    total = 0
    for pid in _processes(container, "pid"):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) * 1024
    return total


def _processes(container: str, column: str) -> list[str]:
    rows = docker("top", container, "-eo", "pid,uid").splitlines()
    return [row.split()[rows[0].lower().split().index(column)] for row in rows[1:]]
