"""Starts each contestant in a process with an environment of its own, and measures its calls and memory."""

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

from bench.base import Base
from bench.facts import BUILT, ROOT
from bench.processes import process_tree, pss_megabytes
from bench.sampling import Timing

_PYTHON = "3.11"
# Some machines set these for old builds of OpenBLAS that would crash. They slow down newer builds.
_REMOVED_VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Libraries must not send telemetry during a benchmark.
    "ORT_DISABLE_TELEMETRY": "1",
    "NO_ALBUMENTATIONS_UPDATE": "1",
}


class Contestant:
    def __init__(
        self, name: str, command: Sequence[str], folder: Path = ROOT, environment: Mapping[str, str] | None = None
    ) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in _REMOVED_VARIABLES}
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
        self.about = self._read_answer()

    def time(self, operation: str, *paths: Path) -> Timing:
        if self._process.stdin is None:
            raise RuntimeError("The contestant has no stdin.")
        request = {"operation": operation, "paths": [str(path) for path in paths]}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Timing(**self._read_answer())

    def megabytes(self) -> float:
        """Returns the proportional set size of all its processes."""
        return pss_megabytes(self._process.pid)

    def stop(self) -> None:
        for member in process_tree(self._process.pid):
            os.kill(member, signal.SIGKILL)
        self._process.wait()

    def _read_answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended:\n{self._log.read_text()[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def running(
    names: Sequence[str], model: Path, environment: Mapping[str, str] | None = None, base: Base | None = None
) -> Iterator[dict[str, Contestant]]:
    """Yields the running contestants by name. Each name is a module of bench/peers; "base" is Modest at that commit."""
    started: dict[str, Contestant] = {}
    try:
        for name in names:
            started[name] = _start(name, model, environment)
        if base is not None:
            # Its own code measures it, because that knows what its modules are called.
            command = [str(base.python), "-m", "bench.peers.modest", str(base.model(model.name))]
            started["base"] = Contestant("base", command, base.folder)
        yield started
    finally:
        for contestant in started.values():
            contestant.stop()


def _start(name: str, model: Path, environment: Mapping[str, str] | None) -> Contestant:
    if name == "nsfwjs":
        return Contestant(name, ["node", "nsfwjs.mjs"], _prepare_npm())
    python = _prepare_venv(name) if name in ("nudenet", "opennsfw") else sys.executable
    return Contestant(name, [str(python), "-m", f"bench.peers.{name}", str(model)], environment=environment)


def _prepare_venv(name: str) -> Path:
    """Creates a peer's own environment, so that its packages do not affect ours."""
    python = BUILT / name / "bin" / "python"
    lock = ROOT / "requirements" / f"bench-{name}.txt"
    if _needs_install(BUILT / name, lock):
        uv = str(Path(sys.executable).parent / "uv")
        _run(uv, "venv", "--quiet", "--clear", "--python", _PYTHON, str(BUILT / name))
        _run(uv, "pip", "sync", "--quiet", "--python", str(python), "--require-hashes", str(lock))
        _mark_installed(BUILT / name, lock)
    return python


def _prepare_npm() -> Path:
    folder, source = BUILT / "npm", ROOT / "bench" / "peers"
    lock = source / "package-lock.json"
    fresh = _needs_install(folder, lock)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "nsfwjs.mjs"):
        shutil.copy(source / name, folder)
    if fresh:
        _run("npm", "ci", "--ignore-scripts", "--silent", folder=folder)
        _mark_installed(folder, lock)
    return folder


def _needs_install(folder: Path, lock: Path) -> bool:
    stamp = folder / ".installed"
    return not stamp.exists() or stamp.read_bytes() != lock.read_bytes()


def _mark_installed(folder: Path, lock: Path) -> None:
    (folder / ".installed").write_bytes(lock.read_bytes())


def _run(*command: str, folder: Path = ROOT) -> None:
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run(command, cwd=folder, env=environment, check=True)  # noqa: S603
