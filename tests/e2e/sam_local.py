"""`sam local start-api` as a context."""

import os
import signal
import subprocess
from pathlib import Path
from types import TracebackType

import httpx2
from tests.helpers.waiting import HANGS_SECONDS, wait_until


class SamLocal:
    """Serves the built template as the README does, without options. Its log is in .build/e2e/sam-local.log."""

    url = "http://127.0.0.1:3000"

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self._log = repository / ".build" / "e2e" / "sam-local.log"

    def __enter__(self) -> "SamLocal":
        if self._answers():
            raise RuntimeError(f"Something else serves {self.url}. Stop it first.")
        self._log.parent.mkdir(parents=True, exist_ok=True)
        command = [str(self._repository / ".build/sam/bin/sam"), "local", "start-api"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=self._repository, env=_environment(), stdout=log, stderr=log, start_new_session=True
            )
        self._wait_until_it_answers()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        # SIGTERM, on which it removes its containers.
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(HANGS_SECONDS)

    def _wait_until_it_answers(self) -> None:
        if not wait_until(self._answers, alive=lambda: self._process.poll() is None):
            raise RuntimeError(f"sam local did not come up:\n{self._log.read_text()[-4000:]}")

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/health", timeout=HANGS_SECONDS).status_code == httpx2.codes.OK
        except httpx2.TransportError:
            return False


def _environment() -> dict[str, str]:
    """Without credentials: fake ones are looked up at AWS, which takes 11 s a start."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}
