"""Prints results as tables for people or as JSON for programs."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

_PIPE_WIDTH = 10_000


def make_console(*, stderr: bool = False) -> Console:
    terminal = Console(stderr=stderr)
    # A pipe has no width, and a program that reads it expects one line per entry.
    return terminal if terminal.is_terminal else Console(stderr=stderr, width=_PIPE_WIDTH)


def with_progress(items: Iterable[T], total: int, description: str) -> Iterator[T]:
    """Yields the items and shows a progress bar if stderr is a terminal."""
    # This module loads slowly, and only commands with a progress bar need it.
    from rich.progress import Progress  # noqa: PLC0415

    messages = make_console(stderr=True)
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as progress:
        yield from progress.track(items, total=total, description=description)


def print_json(value: object) -> None:
    print(json.dumps(value, indent=2))  # noqa: T201 - rich would wrap it


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    table = Table(box=None, pad_edge=False, show_header=any(headings))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    make_console().print(table)


def print_line(text: str) -> None:
    make_console().print(text, markup=False, highlight=False, soft_wrap=True)


def print_note(text: str) -> None:
    """Prints a message on stderr, so that it does not mix with output for programs."""
    make_console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)
