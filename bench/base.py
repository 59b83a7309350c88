"""Checks out an earlier commit with its own packages and model, to be measured beside this one in the same rounds."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.facts import BUILT, ROOT

# What `make bench` was given, and gives to its commands.
_OF_THIS_CHECKOUT = ("MAKEFLAGS", "MFLAGS", "MODEL", "MODEL_FILE", "SECOND_OPINION", "BASE")


@dataclass(frozen=True, slots=True)
class Base:
    commit: str
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / ".venv" / "bin" / "python"

    def model(self, name: str) -> Path:
        return self.folder / ".build" / "model" / name


@contextmanager
def checked_out(commit: str) -> Iterator[Base]:
    """Yields what `make setup model` makes of the commit."""
    short = _git("rev-parse", "--short", f"{commit}^{{commit}}")
    with TemporaryDirectory(dir=BUILT, prefix=f"{short}-") as temporary:
        folder = Path(temporary) / "checkout"
        _git("worktree", "add", "--quiet", "--detach", str(folder), short)
        try:
            _build(folder)
            yield Base(short, folder)
        finally:
            _git("worktree", "remove", "--force", str(folder))


def _build(folder: Path) -> None:
    # Fetched packages are compared with their checksums wherever they come from.
    if (ROOT / ".build" / "packages").exists():
        shutil.copytree(ROOT / ".build" / "packages", folder / ".build" / "packages")
    kept = {name: value for name, value in os.environ.items() if name not in _OF_THIS_CHECKOUT}
    python = f"PYTHON={sys.executable}"
    subprocess.run(["make", "--silent", "setup", "model", python], cwd=folder, env=kept, check=True)  # noqa: S603, S607


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()  # noqa: S603
