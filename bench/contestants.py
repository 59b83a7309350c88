"""The parent's side of a contestant: an environment from its lock, a process in it, its answers, its memory."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.facts import BUILT, ROOT
from bench.processes import family, pss_megabytes
from bench.sampling import Timing

_PYTHON = "3.11"
# Set where old builds of OpenBLAS crash; they slow a new one, and Modest does not use it.
_NOT_INHERITED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # A benchmark reports to nobody.
    "ORT_DISABLE_TELEMETRY": "1",
    "NO_ALBUMENTATIONS_UPDATE": "1",
}


class Contestant:
    def __init__(
        self, name: str, command: Sequence[str], folder: Path = ROOT, environment: Mapping[str, str] | None = None
    ) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        self._log = BUILT / f"{name}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                cwd=folder,
                env=kept | _ENVIRONMENT | dict(environment or {}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.about = self._answer()

    def time(self, operation: str, *paths: Path) -> Timing:
        if self._process.stdin is None:
            raise RuntimeError("the contestant has no stdin")
        request = {"operation": operation, "paths": [str(path) for path in paths]}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Timing(**self._answer())

    def megabytes(self) -> float:
        """The proportional set size of all its processes."""
        return pss_megabytes(self._process.pid)

    def stop(self) -> None:
        for member in family(self._process.pid):
            os.kill(member, signal.SIGKILL)
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended:\n{self._log.read_text()[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def running(
    names: Sequence[str], model: Path, environment: Mapping[str, str] | None = None
) -> Iterator[dict[str, Contestant]]:
    """Contestants by name: a module of bench/peers."""
    started: dict[str, Contestant] = {}
    try:
        for name in names:
            started[name] = _start(name, model, environment)
        yield started
    finally:
        for contestant in started.values():
            contestant.stop()


def _start(name: str, model: Path, environment: Mapping[str, str] | None) -> Contestant:
    if name == "nsfwjs":
        return Contestant(name, ["node", "nsfwjs.mjs"], _npm())
    python = _venv(name) if name in ("nudenet", "opennsfw") else sys.executable
    return Contestant(name, [str(python), "-m", f"bench.peers.{name}", str(model)], environment=environment)


def _venv(name: str) -> Path:
    """A peer's own environment: its packages must not move ours."""
    python = BUILT / name / "bin" / "python"
    lock = ROOT / "requirements" / f"bench-{name}.txt"
    if _is_new(BUILT / name, lock):
        uv = str(Path(sys.executable).parent / "uv")
        _run(uv, "venv", "--quiet", "--clear", "--python", _PYTHON, str(BUILT / name))
        _run(uv, "pip", "sync", "--quiet", "--python", str(python), "--require-hashes", str(lock))
        _keep(BUILT / name, lock)
    return python


def _npm() -> Path:
    folder, source = BUILT / "npm", ROOT / "bench" / "peers"
    lock = source / "package-lock.json"
    fresh = _is_new(folder, lock)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "nsfwjs.mjs"):
        shutil.copy(source / name, folder)
    if fresh:
        _run("npm", "ci", "--ignore-scripts", "--silent", folder=folder)
        _keep(folder, lock)
    return folder


def _is_new(folder: Path, lock: Path) -> bool:
    stamp = folder / ".installed"
    return not stamp.exists() or stamp.read_bytes() != lock.read_bytes()


def _keep(folder: Path, lock: Path) -> None:
    (folder / ".installed").write_bytes(lock.read_bytes())


def _run(*command: str, folder: Path = ROOT) -> None:
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run(command, cwd=folder, env=environment, check=True)  # noqa: S603
