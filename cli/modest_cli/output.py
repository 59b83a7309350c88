"""Prints results as tables for people or as JSON for programs."""

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from modest_cli.exit_codes import ExitCode

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

_PIPE_WIDTH = 10_000


def escape(text: str) -> str:
    """Returns the text on one line, with what a terminal could obey, hide or misplace written as Python writes it.

    No two texts become the same, so a backslash is doubled.
    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(char if _is_harmless(char) else char.encode("unicode_escape").decode() for char in text)


def _is_harmless(char: str) -> bool:
    return (char.isprintable() or unicodedata.category(char) == "Zs") and char != "\\"


def lines(text: str) -> Text:
    """Returns a text whose line breaks are kept, as in an address, and the rest escaped."""
    return Text("\n".join(map(escape, text.split("\n"))))


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        _stop_writing()


@contextmanager
def _reader_may_go() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        _stop_writing()


def _stop_writing() -> NoReturn:
    # Python itself would complain when it writes what is left at the end.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    raise typer.Exit(ExitCode.READER_GONE) from None


def make_console(*, stderr: bool = False) -> Console:
    terminal = _Console(stderr=stderr)
    # A pipe has no width, and a program that reads it expects one line per entry.
    return terminal if terminal.is_terminal else _Console(stderr=stderr, width=_PIPE_WIDTH)


def with_progress(items: Iterable[T], total: int, description: str, *, prints: bool = False) -> Iterator[T]:
    """Yields the items and shows a progress bar if stderr is a terminal.

    prints: whether the caller prints meanwhile; then there is no bar if stdout is a terminal too.
    """
    # This module loads slowly, and only commands with a progress bar need it.
    from rich.progress import Progress  # noqa: PLC0415

    messages = make_console(stderr=True)
    is_shown = messages.is_terminal and not (prints and sys.stdout.isatty())
    # If redirected, what is printed meanwhile would be shown beside the bar and reach no file or pipe.
    with Progress(
        console=messages, transient=True, disable=not is_shown, redirect_stdout=False, redirect_stderr=False
    ) as progress:
        yield from progress.track(items, total=total, description=description)


def print_json(value: object) -> None:
    print_text(json.dumps(value, indent=2) + "\n")


def print_text(text: str) -> None:
    """Prints text for programs, which has no control characters and which rich would wrap."""
    with _reader_may_go():
        print(text, end="", flush=True)  # noqa: T201


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Text is printed as it is; strings are escaped."""
    table = Table(box=None, pad_edge=False, show_header=any(headings))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(escape(cell)) if isinstance(cell, str) else cell for cell in row))
    make_console().print(table)


def print_line(text: str) -> None:
    make_console().print(Text(escape(text)), soft_wrap=True)


def print_note(text: str) -> None:
    """Prints a message on stderr, so that it does not mix with output for programs."""
    make_console(stderr=True).print(Text(escape(text)), soft_wrap=True)
