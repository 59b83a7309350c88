"""What `modest evaluate` refuses before it judges anything."""

from pathlib import Path

import pytest
from tests.helpers.support import png
from typer.testing import CliRunner, Result

from modest_cli.exit_codes import ExitCode
from modest_cli.main import app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "safe").mkdir()
    (tmp_path / "safe" / "a.png").write_bytes(png())
    return tmp_path


def evaluate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


@pytest.mark.parametrize("share", ["0", "1", "95", "-0.1", "nan", "inf", "", "0,95"])
def test_a_share_is_between_0_and_1(folder: Path, share: str) -> None:
    for option in ("--recall", "--false-positives"):
        result = evaluate(folder, f"{option}={share}")
        assert (result.exit_code, result.stdout) == (ExitCode.NOT_ALL_JUDGED, "")


def test_cuts_are_scores_in_order(folder: Path) -> None:
    for options in (["--nsfw-from=1.1"], ["--questionable-from=nan"], ["--questionable-from=0.7"]):
        result = evaluate(folder, *options)
        assert (result.exit_code, result.stdout) == (ExitCode.NOT_ALL_JUDGED, "")


def test_what_cannot_be_read_or_written_is_said_before_anything_is_judged(folder: Path) -> None:
    for arguments, words in (
        ([folder / "none"], "cannot be read: No such file"),
        ([folder / "safe"], "has none of the folders safe/, nsfw/"),
        ([folder, "--report", folder / "none" / "report.html"], "report.html cannot be written: No such file"),
        ([folder, "--report", folder], "cannot be written: Is a directory"),
    ):
        result = evaluate(*arguments)
        assert (result.exit_code, result.stdout) == (ExitCode.FOUND, "")
        assert words in result.stderr


@pytest.mark.parametrize(
    "options", [["--model", "none.onnx"], ["--second-opinion", "none.such"], ["--second-opinion", "../x"]]
)
def test_a_model_that_cannot_be_used_is_named(folder: Path, options: list[str]) -> None:
    result = evaluate(folder, *options)
    assert (result.exit_code, result.stdout) == (ExitCode.FOUND, "")
    assert "there is no model at" in result.stderr
