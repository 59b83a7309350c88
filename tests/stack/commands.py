"""Runs the commands that an operator types."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.helpers.waiting import HANGS_SECONDS

_OF_THIS_PROCESS = ("PYTEST_", "MAKE", "MFLAGS")


def run(command: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None, typed: str = "") -> str:
    """Returns what the command prints. Raises AssertionError with it if the command fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THIS_PROCESS)}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**kept, **(environ or {})},
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANGS_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}"
    return done.stdout
