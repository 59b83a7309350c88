"""The built image as Lambda runs it."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.e2e.lambda_container import IMAGE, MOSAICS, REPOSITORY, docker, invoke, mosaic_event, running
from tests.helpers.waiting import wait_until
from typer.testing import CliRunner

from modest_cli.exit_codes import ExitCode
from modest_cli.main import app

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def container() -> Iterator[str]:
    with running() as identity:
        yield identity


@pytest.fixture(scope="module")
def first_answer(container: str) -> tuple[dict[str, Any], float]:
    """The first answer and the seconds it took, start included."""
    start = time.monotonic()
    answer = invoke(container, mosaic_event("neutral.png"))
    return answer, time.monotonic() - start


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


def test_a_start_compiles_no_module() -> None:
    """The published base image comes without compiled modules of the standard library."""
    script = (
        "import os, sys, awslambdaric, moderate.main, moderate.serve, moderate.images.sandbox.worker\n"
        "compiled = [each.__cached__ for each in list(sys.modules.values()) if getattr(each, '__cached__', None)]\n"
        "print(len(compiled), *(path for path in compiled if not os.path.exists(path)))"
    )
    count, *missing = docker("run", "--rm", "--entrypoint=python", IMAGE, "-c", script).split()
    assert int(count) > 500
    assert missing == []


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


def test_it_reads_from_s3_what_the_operator_lists() -> None:
    """Of botocore, the image has only a part."""
    host = docker("network", "inspect", "bridge", "--format={{(index .IPAM.Config 0).Gateway}}")
    server = ThreadedMotoServer("0.0.0.0", 0)  # noqa: S104 - the container reaches it there
    server.start()
    try:
        aws = {
            "AWS_ENDPOINT_URL": f"http://{host}:{server.get_host_and_port()[1]}",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in aws.items():
                patch.setenv(name, value)
            boto3.session.Session().client("s3").create_bucket(Bucket="lists")
            command = ["lists", "add", "sha256", "--from", str(MOSAICS / "neutral.png"), "--at", "s3://lists/block"]
            assert CliRunner().invoke(app, command).exit_code == ExitCode.DONE
        with running(LISTS="s3://lists/block", **aws) as identity:
            answer = json.loads(invoke(identity, mosaic_event("neutral.png"))["body"])
        assert answer["data"]["verdict"] == "nsfw"
        assert answer["meta"]["reason"]["match"] == "sha256"
    finally:
        server.stop()


def test_every_module_of_its_packages_loads_unless_it_needs_another_package_or_system() -> None:
    """What the image's build removes, docstrings among it, breaks none. The errors are those of untouched packages."""
    code = (REPOSITORY / "tests/e2e/load_modules.py").read_text()
    printed = docker("run", "--rm", "--network=none", "--entrypoint=python", IMAGE, "-c", code)
    loaded, failures = json.loads(printed.splitlines()[-1])
    assert loaded > 1000
    assert failures == {
        "click._winconsole": "AssertionError",
        "fastapi.testclient": "RuntimeError",
        "starlette.testclient": "RuntimeError",
        "truststore._macos": "ValueError",
    }


def test_numpy_finds_what_it_loads_late() -> None:
    code = "import numpy; print(numpy.unique([2, 1, 2]).tolist())"
    assert docker("run", "--rm", "--network=none", "--entrypoint=python", IMAGE, "-c", code) == "[1, 2]"


@pytest.mark.parametrize("name", ["TERM", "INT"])
def test_the_plain_server_stops_at_once_when_it_is_told_to_while_it_starts(name: str) -> None:
    """It is the first process of its container, which gets no signal that it has not asked for."""
    # It starts slowly, so that the signal reaches it meanwhile however long Docker takes to pass it on.
    identity = docker("run", "--detach", "--network=none", "--cpus=0.2", IMAGE, "serve", "--no-keys")
    try:
        pid = docker("inspect", "--format={{.State.Pid}}", identity)
        assert wait_until(lambda: _catches(pid, signal.SIGTERM))
        docker("kill", f"--signal={name}", identity)
        assert docker("wait", identity) == "0"
        assert docker("logs", identity) == ""
    finally:
        docker("rm", "--force", identity)


def _catches(pid: str, number: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (number - 1) & 1)
