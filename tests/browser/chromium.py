"""A headless Chromium, driven by the scripts beside this file."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.helpers.support import ROOT

HERE = Path(__file__).parent
BUILT = ROOT / ".build" / "browser"


def ask_chromium(script: str, given: dict[str, Any]) -> Any:
    """What the script prints, once it is given this and the place of Chromium."""
    _install()
    done = subprocess.run(
        ["node", script],
        cwd=BUILT,
        input=json.dumps(given | {"executable": shutil.which("chromium")}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _install() -> None:
    """The scripts, and the locked packages once for each lock."""
    BUILT.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = BUILT / ".installed"
    for path in (HERE / "package.json", HERE / "package-lock.json", *HERE.glob("*.mjs")):
        shutil.copy(path, BUILT)
    if not stamp.exists() or stamp.read_bytes() != lock:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=BUILT, check=True)
        stamp.write_bytes(lock)
