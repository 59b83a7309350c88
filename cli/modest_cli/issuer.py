"""`modest issuer`: sets and shows who sends the invoices."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from modest.billing.issuer import EXAMPLE, MAX_BYTES, InvalidIssuer, Issuer, parse_issuer
from modest_cli import aws
from modest_cli.errors import OperatorError, exit_on_error
from modest_cli.output import AsJson, lines, print_json, print_note, print_table

app = typer.Typer(help="Set and show who sends the invoices.", no_args_is_help=True, rich_markup_mode="markdown")


@app.command("set")
def set_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `modest issuer example` prints, filled in.")],
    *,
    as_json: AsJson = False,
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Print your name, address, tax id and payment terms on all invoices that are made from now on."""
    with exit_on_error():
        issuer = _read(file)
        aws.open_issuer_store(aws.load_deployment(stack)).write(issuer)
    _print(issuer, as_json=as_json)
    print_note("Invoices that were written to the bucket earlier do not change.")


@app.command()
def show(*, as_json: AsJson = False, stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """Show who sends the invoices."""
    with exit_on_error():
        issuer = aws.open_issuer_store(aws.load_deployment(stack)).read()
        if issuer is None:
            raise OperatorError(
                "No issuer is set. Fill in what `modest issuer example` prints, then run `modest issuer set FILE`."
            )
    _print(issuer, as_json=as_json)


@app.command()
def example() -> None:
    """Print a file to fill in, with comments."""
    print(EXAMPLE, end="")  # noqa: T201 - rich would wrap it


def _read(path: Path) -> Issuer:
    """Raises OperatorError."""
    try:
        if path.exists() and not path.is_file():
            raise OperatorError(f"{path} is not a file.")
        with path.open("rb") as file:
            return parse_issuer(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from None
    except InvalidIssuer as error:
        raise OperatorError(f"{path} does not describe an issuer. {error}") from None


def _print(issuer: Issuer, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(issuer))
        return
    print_table(("", ""), [(name, lines(str(value))) for name, value in asdict(issuer).items()])
