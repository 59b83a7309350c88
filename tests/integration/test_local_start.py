"""What `make run` says if the service cannot start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers.support import ROOT
from tests.helpers.waiting import HANGS_SECONDS

MODEL = str(ROOT / ".build/model/mobilenet_v2.onnx")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"MODEL_PATH": "missing.onnx"}, "there is no model at missing.onnx; `make model` builds it."),
        ({"MODEL_PATH": MODEL, "POLICY": "mild"}, "POLICY must be one of lenient, balanced, strict, not 'mild'."),
    ],
)
def test_what_keeps_the_service_from_starting_is_said_in_one_sentence(
    settings: dict[str, str], said: str, tmp_path: Path
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "modest_local", "--state", tmp_path],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_SECONDS,
    )
    assert (run.returncode, run.stderr) == (1, f"The service cannot start: {said}\n")
