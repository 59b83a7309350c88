"""A headless Chromium, driven by the scripts beside this file."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.helpers.node import installed
from tests.helpers.support import ROOT

BUILT = ROOT / ".build" / "browser"


def ask_chromium(script: str, given: dict[str, Any]) -> Any:
    """What the script prints, once it is given this and the place of Chromium."""
    done = subprocess.run(
        ["node", script],
        cwd=installed(Path(__file__).parent, BUILT),
        input=json.dumps(given | {"executable": shutil.which("chromium")}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
