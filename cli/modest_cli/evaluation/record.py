"""Keeps scores in a file while they are made, so that a run that was interrupted goes on where it stopped.

The file holds the SHA-256 of each picture and its scores, and no names. Its first line says by which models and which
code they were made: scores by others are never mixed with these.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from modest_cli.errors import OperatorError
from modest_cli.evaluation.scoring import Scored

_KIND = "scores of modest evaluate"
# A file of something else may have no line ends.
_LONGEST_HEAD = 1 << 16
_CHANGED = {
    "models": "other models",
    "compared": "other models",
    "cuts": "other cuts",
    "code": "another version of the code",
}


class Record:
    def __init__(self, file: BinaryIO, known: dict[str, Scored]) -> None:
        self._file = file
        self.known = known
        """Maps the SHA-256 of pictures to their scores."""

    def add(self, digest: str, scored: Scored) -> None:
        """Raises OperatorError."""
        try:
            _append(self._file, {"sha256": digest, "in_part": scored.in_part, "scores": scored.scores})
        except OSError as error:
            raise _unwritable(self._file.name, error) from None


@contextmanager
def open_record(path: Path, identity: Mapping[str, Any]) -> Iterator[Record]:
    """Opens the file, or begins it. Raises OperatorError if it is something else, or in use."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("a+b"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            known = _read(file, path, {"kind": _KIND, **identity})
        except BlockingIOError:
            raise OperatorError(f"{path} is in use by another run.") from None
        except OSError as error:
            raise _unwritable(path, error) from None
        yield Record(file, known)


def _unwritable(path: object, error: OSError) -> OperatorError:
    return OperatorError(f"{path} cannot be written: {error.strerror}.")


def _read(file: BinaryIO, path: Path, head: Mapping[str, Any]) -> dict[str, Scored]:
    file.seek(0)
    first = file.readline(_LONGEST_HEAD)
    if not first:
        _append(file, head)
        return {}
    found = _json(first)
    if found.get("kind") != _KIND:
        raise OperatorError(f"{path} holds no scores of `modest evaluate`. Name another file.")
    changed = {words for key, words in _CHANGED.items() if found.get(key) != head[key]}
    if changed:
        made_by = " and ".join(sorted(changed))
        raise OperatorError(f"The scores in {path} were made by {made_by}. Name another file, or delete it.")
    return dict(_rows(file, path, len(head["compared"])))


def _rows(file: BinaryIO, path: Path, settings: int) -> Iterator[tuple[str, Scored]]:
    whole = file.tell()
    for line in file:
        if not line.endswith(b"\n"):
            # The run was killed while it wrote.
            os.truncate(file.fileno(), whole)
            return
        whole += len(line)
        row = _json(line)
        if not _is_complete(row, settings):
            raise OperatorError(f"{path} is damaged: {line[:40]!r}. Name another file, or delete it.")
        yield row["sha256"], Scored(tuple(row["scores"]), row["in_part"])


def _is_complete(row: Mapping[str, Any], settings: int) -> bool:
    match row:
        case {"sha256": str(), "in_part": bool(), "scores": [*scores]}:
            return len(scores) == settings and all(isinstance(score, float) for score in scores)
    return False


def _json(line: bytes) -> dict[str, Any]:
    """Returns the object on a line; an empty one if there is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _append(file: BinaryIO, row: Mapping[str, Any]) -> None:
    file.write(json.dumps(row).encode() + b"\n")
    file.flush()
