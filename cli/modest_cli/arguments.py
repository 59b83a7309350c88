"""Defines arguments and options that several commands share, and parses them."""

from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from modest.months import month_start
from modest_cli.output import escape

_MAX_DIGITS = 9
_MAX_HOURS = 8760


def _parse_month(text: str) -> str:
    try:
        month_start(text)
    except ValueError:
        raise typer.BadParameter(f"{escape(text)} is not a month. Write it as YYYY-MM, such as 2026-11.") from None
    return text


def _parse_decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise typer.BadParameter(f"{escape(text)} is not a number.")
    if number.adjusted() > _MAX_DIGITS or -_exponent(number) > _MAX_DIGITS:
        raise typer.BadParameter(f"The number has more than {_MAX_DIGITS} digits before or after the decimal point.")
    # Without the sign that a zero may have.
    return number + 0


def _parse_share(text: object) -> float:
    # Typer hands over a default as the number that it is.
    share = _parse_decimal(str(text))
    if not 0 < share < 1:
        raise typer.BadParameter("Give a number between 0 and 1, such as 0.95.")
    return float(share)


def _parse_score(text: object) -> float:
    score = _parse_decimal(str(text))
    if not 0 <= score <= 1:
        raise typer.BadParameter("Give a number from 0 to 1, such as 0.6.")
    return float(score)


def _parse_hours(text: str) -> Decimal:
    hours = _parse_decimal(text)
    if not 0 <= hours <= _MAX_HOURS:
        raise typer.BadParameter(f"Give a number of hours from 0 to {_MAX_HOURS:,}, which is a year.")
    return hours


def _exponent(number: Decimal) -> int:
    return int(number.as_tuple().exponent)


_ACCOUNT = "An account's name or id, or the SHA-256 of one of its keys or the start of it that `keys list` shows."

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help=_ACCOUNT)]
AccountOption = Annotated[str, typer.Option(metavar="ACCOUNT", help=f"{_ACCOUNT} Default: all accounts.")]
MonthOption = Annotated[
    str | None, typer.Option(parser=_parse_month, metavar="YYYY-MM", help="The UTC month. Default: the current one.")
]
MonthArgument = Annotated[
    str, typer.Argument(parser=_parse_month, metavar="MONTH", help="The UTC month, such as 2026-10.")
]
DiscountOption = Annotated[
    Decimal | None,
    typer.Option(parser=_parse_decimal, metavar="PERCENT", help="Discount in percent, on plan fees and images."),
]
HoursOption = Annotated[
    Decimal,
    typer.Option(
        parser=_parse_hours,
        metavar="HOURS",
        help="Hours for which the old key still works. Use 0 if the key has leaked.",
    ),
]
UsdArgument = Annotated[
    Decimal | None,
    typer.Argument(parser=_parse_decimal, metavar="USD", help="The new rate: US dollars for one XNO."),
]
RecallOption = Annotated[
    float,
    typer.Option(parser=_parse_share, metavar="SHARE", help="The share of nsfw pictures that you want to be flagged."),
]
FalsePositivesOption = Annotated[
    float,
    typer.Option(
        parser=_parse_share, metavar="SHARE", help="The share of safe pictures that you accept to be flagged."
    ),
]
QuestionableFromOption = Annotated[
    float,
    typer.Option(
        parser=_parse_score, metavar="SCORE", envvar="QUESTIONABLE_FROM", help="The lowest questionable score."
    ),
]
NsfwFromOption = Annotated[
    float, typer.Option(parser=_parse_score, metavar="SCORE", envvar="NSFW_FROM", help="The lowest nsfw score.")
]
