"""Finds pictures whose labels are known: in a folder of each label, or in a CSV file."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath

from modest_cli.errors import OperatorError
from modest_cli.files import Found, find, is_folder

GROUPS_SHOWN = 20


class Truth(StrEnum):
    """Says what a picture counts as."""

    SAFE = "safe"
    NSFW = "nsfw"
    APART = "apart"
    """Neither: only how often it is flagged is counted."""


_SEXY = "sexy"
_OF_TWO = {"safe": Truth.SAFE, "nsfw": Truth.NSFW}
_OF_FIVE = {
    "drawing": Truth.SAFE,
    "hentai": Truth.NSFW,
    "neutral": Truth.SAFE,
    "porn": Truth.NSFW,
    _SEXY: Truth.APART,
}
_TRUTHS = _OF_TWO | _OF_FIVE
_TWO, _FIVE = (", ".join(f"{name}/" for name in names) for names in (_OF_TWO, _OF_FIVE))
_LABELS = ", ".join(_TRUTHS)


@dataclass(frozen=True, slots=True)
class Labelled:
    found: Found
    label: str
    """A key of _TRUTHS."""
    group: str
    """The label, and the folder within it or what the CSV file says, if there is more than one kind of its pictures."""

    def truth(self, sexy: Truth) -> Truth:
        """sexy: what sexy pictures count as, which is for the operator to say: policies differ in just that."""
        return sexy if self.label == _SEXY else _TRUTHS[self.label]


@dataclass(frozen=True, slots=True)
class Labels:
    pictures: list[Labelled]
    notes: tuple[str, ...] = ()
    """What was passed over, and what is missing."""


def find_labelled(path: str) -> Labels:
    """Raises OperatorError if the path is neither a folder of labels nor a CSV file."""
    try:
        labels = _in_folders(path) if is_folder(path) else _in_table(path)
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from None
    return _with_few_groups(labels)


def _in_folders(path: str) -> Labels:
    folders = {name for name in _TRUTHS if is_folder(str(Path(path) / name))}
    if not folders:
        raise OperatorError(f"{path} has none of the folders {_TWO}, {_FIVE}. Sort its pictures into these.")
    if folders & _OF_TWO.keys() and folders & _OF_FIVE.keys():
        raise OperatorError(f"{path} has folders of two kinds. Keep either {_TWO} or {_FIVE}.")
    pictures: list[Labelled] = []
    notes = []
    others = 0
    for name in sorted(folders):
        root = str(Path(path) / name)
        findings = find([root])
        others += findings.others
        if not findings.found:
            notes.append(f"There are no pictures in {root}.")
        pictures += (Labelled(found, name, _group(name, root, found.path)) for found in findings.found)
    if others:
        notes.append(f"Other files, not images: {others:,}.")
    beside = sum(entry.name not in folders for entry in Path(path).iterdir())
    if beside:
        notes.append(f"Files and folders beside {', '.join(sorted(folders))}, which are not looked at: {beside:,}.")
    return Labels(pictures, tuple(notes))


def _group(name: str, root: str, path: str) -> str:
    inner = PurePath(path).relative_to(root).parts[:-1]
    return f"{name}/{inner[0]}" if inner else name


def _in_table(path: str) -> Labels:
    try:
        # A name need not be text in any encoding; Excel begins files with a byte order mark.
        with Path(path).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            return Labels(list(_rows(csv.reader(file), Path(path).parent)))
    except (csv.Error, ValueError) as error:
        raise OperatorError(f"{path}: {error}") from None


def _rows(table: Iterator[list[str]], folder: Path) -> Iterator[Labelled]:
    """Raises ValueError, whose message says what is wrong in which line."""
    columns = [name.strip().lower() for name in next(table, [])]
    if not {"path", "label"} <= set(columns):
        raise ValueError("the first line must name the columns path and label, and may name a column group.")
    for number, cells in enumerate(table, start=2):
        if not any(cells):
            continue
        row = dict(zip(columns, cells, strict=False))
        name, label = row.get("path", ""), row.get("label", "").strip().lower()
        if not name or "\0" in name:
            raise ValueError(f"row {number} has no path.")
        if label not in _TRUTHS:
            raise ValueError(f"row {number} has the label {label!r}. Labels are {_LABELS}.")
        group = row.get("group", "")
        yield Labelled(Found(str(folder / name)), label, f"{label}/{group}" if group else label)


def _with_few_groups(labels: Labels) -> Labels:
    groups = {each.group for each in labels.pictures}
    if len(groups) <= GROUPS_SHOWN:
        return labels
    pictures = [Labelled(each.found, each.label, each.label) for each in labels.pictures]
    note = f"There are {len(groups)} groups, which is too many to be shown apart (the most is {GROUPS_SHOWN})."
    return Labels(pictures, (*labels.notes, note))
