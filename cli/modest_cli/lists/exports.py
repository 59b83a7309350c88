"""Prints the entries of the lists for programs."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice

from moderate.blocking.entries import Entry, Kind
from modest_cli.lists.imports import CSV_COLUMNS
from modest_cli.output import print_text

_COLLABORATION, _CATEGORY = "modest", "POSITIVE_CLASS"
_LINES_AT_ONCE = 10_000


def as_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """Yields the lines of a file as python-threatexchange writes it, without the entries that are allowed."""
    yield _csv_line(CSV_COLUMNS)
    for entry in entries:
        if entry.kind is not Kind.ALLOWED:
            yield _csv_line((_COLLABORATION, entry.kind, entry.text, _CATEGORY, ""))


def print_all(lines: Iterable[str]) -> None:
    remaining = iter(lines)
    while batch := "".join(islice(remaining, _LINES_AT_ONCE)):
        print_text(batch)


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
