"""Control-C in the commands that judge many pictures."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
from tests.helpers.support import MOSAICS, png
from tests.helpers.waiting import HANGS_SECONDS, wait_until
from typer.testing import CliRunner

from moderate.settings import usable_cores
from modest_cli.main import app

MODEST = Path(sys.executable).with_name("modest")
DOUBTFUL = MOSAICS / "of-both-models" / "score-0.45.png"


class PressedIn:
    """Presses Control-C when the named function of asyncio is called for the second time, while pictures are judged."""

    def __init__(self, function: str) -> None:
        self._function = function
        self.calls = 0

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_qualname == self._function and "asyncio" in frame.f_code.co_filename:
            self.calls += 1
            if self.calls == 2:
                signal.raise_signal(signal.SIGINT)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """As at a terminal: what a shell starts in the background passes over Control-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def copies(folder: Path, number: int) -> Path:
    folder.mkdir(exist_ok=True)
    for name in range(number):
        shutil.copy(DOUBTFUL, folder / f"{name}.png")
    return folder


@pytest.mark.parametrize(
    "function",
    [
        *("Runner._lazy_init", "BaseEventLoop.__init__", "BaseSelectorEventLoop._make_self_pipe", "Runner.run"),
        *("gather", "BaseEventLoop.run_forever", "Runner.close", "BaseSelectorEventLoop._close_self_pipe"),
    ],
)
@pytest.mark.usefixtures("interruptible")
def test_control_c_breaks_nothing_off_amid_the_making_the_running_or_the_closing_of_an_event_loop(
    function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_off: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", broken_off.append)
    at_once = usable_cores()
    copies(tmp_path / "pictures", 3 * at_once)
    pressed = PressedIn(function)
    sys.setprofile(pressed)
    try:
        result = CliRunner().invoke(app, ["classify", "--json", str(tmp_path / "pictures")])
    finally:
        sys.setprofile(None)
    assert pressed.calls >= 2
    judged = len(result.stdout.splitlines())
    assert 0 < judged < 3 * at_once
    assert result.exit_code == 130
    assert result.stderr == (
        f"Judged: {judged} (safe: 0, questionable: {judged}, nsfw: 0). Not judged: 0. "
        f"Left when interrupted: {3 * at_once - judged}.\n"
    )
    assert not broken_off


def test_control_c_prints_what_was_judged_and_how_much_was_left(tmp_path: Path) -> None:
    # A shell makes what it starts in the background pass over Control-C.
    command = ["env", "--default-signal=INT", str(MODEST), "classify", "--json", str(copies(tmp_path, 500))]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        assert process.stderr
        first = process.stdout.readline()
        # As a terminal does.
        os.killpg(process.pid, signal.SIGINT)
        rest, errors = process.stdout.read(), process.stderr.read()
    judged = 1 + len(rest.splitlines())
    assert json.loads(first)["verdict"] == "questionable"
    assert process.returncode == 130
    assert errors == (
        f"Judged: {judged} (safe: 0, questionable: {judged}, nsfw: 0). Not judged: 0. "
        f"Left when interrupted: {500 - judged}.\n"
    )


def test_what_passes_over_control_c_goes_on_doing_so(tmp_path: Path) -> None:
    command = ["env", "--ignore-signal=INT", str(MODEST), "classify", "--json", str(copies(tmp_path, 6))]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        rest, _ = process.stdout.read(), process.wait(HANGS_SECONDS)
    assert (process.returncode, len(rest.splitlines())) == (0, 5)


def test_an_interrupted_run_prints_what_was_judged_and_is_resumed(tmp_path: Path) -> None:
    (tmp_path / "safe").mkdir()
    for number in range(120):
        (tmp_path / "safe" / f"{number}.png").write_bytes(png(size=(20 + number % 20, 20 + number // 20)))
    record = tmp_path / "scores"
    command: list[str | Path] = [MODEST, "evaluate", tmp_path, "--json", "--second-opinion", "none", "--resume", record]
    with subprocess.Popen(
        ["env", "--default-signal=INT", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        wait_until(lambda: record.exists() and len(record.read_bytes().splitlines()) > 2)
        os.killpg(process.pid, signal.SIGINT)
        printed, notes = process.communicate()
    judged = json.loads(printed)["pictures"]["safe"]["judged"]
    assert 0 < judged < 120
    assert (process.returncode, notes.splitlines()[-1]) == (130, f"Left when interrupted: {120 - judged}.")
    kept = record.read_bytes()
    run = subprocess.run(command, capture_output=True, check=False, timeout=HANGS_SECONDS)
    assert record.read_bytes().startswith(kept)
    assert (run.returncode, json.loads(run.stdout)["pictures"]["safe"]["judged"]) == (0, 120)
