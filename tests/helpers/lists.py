"""Makes lists out of the lines that a list's file has."""

from collections import defaultdict

from moderate.blocking.entries import Kind, parse_line
from moderate.blocking.lists import Lists, pack
from moderate.blocking.reloading import FixedLists


def packed(*lines: str) -> bytes:
    entries: dict[Kind, set[bytes]] = defaultdict(set)
    for entry in map(parse_line, lines):
        if entry is not None:
            entries[entry.kind].add(entry.value)
    return pack(entries)


def listing(*lines: str) -> Lists:
    return Lists(packed(*lines))


def fixed(*lines: str) -> FixedLists:
    return FixedLists(listing(*lines))
