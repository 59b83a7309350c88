"""`modest classify`, as a person with a folder uses it: at the shell where that may matter."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.models import fragile_model, save
from tests.helpers.support import MOSAICS
from tests.helpers.waiting import HANGS_SECONDS
from typer.testing import CliRunner, Result

from modest_cli.main import app

MODEST = Path(sys.executable).with_name("modest")
FLAGGED = MOSAICS / "of-both-models" / "porn.png"
# Names as a hostile archive may have them; each is one file.
HOSTILE_NAMES = [
    *(b"-dash.jpg", b".hidden.jpg", b"UPPER.JPG", b"[bold]x[red].jpg", b"a b.jpg", b"bad\xff\xfename.jpg"),
    *("emoji😀.jpg".encode(), b"esc\x1b[31mred.jpg", b"new\nline.jpg", "rtl\u202egpj.exe.jpg".encode(), b"tab\t.jpg"),
    *("é.jpg".encode(), "田.jpg".encode(), b"noext", b":smile:.jpg", b"back\\slash.jpg", b"\x9b31m.jpg", b"n" * 255),
]


def modest(*arguments: str | Path) -> Result:
    """In this process, because another takes a second of CPU to start."""
    return CliRunner().invoke(app, ["classify", *map(str, arguments)])


def at_the_shell(
    *arguments: str | Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [MODEST, "classify", *arguments]
    run = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=HANGS_SECONDS,
        env=os.environ | (environment or {}),
    )
    return subprocess.CompletedProcess(command, run.returncode, run.stdout.decode(), run.stderr.decode())


def lines_of(result: Result | subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def sums(result: Result | subprocess.CompletedProcess[str]) -> str:
    return result.stderr.splitlines()[-1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    shutil.copy(MOSAICS / "of-both-models/score-0.45.png", tmp_path / "a.png")
    shutil.copy(MOSAICS / "of-both-models/score-0.45.png", tmp_path / "deep" / "no suffix")
    (tmp_path / "notes.txt").write_text("not an image")
    return tmp_path


@pytest.fixture
def hostile_folder(tmp_path: Path) -> Path:
    image = (MOSAICS / "of-both-models" / "score-0.45.png").read_bytes()
    for name in HOSTILE_NAMES:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(image)
    return tmp_path


def test_a_folder_is_searched_for_images_by_their_content(folder: Path) -> None:
    result = modest("--json", folder)
    assert [Path(line["path"]).name for line in lines_of(result)] == ["a.png", "no suffix"]
    assert {line["verdict"] for line in lines_of(result)} == {"questionable"}
    assert result.exit_code == 0
    assert sums(result) == ("Judged: 2 (safe: 0, questionable: 2, nsfw: 0). Not judged: 0. Other files, not images: 1.")


def test_one_nsfw_image_makes_the_exit_code_1(folder: Path) -> None:
    result = at_the_shell(folder, FLAGGED)
    assert result.returncode == 1
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        "verdict",
        "questionable",
        "questionable",
        "nsfw",
    ]


def test_what_cannot_be_judged_makes_the_exit_code_2_and_is_never_called_safe(folder: Path) -> None:
    result = at_the_shell("--json", folder / "notes.txt", folder / "missing.png", FLAGGED, "/dev/zero")
    lines = lines_of(result)
    assert [line["verdict"] for line in lines] == [None, None, "nsfw", None]
    codes = [line["error"]["code"] for line in lines if "error" in line]
    assert codes == ["unsupported_format", "unreadable_file", "unreadable_file"]
    assert result.returncode == 2
    assert sums(result) == "Judged: 1 (safe: 0, questionable: 0, nsfw: 1). Not judged: 3."


def test_pictures_in_a_folder_that_cannot_be_judged_are_listed_and_do_not_pass(folder: Path) -> None:
    (folder / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    (folder / "page.jpg").write_bytes(b"<!doctype html><p>Not found")
    (folder / "clip").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
    (folder / "broken.png").symlink_to("nowhere")
    (folder / "elsewhere").symlink_to(MOSAICS)
    os.mkfifo(folder / "pipe.jpg")
    result = modest(folder)
    assert result.exit_code == 2
    listed = [line for line in result.stdout.splitlines() if line.startswith("error")]
    assert len(listed) == 6
    for name, words in {
        "photo.heic": "cannot be decoded",
        "page.jpg": "This is a web page",
        "clip": "This is a video",
        "broken.png": "No such file",
        "elsewhere": "a link to another folder",
        "pipe.jpg": "a named pipe",
    }.items():
        assert any(name in line and words in line for line in listed), name
    assert sums(result).startswith("Judged: 2 (safe: 0, questionable: 2, nsfw: 0). Not judged: 6.")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_name_steers_the_terminal_or_makes_a_line_of_its_own(hostile_folder: Path, encoding: str) -> None:
    result = at_the_shell(hostile_folder, environment={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    rows = result.stdout.splitlines()[1:]
    assert result.returncode == 0
    assert all(char.isprintable() or char == "\n" for char in result.stdout)
    assert [row.split()[0] for row in rows] == ["questionable"] * len(HOSTILE_NAMES)


def test_json_has_every_name_exactly(hostile_folder: Path) -> None:
    result = modest("--json", hostile_folder)
    assert result.stdout.isascii()
    assert sorted(os.fsencode(Path(line["path"]).name) for line in lines_of(result)) == sorted(HOSTILE_NAMES)


def test_an_image_is_taken_from_a_pipe_once() -> None:
    image = FLAGGED.read_bytes()
    result = at_the_shell("--json", "-", "-", stdin=image)
    assert [(line["path"], line["verdict"]) for line in lines_of(result)] == [("-", "nsfw")]
    assert result.returncode == 1
    assert at_the_shell("-").returncode == 2


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("", "A path is empty"),
        ("https://example.com/a.jpg", "is a URL"),
        ("FTP://example.com/a.jpg", "is a URL"),
        ("data:image/png;base64,AAAA", "is a URL"),
        ("https://x.test/\x1b[31m", "is a URL"),
    ],
)
def test_what_cannot_be_a_path_is_refused_before_anything_is_searched(folder: Path, argument: str, words: str) -> None:
    result = modest(folder, argument)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in " ".join(re.sub("[│\n]", " ", result.stderr).split())
    assert "\x1b" not in result.stderr


def test_a_policy_decides_what_counts(tmp_path: Path) -> None:
    shutil.copy(MOSAICS / "sexy.png", tmp_path)
    verdicts = {
        policy: json.loads(modest("--json", "--policy", policy, "--second-opinion", "none", tmp_path).stdout)["verdict"]
        for policy in ("lenient", "balanced", "strict")
    }
    assert verdicts == {"lenient": "safe", "balanced": "questionable", "strict": "nsfw"}


def test_a_second_model_is_asked_unless_told_otherwise() -> None:
    verdicts = {
        name: json.loads(modest("--json", *options, MOSAICS / "porn.png").stdout)["verdict"]
        for name, options in {"as deployed": (), "one model": ("--second-opinion", "none")}.items()
    }
    assert verdicts == {"as deployed": "questionable", "one model": "nsfw"}


def test_a_folder_without_images_says_so(tmp_path: Path) -> None:
    result = modest(tmp_path)
    assert result.exit_code == 2
    assert "no images" in result.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [("none.onnx", "`make model` builds it"), ("notes.txt", "it is not an ONNX file"), ("deep", "make")],
)
def test_a_model_that_is_none_says_what_it_is_and_how_to_build_one(folder: Path, name: str, said: str) -> None:
    result = modest("--model", folder / name, folder)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_model_that_breaks_on_an_image_gives_no_verdict_and_says_what_it_answered(tmp_path: Path) -> None:
    save(fragile_model(), tmp_path / "fragile.onnx")
    result = at_the_shell("--model", tmp_path / "fragile.onnx", "--second-opinion", "none", MOSAICS / "neutral.png")
    assert (result.returncode, result.stdout) == (2, "")
    assert "add up to 1, as after a softmax; they are nan" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_reader_that_ends_first_is_not_taken_for_a_verdict(hostile_folder: Path) -> None:
    for options in ("--json", ""):
        command = f"{MODEST} classify {options} {hostile_folder} | true; echo ${{PIPESTATUS[0]}}"
        run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        assert (run.stdout, "Traceback" in run.stderr) == ("141\n", False)


def test_a_fault_of_the_command_itself_is_not_taken_for_a_verdict(folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run([MODEST, "classify", folder], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 70
    assert "No space left on device" in run.stderr


def test_it_has_a_version_and_completes_its_commands() -> None:
    version = subprocess.run([MODEST, "--version"], capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(r"modest \d+\.\d+\.\d+\n", version)
    words = {"_MODEST_COMPLETE": "complete_bash", "COMP_WORDS": "modest cl", "COMP_CWORD": "1"}
    completed = subprocess.run([MODEST], env=os.environ | words, capture_output=True, text=True, check=True)
    assert completed.stdout.split() == ["classify"]
