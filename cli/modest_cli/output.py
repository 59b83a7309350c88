"""What the command prints: a table for people, JSON for programs."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]

_PIPE_WIDTH = 10_000


def console(*, stderr: bool = False) -> Console:
    terminal = Console(stderr=stderr)
    # A pipe has no width: what reads it wants one line an entry.
    return terminal if terminal.is_terminal else Console(stderr=stderr, width=_PIPE_WIDTH)


def tracked(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """The same items, with their progress shown where a person waits for them."""
    # Slow to load, for the few commands that take long.
    from rich.progress import Progress  # noqa: PLC0415

    messages = console(stderr=True)
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as progress:
        yield from progress.track(items, total=total, description=what)


def print_json(value: object) -> None:
    print(json.dumps(value, indent=2))  # noqa: T201 - rich would wrap it


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    table = Table(box=None, pad_edge=False, show_header=any(headings))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    console().print(table)


def print_line(text: str) -> None:
    console().print(text, markup=False, highlight=False, soft_wrap=True)


def note(text: str) -> None:
    """For people, beside what is printed for programs."""
    console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)
