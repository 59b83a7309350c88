"""What several commands take, and how it is read."""

from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from modest.months import month_start

_MOST_DIGITS = 9


def _month(text: str) -> str:
    try:
        month_start(text)
    except ValueError:
        raise typer.BadParameter("A month is written as 2026-11.") from None
    return text


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text} is not a number.") from None
    if not number.is_finite() or number.adjusted() > _MOST_DIGITS or -_exponent(number) > _MOST_DIGITS:
        raise typer.BadParameter(
            f"{text} is not a number with at most {_MOST_DIGITS} digits on each side of its point."
        )
    return number


def _exponent(number: Decimal) -> int:
    return int(number.as_tuple().exponent)


Who = Annotated[str, typer.Argument(help="An account's name or id, or the SHA-256 of one of its keys.")]
Account = Annotated[str, typer.Option(help="Only this one: its name or id, or the SHA-256 of one of its keys.")]
Month = Annotated[
    str | None, typer.Option(parser=_month, metavar="2026-11", help="A UTC month; by default the present one.")
]
InvoicedMonth = Annotated[str, typer.Argument(parser=_month, metavar="MONTH", help="A UTC month, such as 2026-10.")]
Discount = Annotated[Decimal | None, typer.Option(parser=_number, metavar="PERCENT", help="Off everything it buys.")]
Usd = Annotated[Decimal | None, typer.Argument(parser=_number, metavar="USD", help="The new rate, in US dollars.")]
