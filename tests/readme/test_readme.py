"""Every command of the README does what the README says, on a fresh clone and with nothing else."""

import json
from pathlib import Path
from typing import Any

from tests.helpers.support import ROOT
from tests.readme.transcript import Step, format_step, transcribe

TRANSCRIPT = ROOT / ".build" / "readme.txt"


def test_every_command_runs_in_the_order_of_the_readme(tmp_path: Path) -> None:
    steps: list[Step] = []
    with TRANSCRIPT.open("w") as file:
        for step in transcribe(tmp_path / "clone"):
            steps.append(step)
            file.write(format_step(step) + "\n")
            file.flush()
    by_text = {step.command.text: step for step in steps}
    unexpected = {text: step.exit_code for text, step in by_text.items() if step.exit_code and text != "make deploy"}
    assert not unexpected

    # Nobody is logged in to AWS here, and SAM says what it misses first.
    assert by_text["make deploy"].exit_code
    assert "AWS_DEFAULT_REGION" in by_text["make deploy"].output
    photo, mosaic = (_answer(step) for step in steps if step.command.text.startswith("curl"))
    assert (photo["data"]["verdict"], mosaic["data"]["verdict"]) == ("safe", "nsfw")


def _answer(step: Step) -> Any:
    """Returns the JSON that curl printed beside its progress."""
    return json.loads(step.output[step.output.index("{") : step.output.rindex("}") + 1])
