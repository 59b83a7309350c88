"""The `modest` command."""

import typer

from modest_cli.classify import classify

app = typer.Typer(
    help="Judge images, and run the service that does.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command()(classify)


@app.callback()
def _root() -> None:
    """Keeps `classify` a subcommand while it is the only one."""


def main() -> None:
    app()
