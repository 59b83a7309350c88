"""Control-C in the commands that judge many pictures."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import IO

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


@contextmanager
def screen() -> Iterator[tuple[int, Callable[[str], bool]]]:
    """Yields a terminal for a command's stderr, and what waits until a text is shown there."""
    master, terminal = os.openpty()
    shown = bytearray()

    def read() -> None:
        # Reading fails once nobody has the terminal open.
        with suppress(OSError):
            while True:
                shown.extend(os.read(master, 10_000))

    reading = Thread(target=read)
    reading.start()
    try:
        yield terminal, lambda text: wait_until(lambda: text in shown.decode(errors="replace"))
    finally:
        os.close(terminal)
        reading.join()
        os.close(master)


def is_asleep(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def waiting_in(pipe: IO[bytes] | None) -> int:
    """Returns how many bytes wait for the reader."""
    assert pipe
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


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


def test_control_c_does_not_wait_for_the_rest_of_a_picture_that_comes_through_a_pipe() -> None:
    with subprocess.Popen(
        ["env", "--default-signal=INT", MODEST, "classify", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdin
        assert process.stderr
        process.stdin.write(b"GIF")
        process.stdin.flush()
        # A signal that comes just before Python waits is noticed when it has waited.
        assert wait_until(lambda: waiting_in(process.stdin) == 0 and is_asleep(process.pid))
        os.killpg(process.pid, signal.SIGINT)
        errors = process.stderr.read().decode()
    counted = "Judged: 0 (safe: 0, questionable: 0, nsfw: 0). Not judged: 0. Left when interrupted: 1.\n"
    assert (process.returncode, errors) == (130, counted)


def test_a_person_is_told_how_to_end_a_command_whose_reader_stalls(tmp_path: Path) -> None:
    command: list[str | Path] = ["env", "--default-signal=INT", MODEST, "classify", "--json", copies(tmp_path, 100)]
    with screen() as (terminal, shows):
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=terminal, start_new_session=True, pipesize=4096
        )
        try:
            assert wait_until(lambda: waiting_in(process.stdout) > 3000)
            os.killpg(process.pid, signal.SIGINT)
            assert shows("Press Control-C again to end at once.")
            os.killpg(process.pid, signal.SIGINT)
            assert shows("Left when interrupted: ")
            # Shells show 130 for both; Python ends by the signal itself if it comes when it is about to end.
            assert process.wait(HANGS_SECONDS) in (130, -signal.SIGINT)
        finally:
            process.kill()
            process.communicate()


def test_a_progress_bar_on_the_screen_keeps_no_line_from_a_file_or_pipe(tmp_path: Path) -> None:
    with screen() as (terminal, shows):
        command: list[str | Path] = [MODEST, "classify", "--json", copies(tmp_path, 3)]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, check=False, timeout=HANGS_SECONDS)
        assert shows("Judged: 3")
    assert [json.loads(line)["verdict"] for line in run.stdout.splitlines()] == ["questionable"] * 3


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
        assert wait_until(lambda: record.exists() and len(record.read_bytes().splitlines()) > 2)
        os.killpg(process.pid, signal.SIGINT)
        printed, notes = process.communicate()
    judged = json.loads(printed)["pictures"]["safe"]["judged"]
    assert 0 < judged < 120
    assert (process.returncode, notes.splitlines()[-1]) == (130, f"Left when interrupted: {120 - judged}.")
    kept = record.read_bytes()
    run = subprocess.run(command, capture_output=True, check=False, timeout=HANGS_SECONDS)
    assert record.read_bytes().startswith(kept)
    assert (run.returncode, json.loads(run.stdout)["pictures"]["safe"]["judged"]) == (0, 120)
