"""Defines the `modest` command and its subcommands."""

from typing import Annotated

import typer

from moderate.version import VERSION
from modest_cli import accounts, exit_codes, issuer, keys
from modest_cli.audit import audit
from modest_cli.call import call
from modest_cli.capacity.command import capacity
from modest_cli.classify import classify
from modest_cli.doctor import doctor
from modest_cli.evaluate import evaluate
from modest_cli.invoice import invoice
from modest_cli.lists import command as lists
from modest_cli.output import print_line
from modest_cli.plans import plans
from modest_cli.rate import rate
from modest_cli.usage import usage

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - Typer calls it
    if asked:
        print_line(f"modest {VERSION}")
        raise typer.Exit


@app.callback(epilog=exit_codes.HELP)
def modest(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Classify images, and operate a deployment of Modest: accounts, keys, usage and invoices."""


app.command()(classify)
app.command()(evaluate)
app.command()(plans)
app.command()(usage)
app.command()(invoice)
app.command()(rate)
app.command()(capacity)
app.command()(audit)
app.command()(call)
app.command()(doctor)
app.add_typer(accounts.app, name="accounts")
app.add_typer(issuer.app, name="issuer")
app.add_typer(keys.app, name="keys")
app.add_typer(lists.app, name="lists")
