"""Reads files of entries line by line: our own, those of ThreatExchange's library and of HMA, and bare hashes."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import BinaryIO

from moderate.blocking.entries import (
    DIGITS,
    MAX_ENTRIES,
    Entry,
    InvalidEntry,
    Kind,
    parse_hash,
    parse_host,
    parse_line,
)
from modest_cli.errors import OperatorError

MAX_BYTES = 200 * 1000 * 1000
MAX_LINES = 4 * MAX_ENTRIES
MAX_LINE_BYTES = 64 * 1024

CSV_COLUMNS = ("collab", "signal_type", "signal_str", "category", "tags")
"""What `threatexchange dataset -P --csv` of python-threatexchange writes first."""
_NOT_HARMFUL = "NEGATIVE_CLASS"
"""The category of what somebody has found to be harmless."""
_MAX_NAME, _MAX_KINDS = 40, 100


class HashKind(StrEnum):
    """What the hashes of a file are that does not say so."""

    SHA256 = "sha256"
    PDQ = "pdq"


@dataclass(frozen=True, slots=True)
class Imported:
    entries: dict[Kind, set[bytes]] = field(default_factory=lambda: {kind: set() for kind in Kind})
    left_out: Counter[str] = field(default_factory=Counter)
    """How many lines name something that no list here can have, by why."""

    def add(self, entry: Entry) -> None:
        """Raises InvalidEntry."""
        self.entries[entry.kind].add(entry.value)
        if len(self.entries[entry.kind]) > MAX_ENTRIES:
            raise InvalidEntry(f"a list may have {MAX_ENTRIES:,} entries of the kind {entry.kind}")

    def __len__(self) -> int:
        return sum(map(len, self.entries.values()))


def read_entries(file: BinaryIO, hashes: HashKind | None = None) -> Imported:
    """Reads a whole file, of which one bad line is enough to be refused.

    hashes: what the first column of each line is. By default, the file says what its entries are.

    Raises OperatorError, which names the line.
    """
    lines = _Lines(file)
    imported = Imported()
    try:
        first = next(lines, "")
        for entry in _entries(first, chain([first], lines), hashes, imported.left_out):
            imported.add(entry)
    except (InvalidEntry, csv.Error) as error:
        raise OperatorError(f"Line {lines.number}: {error}. Nothing was imported.") from None
    return imported


def _entries(first: str, lines: Iterable[str], hashes: HashKind | None, left_out: Counter[str]) -> Iterator[Entry]:
    """Raises InvalidEntry, csv.Error."""
    columns = next(csv.reader([first]), [])
    if hashes is not None:
        for row in csv.reader(lines):
            if row:
                yield Entry(Kind(hashes), parse_hash(row[0].strip()))
    elif {"signal_type", "signal_str"} <= set(columns):
        for named in csv.DictReader(lines):
            if entry := _signal(named, left_out):
                yield entry
    elif columns and len(columns[0].strip()) == DIGITS:
        raise InvalidEntry("a hash does not say what it is; add --hashes pdq or --hashes sha256")
    else:
        for line in lines:
            if entry := parse_line(line):
                yield entry


def _signal(row: dict[str, str | None], left_out: Counter[str]) -> Entry | None:
    kind, value = (row["signal_type"] or "").strip(), (row["signal_str"] or "").strip()
    if (row.get("category") or "").strip() == _NOT_HARMFUL:
        left_out[_NOT_HARMFUL] += 1
        return None
    match kind:
        case "pdq" | "sha256":
            return Entry(Kind(kind), parse_hash(value))
        case "host":
            return Entry(Kind.HOST, parse_host(value))
        case _:
            left_out[kind[:_MAX_NAME] or "no signal_type"] += 1
            if len(left_out) > _MAX_KINDS:
                raise InvalidEntry("the column signal_type has too many different values")
            return None


class _Lines:
    """Yields a file's lines as text, and knows the number of the last one. Raises InvalidEntry."""

    def __init__(self, file: BinaryIO) -> None:
        self.number = 0
        self._file = file
        self._bytes = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_LINE_BYTES + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self._bytes += len(line)
        if len(line) > MAX_LINE_BYTES:
            raise InvalidEntry(f"a line may have {MAX_LINE_BYTES:,} bytes")
        if self._bytes > MAX_BYTES:
            raise InvalidEntry(f"a file may have {MAX_BYTES:,} bytes")
        if self.number > MAX_LINES:
            raise InvalidEntry(f"a file may have {MAX_LINES:,} lines")
        try:
            return line.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise InvalidEntry("a file of entries is UTF-8, which this line is not") from None
