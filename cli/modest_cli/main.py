"""Defines the `modest` command and its subcommands."""

import typer

from modest_cli import accounts, issuer, keys
from modest_cli.block_hash import block_hash
from modest_cli.classify import classify
from modest_cli.doctor import doctor
from modest_cli.invoice import invoice
from modest_cli.plans import plans
from modest_cli.rate import rate
from modest_cli.usage import usage

app = typer.Typer(
    help="Classify images, and operate a deployment of Modest: accounts, keys, usage and invoices.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command()(classify)
app.command()(plans)
app.command()(usage)
app.command()(invoice)
app.command()(rate)
app.command()(doctor)
app.command()(block_hash)
app.add_typer(accounts.app, name="accounts")
app.add_typer(issuer.app, name="issuer")
app.add_typer(keys.app, name="keys")


def main() -> None:
    app()
