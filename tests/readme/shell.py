"""A shell that a reader of the README types into, and the servers that run in another one."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import httpx2
from tests.helpers.waiting import HANGS_SECONDS, wait_until
from tests.readme.commands import Command

_LONGEST_SECONDS = 3 * HANGS_SECONDS
_MARK = "\x1e"
_OF_THIS_PROCESS = ("PYTEST_", "VIRTUAL_ENV", "AWS_", "MODE", "MAKE", "MFLAGS")


def environment(*, tools: Path) -> Mapping[str, str]:
    """Returns the environment of someone who just opened a shell. tools: a folder of commands that they installed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THIS_PROCESS)}
    return kept | {"PATH": f"{kept['PATH']}:{tools}", "AWS_EC2_METADATA_DISABLED": "true", "SAM_CLI_TELEMETRY": "0"}


class Shell:
    """Runs one command after the other, so that variables stay. What they print is printed as it comes."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> "Shell":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def run(self, text: str) -> tuple[int, str]:
        """Returns the exit code and the output. What asks is answered yes."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{{ {text}\n}} <<<y\nprintf '\\n{_MARK}%d\\n' $?\n")
        self._process.stdin.flush()
        hanging = threading.Timer(_LONGEST_SECONDS, os.killpg, (self._process.pid, signal.SIGKILL))
        hanging.start()
        output = ""
        try:
            for line in self._process.stdout:
                if line.startswith(_MARK):
                    return int(line[1:]), output.rstrip("\n")
                sys.stdout.write(line)
                output += line
        finally:
            hanging.cancel()
        raise RuntimeError(f"The shell ended while it ran: {text}")


class Server:
    """A command in a shell of its own that serves until it is stopped."""

    def __init__(self, command: Command, folder: Path, environ: Mapping[str, str], log: Path) -> None:
        self.command = command
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                ["bash", "-c", command.text],
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if not wait_until(self._answers, alive=lambda: self._process.poll() is None):
            self.stop()
            raise RuntimeError(f"{command.text} serves nothing at {command.serves}:\n{self.output}")

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace").rstrip("\n")

    def stop(self) -> None:
        """Returns once all of its processes have ended."""
        with suppress(ProcessLookupError):
            # Not SIGINT, which is ignored by what a script started in the background.
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(HANGS_SECONDS)
        assert wait_until(self._has_ended)

    def _has_ended(self) -> bool:
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.command.serves}/health", timeout=HANGS_SECONDS).status_code == httpx2.codes.OK
        except httpx2.TransportError:
            return False
