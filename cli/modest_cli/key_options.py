"""Reads what a key may take in a month, and when it ends, from the command line."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, cast

import typer

from modest.accounts.key_limits import KeyLimits
from modest_cli.arguments import Setting, parse_decimal
from modest_cli.errors import OperatorError
from modest_cli.output import escape

_NONE = "none"
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _parse_calls(text: str) -> Setting:
    if text == _NONE:
        return Setting(None)
    number = parse_decimal(text)
    if number != number.to_integral_value():
        raise typer.BadParameter("Give a whole number of calls.")
    return Setting(int(number))


def _parse_usd(text: str) -> Setting:
    return Setting(None if text == _NONE else parse_decimal(text))


def _parse_day(text: str) -> Setting:
    if text == _NONE:
        return Setting(None)
    try:
        # Python also reads weeks, and days without hyphens.
        day = date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise typer.BadParameter(f"{escape(text)} is not a day. Write it as YYYY-MM-DD, such as 2027-01-01.") from None
    return Setting(datetime.combine(day, time(), UTC))


_OR_NONE = f"`{_NONE}`: no limit."
CallsOption = Annotated[
    Setting | None,
    typer.Option(
        parser=_parse_calls, metavar="CALLS", help=f"How many calls of a UTC month the key may take. {_OR_NONE}"
    ),
]
UsdOption = Annotated[
    Setting | None,
    typer.Option(
        parser=_parse_usd,
        metavar="USD",
        help=(
            "How many US dollars a UTC month's calls with the key may cost, where images are charged one by one. "
            "Each call takes what it may cost before it is judged, so the key may stop a little early and never goes "
            f"over. {_OR_NONE}"
        ),
    ),
]
UntilOption = Annotated[
    Setting | None,
    typer.Option(
        parser=_parse_day, metavar="YYYY-MM-DD", help=f"The UTC day with whose beginning the key ends. {_OR_NONE}"
    ),
]


def limits_of(before: KeyLimits, calls: Setting | None, usd: Setting | None) -> KeyLimits:
    """Raises OperatorError."""
    try:
        return KeyLimits(
            before.calls if calls is None else cast("int | None", calls.value),
            before.usd if usd is None else cast("Decimal | None", usd.value),
        )
    except ValueError as error:
        raise OperatorError(str(error)) from None


def end_of(before: datetime | None, until: Setting | None) -> datetime | None:
    """Raises OperatorError."""
    end = before if until is None else cast("datetime | None", until.value)
    if until and end and end <= datetime.now(UTC):
        raise OperatorError(f"{end:%Y-%m-%d} has begun already, so the key would not work. Name a later day.")
    return end
