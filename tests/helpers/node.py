"""Installs the scripts of a test and the locked packages of npm that they import."""

import fcntl
import subprocess
from pathlib import Path


def installed(source: Path, target: Path) -> Path:
    """Returns target, which has source's scripts and the packages of its lock, installed once for each lock."""
    target.mkdir(parents=True, exist_ok=True)
    with (target / ".busy").open("w") as busy:
        # Other tests may be installing, or running what is there.
        fcntl.flock(busy, fcntl.LOCK_EX)
        for path in (source / "package.json", source / "package-lock.json", *source.glob("*.mjs")):
            _copy(path, target / path.name)
        lock, stamp = (source / "package-lock.json").read_bytes(), target / ".installed"
        if not stamp.exists() or stamp.read_bytes() != lock:
            subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=target, check=True)
            stamp.write_bytes(lock)
    return target


def _copy(path: Path, to: Path) -> None:
    content = path.read_bytes()
    if not to.exists() or to.read_bytes() != content:
        to.write_bytes(content)
