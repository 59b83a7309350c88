"""Reads the entries that a command line names, and changes those of the lists."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from moderate.blocking.entries import Entry, InvalidEntry, Kind, parse_entry
from modest_cli.errors import OperatorError
from modest_cli.output import escape

Changing = Mapping[Kind, set[bytes]]

_KINDS_OF_IMAGES: dict[tuple[str, ...], tuple[Kind, ...]] = {
    (): (Kind.SHA256, Kind.PDQ),
    ("sha256",): (Kind.SHA256,),
    ("pdq",): (Kind.PDQ,),
    ("allow",): (Kind.ALLOWED,),
    ("allow", "sha256"): (Kind.ALLOWED,),
}


def parse_words(words: Sequence[str]) -> list[Entry]:
    """Returns the entries of a kind and its values, such as `host a.example b.example`. Raises OperatorError."""
    length = 2 if words[:1] == ["allow"] else 1
    kind, values = words[:length], words[length:]
    if words and not values:
        values = [""]
    try:
        return [parse_entry([*kind, *([value] if value else [])]) for value in values]
    except InvalidEntry as error:
        raise OperatorError(f"{escape(' '.join(words))}: {error}.") from None


def kinds_named(words: Sequence[str]) -> Sequence[Kind]:
    """Returns what an image is listed as. Raises OperatorError."""
    try:
        return _KINDS_OF_IMAGES[tuple(words)]
    except KeyError:
        raise OperatorError("With --from, give nothing else but `sha256`, `pdq` or `allow`.") from None


def add_entries(entries: Changing, wanted: Iterable[Entry]) -> list[Entry]:
    """Returns those that were not there."""
    added = [entry for entry in dict.fromkeys(wanted) if entry.value not in entries[entry.kind]]
    for entry in added:
        entries[entry.kind].add(entry.value)
    return added


def remove_entries(entries: Changing, unwanted: Iterable[Entry]) -> list[Entry]:
    """Returns those that were there."""
    removed = [entry for entry in dict.fromkeys(unwanted) if entry.value in entries[entry.kind]]
    for entry in removed:
        entries[entry.kind].remove(entry.value)
    return removed


def clear(entries: Changing) -> int:
    """Returns how many there were."""
    count = sum(map(len, entries.values()))
    for values in entries.values():
        values.clear()
    return count


def import_entries(entries: Changing, imported: Mapping[Kind, AbstractSet[bytes]], *, replace: bool) -> int:
    """Returns how many there are then."""
    if replace:
        clear(entries)
    for kind, values in imported.items():
        entries[kind].update(values)
    return sum(map(len, entries.values()))
