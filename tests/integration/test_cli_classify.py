"""`modest classify` at the shell, as a person with a folder uses it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MODEST = Path(sys.executable).with_name("modest")
MOSAICS = REPOSITORY / "tests/fixtures/mosaics"


def modest(*arguments: object, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MODEST, "classify", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    shutil.copy(MOSAICS / "score-0.45.png", tmp_path / "a.png")
    shutil.copy(MOSAICS / "score-0.45.png", tmp_path / "deep" / "no suffix")
    (tmp_path / "notes.txt").write_text("not an image")
    return tmp_path


def test_a_folder_is_searched_for_images_by_their_content(folder: Path) -> None:
    result = modest("--json", folder)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(line["path"]).name for line in lines] == ["a.png", "no suffix"]
    assert {line["verdict"] for line in lines} == {"questionable"}
    assert result.returncode == 0


def test_one_nsfw_image_makes_the_exit_code_1(folder: Path) -> None:
    result = modest(folder, MOSAICS / "porn.png")
    assert result.returncode == 1
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        "verdict",
        "questionable",
        "questionable",
        "nsfw",
    ]


def test_what_cannot_be_judged_makes_the_exit_code_2_and_is_never_called_safe(folder: Path) -> None:
    result = modest("--json", folder / "notes.txt", folder / "missing.png", MOSAICS / "porn.png")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["verdict"] for line in lines] == [None, None, "nsfw"]
    assert [line["error"]["code"] for line in lines[:2]] == ["unsupported_format", "unreadable_file"]
    assert result.returncode == 2


def test_a_policy_decides_what_counts(tmp_path: Path) -> None:
    shutil.copy(MOSAICS / "sexy.png", tmp_path)
    verdicts = {
        policy: json.loads(modest("--json", "--policy", policy, tmp_path).stdout)["verdict"]
        for policy in ("lenient", "balanced", "strict")
    }
    assert verdicts == {"lenient": "safe", "balanced": "questionable", "strict": "nsfw"}


def test_a_folder_without_images_says_so(tmp_path: Path) -> None:
    result = modest(tmp_path)
    assert result.returncode == 2
    assert "no images" in result.stderr


def test_a_missing_model_says_how_to_build_it(folder: Path) -> None:
    result = modest("--model", folder / "none.onnx", folder)
    assert result.returncode == 2
    assert "make model" in result.stderr
