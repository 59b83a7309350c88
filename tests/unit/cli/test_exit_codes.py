"""What commands exit with is said in one way, wherever it is said."""

import re
from pathlib import Path

from typer.testing import CliRunner

from modest_cli.exit_codes import MEANINGS, ExitCode
from modest_cli.main import app

README = Path(__file__).resolve().parents[3] / "README.md"


def test_every_exit_code_has_a_meaning_and_the_readme_has_the_same() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", README.read_text(), re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == MEANINGS
    assert set(MEANINGS) == set(ExitCode)


def test_the_help_lists_them() -> None:
    words = " ".join(CliRunner().invoke(app, ["--help"], terminal_width=200).output.split())
    for code, meaning in MEANINGS.items():
        assert f"{code}: {meaning}".replace("`", "") in words
