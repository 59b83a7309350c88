"""ministack as a context."""

import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import httpx2
from tests.helpers.waiting import HANGS_SECONDS, wait_until

ACCOUNT = "123456789012"
REGION = "us-east-1"


class Engine:
    """An AWS account without AWS, on a free port of 127.0.0.1, in which IAM is enforced.

    folder: takes what the engine writes, beside its log in .build/stack.log.
    functions: environment variables that the image sets, for the function that replaces it.
    """

    def __init__(self, project: Path, folder: Path, functions: Mapping[str, str]) -> None:
        self._project = project
        self._folder = folder
        self._functions = functions
        self._log = project / ".build" / "stack.log"

    def __enter__(self) -> "Engine":
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        scratch = self._folder / "scratch"
        scratch.mkdir(parents=True)
        own = {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "LAMBDA_EXECUTOR": "local",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "TMPDIR": str(scratch),
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(self._project / ".build" / "stack" / "bin" / "python"), "-m", "tests.stack.engine"],
                cwd=self._project,
                env={**_without_aws(), **self.credentials, **self._functions, **own},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if not wait_until(self._answers, alive=lambda: self._process.poll() is None):
            self._stop()
            raise RuntimeError(f"The engine did not come up:\n{self._log.read_text()[-4000:]}")
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def credentials(self) -> Mapping[str, str]:
        """The root user's, as environment variables."""
        return {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "engine", "AWS_DEFAULT_REGION": REGION}

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/_ministack/health", timeout=HANGS_SECONDS).status_code == httpx2.codes.OK
        except httpx2.TransportError:
            return False

    def _stop(self) -> None:
        """Ends the engine, and then what it leaves running: functions that are at work."""
        self._process.terminate()
        self._process.communicate(timeout=HANGS_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _without_aws() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
