"""Numbers and months that nobody can have meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from modest_cli.exit_codes import ExitCode
from modest_cli.main import app

NO_AWS = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}
ABSURD = [
    "-1",
    "NaN",
    "-inf",
    "inf",
    "sNaN",
    "1e308",
    str(10**30),
    "1e-308",
    "9" * 5000,
    "0x10",
    "",
    "1,5",
    "\x1b[31m",
    "0_1",
    "\uff11",
]


def modest(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env=NO_AWS)


@pytest.mark.parametrize("number", [*ABSURD, "8760.000001"])
def test_an_old_key_works_for_at_most_a_year(number: str) -> None:
    result = modest("keys", "rotate", "acme", f"--old-works-for={number}")
    assert (result.exit_code, result.stdout) == (ExitCode.NOT_ALL_JUDGED, "")
    assert "\x1b[31m" not in result.stderr


@pytest.mark.parametrize("number", [number for number in ABSURD if number != "-1"])
def test_what_is_no_number_or_has_too_many_digits_is_no_rate_and_no_discount(number: str) -> None:
    for arguments in (["rate", number], ["accounts", "set", "acme", f"--discount={number}"]):
        result = modest(*arguments)
        assert (result.exit_code, result.stdout) == (ExitCode.NOT_ALL_JUDGED, "")


@pytest.mark.parametrize("number", [*ABSURD, "0", "-0", "1.0001", "0.00001", "1e-400", "strict"])
def test_what_is_no_share_of_one_is_no_cut_and_no_class_limit(number: str) -> None:
    for option in ("--questionable-from=", "--nsfw-from=", "--class-limit=porn="):
        result = modest("accounts", "set", "acme", option + number)
        assert (result.exit_code, result.stdout) == (ExitCode.NOT_ALL_JUDGED, "")
        assert "\x1b[31m" not in result.stderr


@pytest.mark.parametrize(
    "option", ["--policy=lax", "--policy=", "--class-limit=nsfw=0.4", "--class-limit=", "--class-limit=porn"]
)
def test_an_unknown_policy_or_class_is_refused(option: str) -> None:
    assert modest("accounts", "set", "acme", option).exit_code == ExitCode.NOT_ALL_JUDGED


@pytest.mark.parametrize("month", ["2026-13", "x", "", "9" * 20 + "-01", "2026-11-01", "\x1b[31m"])
def test_what_is_no_month_is_refused(month: str) -> None:
    for arguments in (["usage", f"--month={month}"], ["invoice", month]):
        result = modest(*arguments)
        assert (result.exit_code, result.stdout) == (ExitCode.NOT_ALL_JUDGED, "")
        assert "\x1b[31m" not in result.stderr


@given(st.text())
def test_any_text_in_place_of_a_number_or_month_is_refused_in_words(text: str) -> None:
    for arguments in (["keys", "rotate", "acme", f"--old-works-for={text}"], ["usage", f"--month={text}"]):
        result = modest(*arguments)
        assert result.exit_code in (ExitCode.NOT_ALL_JUDGED, ExitCode.FOUND), result.exception
        assert isinstance(result.exception, SystemExit)


def test_a_future_month_has_no_usage() -> None:
    result = modest("usage", "--month", "2999-01")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "modest: 2999-01 has not begun.\n"
