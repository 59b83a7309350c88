"""Installs the scripts of a test and the locked packages of npm that they import."""

import shutil
import subprocess
from pathlib import Path


def installed(source: Path, target: Path) -> Path:
    """Returns target, which has source's scripts and the packages of its lock, installed once for each lock."""
    target.mkdir(parents=True, exist_ok=True)
    lock = (source / "package-lock.json").read_bytes()
    stamp = target / ".installed"
    for path in (source / "package.json", source / "package-lock.json", *source.glob("*.mjs")):
        shutil.copy(path, target)
    if not stamp.exists() or stamp.read_bytes() != lock:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=target, check=True)
        stamp.write_bytes(lock)
    return target
