"""Defines the options of `modest capacity`, and parses them."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import typer

from modest_cli.arguments import parse_decimal

_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class PlanCustomers:
    plan: str
    number: int


def _number(least: str, most: str) -> Callable[[str | float], float]:
    """Returns a parser. An option's default is a number already."""

    def parse(text: str | float) -> float:
        number = parse_decimal(str(text))
        if not Decimal(least) <= number <= Decimal(most):
            raise typer.BadParameter(f"Give a number from {least} to {most}.")
        return float(number)

    return parse


def _parse_customers(text: str) -> PlanCustomers:
    plan, _, number = text.partition("=")
    if not (plan and number.isascii() and number.isdecimal() and len(number) < _MOST_DIGITS):
        raise typer.BadParameter("Give a plan and a number of customers, such as Pro=800.")
    return PlanCustomers(plan, int(number))


CustomersOption = Annotated[
    list[PlanCustomers] | None,
    typer.Option(
        parser=_parse_customers,
        metavar="PLAN=NUMBER",
        help="How many customers are on a plan. Repeat it for other plans. "
        "Default: Free=7000, Basic=2000, Pro=800 and Mega=200.",
    ),
]
UsedOption = Annotated[
    float,
    typer.Option(
        parser=_number("0.001", "1"),
        metavar="SHARE",
        help="How many calls customers try to make in a month, on average, as a share of their quota.",
    ),
]
BurstOption = Annotated[
    float,
    typer.Option(
        parser=_number("0.001", "2"),
        metavar="SHARE",
        help="How fast a customer who is calling calls, on average, as a share of the plan's rate.",
    ),
]
FromUrlsOption = Annotated[
    float,
    typer.Option(parser=_number("0", "1"), metavar="SHARE", help="The share of the images that are fetched from URLs."),
]
FetchOption = Annotated[
    float,
    typer.Option(
        parser=_number("0", "20000"), metavar="MS", help="How many milliseconds it takes to fetch an image, on average."
    ),
]
MegapixelsOption = Annotated[
    float,
    typer.Option(
        parser=_number("0.05", "12"), metavar="NUMBER", help="The size of an image in megapixels, on average."
    ),
]
StageRateOption = Annotated[
    float | None,
    typer.Option(
        parser=_number("1", "100000"),
        metavar="RATE",
        help="The StageRate to assume. Default: that of the stack or the template.",
    ),
]
StackOption = Annotated[
    str,
    typer.Option(
        envvar="MODEST_STACK", help="The stack whose plans and parameters to use. Default: those of template.yaml."
    ),
]
