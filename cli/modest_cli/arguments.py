"""Defines arguments and options that several commands share, and parses them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from moderate.calls.account_policy import InvalidAccountPolicy, share
from moderate.verdict import CLASSES, Policy
from modest.months import NotAMonth, begun_month, month_start
from modest_cli.errors import OperatorError
from modest_cli.output import escape

_MAX_DIGITS = 9
_MAX_HOURS = 8760
_DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """What an option sets: a value, or None to take back what was set."""

    value: object
    name: str = ""


def _parse_month(text: str) -> str:
    try:
        month_start(text)
    except ValueError:
        raise typer.BadParameter(f"{escape(text)} is not a month. Write it as YYYY-MM, such as 2026-11.") from None
    return text


def parse_decimal(text: str | Decimal) -> Decimal:
    """text: an option's default is a number already."""
    written = str(text)
    try:
        # Python also reads 0_1 and digits of every script.
        number = Decimal(written if written.isascii() and "_" not in written else "NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise typer.BadParameter(f"{escape(written)} is not a number.")
    if number.adjusted() > _MAX_DIGITS or -_exponent(number) > _MAX_DIGITS:
        raise typer.BadParameter(f"The number has more than {_MAX_DIGITS} digits before or after the decimal point.")
    # Without the sign that a zero may have.
    return number + 0


def _parse_share(text: str | Decimal) -> float:
    part = parse_decimal(text)
    if not 0 < part < 1:
        raise typer.BadParameter("Give a number between 0 and 1, such as 0.95.")
    return float(part)


def _parse_score(text: str | Decimal) -> float:
    score = parse_decimal(text)
    if not 0 <= score <= 1:
        raise typer.BadParameter("Give a number from 0 to 1, such as 0.6.")
    return float(score)


def _parse_hours(text: str) -> Decimal:
    hours = parse_decimal(text)
    if not 0 <= hours <= _MAX_HOURS:
        raise typer.BadParameter(f"Give a number of hours from 0 to {_MAX_HOURS:,}, which is a year.")
    return hours


def _parse_policy(text: str) -> Setting:
    try:
        return Setting(None if text == _DEFAULT else Policy(text))
    except ValueError:
        raise typer.BadParameter(f"Give one of {', '.join(Policy)}, or {_DEFAULT}.") from None


def _parse_cut(text: str) -> Setting:
    return Setting(None if text == _DEFAULT else _parse_limit(text))


def _parse_class_limit(text: str) -> Setting:
    if text == _DEFAULT:
        return Setting(None)
    name, _, limit = text.partition("=")
    if name not in CLASSES:
        raise typer.BadParameter(f"Give a limit for one of {', '.join(CLASSES)}, such as porn=0.4.")
    return Setting(_parse_cut(limit).value, name)


def _parse_limit(text: str) -> Decimal:
    number = parse_decimal(text)
    try:
        share(number, escape(text))
    except InvalidAccountPolicy as error:
        raise typer.BadParameter(f"{error}.") from None
    return number


def _exponent(number: Decimal) -> int:
    return int(number.as_tuple().exponent)


def refuse_month_to_come(month: str, now: datetime) -> None:
    """Raises OperatorError."""
    try:
        begun_month(month, now)
    except NotAMonth as error:
        raise OperatorError(str(error)) from None


_ACCOUNT = (
    "An account's name or id; or one of its keys: as `account/key`, or by its SHA-256 or the start of it that "
    "`keys list` shows."
)

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help=_ACCOUNT)]
OptionalAccountArgument = Annotated[str | None, typer.Argument(metavar="[ACCOUNT]", help=_ACCOUNT)]
AccountOption = Annotated[str, typer.Option(metavar="ACCOUNT", help=f"{_ACCOUNT} Default: all accounts.")]
MonthOption = Annotated[
    str | None, typer.Option(parser=_parse_month, metavar="YYYY-MM", help="The UTC month. Default: the current one.")
]
MonthArgument = Annotated[
    str, typer.Argument(parser=_parse_month, metavar="MONTH", help="The UTC month, such as 2026-10.")
]
DiscountOption = Annotated[
    Decimal | None,
    typer.Option(parser=parse_decimal, metavar="PERCENT", help="Discount in percent, on plan fees and images."),
]
_OR_DEFAULT = f"`{_DEFAULT}` takes it back."
PolicyOption = Annotated[
    Setting | None,
    typer.Option(
        parser=_parse_policy,
        metavar="POLICY",
        help=f"How much suggestive content counts in calls that do not say: {', '.join(Policy)}. {_OR_DEFAULT}",
    ),
]
QuestionableOption = Annotated[
    Setting | None,
    typer.Option(
        parser=_parse_cut,
        metavar="SCORE",
        help=f"The lowest score that is questionable, together with --nsfw-from. {_OR_DEFAULT}",
    ),
]
NsfwOption = Annotated[
    Setting | None,
    typer.Option(
        parser=_parse_cut,
        metavar="SCORE",
        help=f"The lowest score that is nsfw, which is also the default threshold of check. {_OR_DEFAULT}",
    ),
]
ClassLimitOption = Annotated[
    list[Setting] | None,
    typer.Option(
        parser=_parse_class_limit,
        metavar="CLASS=LIMIT",
        help=(
            "The probability from which on a class alone makes a picture nsfw, such as porn=0.4. "
            f"Repeat it for other classes. `porn={_DEFAULT}` takes that one back, `{_DEFAULT}` all."
        ),
    ),
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
    typer.Argument(parser=parse_decimal, metavar="USD", help="The new rate: US dollars for one XNO."),
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
