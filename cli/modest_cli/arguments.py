"""Defines arguments and options that several commands share, and parses them."""

from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from modest.months import month_start

_MAX_DIGITS = 9


def _parse_month(text: str) -> str:
    try:
        month_start(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not a month. Write it as YYYY-MM, such as 2026-11.") from None
    return text


def _parse_decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text} is not a number.") from None
    if not number.is_finite() or number.adjusted() > _MAX_DIGITS or -_exponent(number) > _MAX_DIGITS:
        raise typer.BadParameter(f"{text} must have at most {_MAX_DIGITS} digits before and after the decimal point.")
    return number


def _exponent(number: Decimal) -> int:
    return int(number.as_tuple().exponent)


_ACCOUNT = "An account's name or id, or the SHA-256 of one of its keys."

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
UsdArgument = Annotated[
    Decimal | None,
    typer.Argument(parser=_parse_decimal, metavar="USD", help="The new rate: US dollars for one XNO."),
]
