"""`make smoke`: tests a stack in an AWS account as `make stack` tests one on the engine, and what only AWS can show."""

import os

import pytest
import typer

from modest_cli import aws
from modest_cli.errors import exit_on_error


def smoke(stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """Ends with one line if there are no credentials or no such stack."""
    with exit_on_error():
        aws.load_deployment(stack)
    os.environ["SMOKE_STACK"] = stack
    raise typer.Exit(pytest.main(["tests/stack/test_deployed.py", "tests/stack/on_aws"]))


app = typer.Typer()
app.command()(smoke)

if __name__ == "__main__":
    app()
