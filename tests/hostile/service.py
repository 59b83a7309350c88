"""The service as it ships, inside a namespace, and a client for it: of the client only the sockets are in there."""

import contextlib
import ctypes
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
from tests.helpers.support import ROOT
from tests.helpers.waiting import HANGS_SECONDS, wait_until
from tests.hostile.namespace import Internet

ADDRESS = ("127.0.0.1", 3000)
BASE = f"http://{ADDRESS[0]}:{ADDRESS[1]}"

_OWN = Path("/proc/thread-self/ns/net")
_NAMED = Path("/run/netns")
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class ServiceProcess:
    client: httpx2.Client
    """May be used from any thread."""
    process: subprocess.Popen[str]
    stdout: Path
    stderr: Path


@contextlib.contextmanager
def serving(
    web: Internet,
    folder: Path,
    model: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    wrapper: Sequence[str] = (),
) -> Iterator[ServiceProcess]:
    """folder: takes what the service prints. arguments: of `serve`. wrapper: a command that executes its arguments."""
    command = [*wrapper, sys.executable, "-m", "moderate.serve", *(arguments or ["--no-keys"])]
    stdout, stderr = folder / "stdout", folder / "stderr"
    with stdout.open("w") as out, stderr.open("w") as err:
        process = web.popen(
            command,
            stdout=out,
            stderr=err,
            env={"MODEL_PATH": str(model), **memory_settings(), **(environment or {})},
            cwd=folder,
        )
        with process, client_of(web) as client:
            try:
                _wait_until_ready(process, client, stderr)
                yield ServiceProcess(client, process, stdout, stderr)
            finally:
                process.terminate()


def memory_settings() -> dict[str, str]:
    """Those of the image that ships."""
    found = dict(re.findall(r"(MALLOC_\w+)=(\d+)", (ROOT / "functions/moderate/Dockerfile").read_text()))
    assert found
    return found


def client_of(web: Internet) -> httpx2.Client:
    return httpx2.Client(base_url=BASE, transport=_Transport(web.name), timeout=HANGS_SECONDS)


@contextlib.contextmanager
def entered(name: str) -> Iterator[None]:
    """Sockets that this thread makes, and threads that it starts, are the namespace's meanwhile."""
    with _OWN.open() as home, (_NAMED / name).open() as namespace:
        _set_namespace(namespace.fileno())
        try:
            yield
        finally:
            _set_namespace(home.fileno())


class _Transport(httpx2.HTTPTransport):
    def __init__(self, namespace: str) -> None:
        super().__init__(trust_env=False)
        self._namespace = namespace

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        with entered(self._namespace):
            return super().handle_request(request)


def _set_namespace(descriptor: int) -> None:
    # os.setns is there from Python 3.12 on.
    if _libc.setns(descriptor, 0):
        raise OSError(ctypes.get_errno(), "setns")


def _wait_until_ready(process: subprocess.Popen[str], client: httpx2.Client, stderr: Path) -> None:
    def answers() -> bool:
        try:
            client.get("/health").raise_for_status()
        except httpx2.ConnectError:
            return False
        return True

    if not wait_until(answers, alive=lambda: process.poll() is None):
        raise RuntimeError(f"The service did not start: {stderr.read_text()}")
