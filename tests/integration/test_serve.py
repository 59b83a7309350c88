"""The service as a plain server: started as a user starts it, and without anything of Lambda's."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from tests.helpers.support import png
from tests.helpers.waiting import HANGS_SECONDS, wait_until

from moderate.serve import url_of
from modest.api_keys import new_key


def test_importing_it_neither_builds_the_service_nor_loads_lambdas_handler() -> None:
    code = "import sys, moderate.serve; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], env={}, check=True, capture_output=True, text=True)
    modules = set(run.stdout.split())
    assert "moderate.web.composition" in modules
    assert not modules & {"mangum", "moderate.main", "moderate.web.lambda_events"}


def test_it_judges_for_the_keys_of_a_file_and_for_nobody_else(model_path: Path, tmp_path: Path) -> None:
    key = new_key()
    (tmp_path / "keys").write_text(key)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = os.environ | {"MODEL_PATH": str(model_path), "NSFW_FROM": "0.75", "LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "moderate.serve", "--keys", str(tmp_path / "keys"), "--port", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=HANGS_SECONDS) as client:
                wait_until_up(client, server)
                answer = client.post("/v1/check", content=png(), headers={"x-api-key": key})
                assert (answer.status_code, answer.json()["data"]["threshold"]) == (200, 0.75)
                assert client.post("/v1/check", content=png()).status_code == 401
                usage = client.get("/v1/usage", headers={"x-api-key": key})
                assert (usage.status_code, usage.json()["data"]) == (200, {"counted": False})
                assert "without a ledger" in usage.json()["message"]
                assert client.get("/v1/usage").status_code == 401
                page, head = client.get("/"), client.head("/")
                assert (head.status_code, head.content) == (200, b"")
                assert head.headers["content-length"] == str(len(page.content))
        finally:
            server.terminate()


def test_a_ledger_that_aws_cannot_be_asked_for_is_named_and_nothing_is_served(model_path: Path) -> None:
    environment = os.environ | {"MODEL_PATH": str(model_path), "LEDGER_TABLE": "ledger", "AWS_PROFILE": "nobody"}
    command = [sys.executable, "-m", "moderate.serve", "--no-keys"]
    run = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr == (
        "serve: LEDGER_TABLE names a table that AWS cannot be asked for: The config profile (nobody) could not be "
        "found (ProfileNotFound)\n"
    )


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (("127.0.0.2", 3000), "http://127.0.0.2:3000"),
        (("0.0.0.0", 3000), "http://127.0.0.1:3000"),  # noqa: S104 - nothing is bound
        (("::", 3000, 0, 0), "http://[::1]:3000"),
        (("fe80::1", 80, 0, 2), "http://[fe80::1]:80"),
    ],
)
def test_the_url_is_one_at_which_this_machine_reaches_it(address: tuple[object, ...], url: str) -> None:
    assert url_of(address) == url


def test_it_says_where_it_listens_once_it_does(model_path: Path) -> None:
    environment = os.environ | {"MODEL_PATH": str(model_path)}
    command = [sys.executable, "-m", "moderate.serve", "--no-keys", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            said = next(line for line in server.stdout if line.startswith("Modest is listening on "))
            assert httpx2.get(f"{said.split()[-1]}/health", timeout=HANGS_SECONDS).status_code == 200
        finally:
            server.terminate()


def test_a_port_that_another_has_is_named_and_nothing_is_said_to_listen(model_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        environment = os.environ | {"MODEL_PATH": str(model_path)}
        command = [sys.executable, "-m", "moderate.serve", "--no-keys", "--port", str(port)]
        run = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("serve: Address already in use")
    assert f"{port}" in run.stderr
    assert run.stderr.endswith(". Choose another --host or --port.\n")


def wait_until_up(client: httpx2.Client, server: subprocess.Popen[bytes]) -> None:
    def answers() -> bool:
        try:
            client.get("/health")
        except httpx2.ConnectError:
            return False
        return True

    assert wait_until(answers, alive=lambda: server.poll() is None), server.returncode


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_there_cannot_be_is_refused_before_anything_is_loaded(port: str) -> None:
    command = [sys.executable, "-m", "moderate.serve", "--no-keys", f"--port={port}"]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.endswith(f"argument --port: a port is a number from 0 to 65535, not {port}\n")
