"""Reads and writes the file of a deployment's lists, so that no change by somebody else is lost."""

import fcntl
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from moderate.blocking.entries import Kind
from moderate.blocking.lists import Buffer, Entries, InvalidLists, Lists, TooManyEntries, pack
from moderate.blocking.places import FilePlace, PlaceFailure
from moderate.blocking.s3_place import S3Place
from modest_cli.errors import OperatorError

T = TypeVar("T")

_ATTEMPTS = 8
_OVERTAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


@dataclass(frozen=True, slots=True)
class Stored:
    lists: Lists
    tag: str
    """Empty if nothing was ever stored."""
    data: Buffer = b""

    def entries(self) -> dict[Kind, set[bytes]]:
        found: dict[Kind, set[bytes]] = {kind: set() for kind in Kind}
        for entry in self.lists.entries():
            found[entry.kind].add(entry.value)
        return found


class ListStore:
    def __init__(self, place: S3Place | FilePlace, *, replaces_broken: bool = False) -> None:
        """replaces_broken: whether what cannot be read as lists counts as empty, so that it can be replaced."""
        self._place = place
        self._replaces_broken = replaces_broken

    def read(self) -> Stored:
        """Raises OperatorError, ClientError, BotoCoreError."""
        try:
            content = self._place.read(None)
        except PlaceFailure as error:
            # The commands explain what AWS says, such as that there are no credentials.
            if isinstance(error.__cause__, ClientError | BotoCoreError):
                raise error.__cause__ from None
            raise OperatorError(f"The lists cannot be read: {error}.") from None
        if content is None or not content.tag:
            return Stored(Lists(), "")
        try:
            return Stored(Lists(content.data), content.tag, content.data)
        except InvalidLists as error:
            if self._replaces_broken:
                return Stored(Lists(), content.tag, content.data)
            raise OperatorError(
                f"{error} The service goes on with the lists that it read before. Bring back an earlier version of the "
                "object, or write new lists with `modest lists import FILE --replace`."
            ) from None

    def edit(self, change: Callable[[dict[Kind, set[bytes]]], T]) -> T:
        """Changes the entries, however often others do so at the same time, and returns what `change` returns.

        change: changes the entries that it gets. It may be called several times.

        Raises OperatorError, ClientError, BotoCoreError.
        """
        for _ in range(_ATTEMPTS):
            stored = self.read()
            entries = stored.entries()
            result = change(entries)
            data = _pack(entries)
            # Every instance reads what is written, so the same is not written again.
            if data == stored.data or self._write(data, stored):
                return result
        raise OperatorError("Others change the lists all the time. Nothing was changed. Run the same command again.")

    def _write(self, data: bytes, before: Stored) -> bool:
        """Returns whether it was written: not if somebody else has written in between.

        Raises OperatorError, ClientError, BotoCoreError.
        """
        if isinstance(self._place, FilePlace):
            return _write_file(self._place, data, before.data)
        return _write_object(self._place, data, before.tag)


def _pack(entries: Entries) -> bytes:
    if both := entries[Kind.SHA256] & entries[Kind.ALLOWED]:
        raise OperatorError(f"A file cannot be both listed and allowed: {min(both).hex()}. Remove one of the two.")
    try:
        return pack(entries)
    except TooManyEntries as error:
        raise OperatorError(str(error)) from None


def _write_object(place: S3Place, data: bytes, tag: str) -> bool:
    try:
        if tag:
            place.client().put_object(Bucket=place.bucket, Key=place.key, Body=data, IfMatch=tag)
        else:
            place.client().put_object(Bucket=place.bucket, Key=place.key, Body=data, IfNoneMatch="*")
    except ClientError as error:
        # An object that was deleted in between is not found.
        if error.response["Error"]["Code"] in (*_OVERTAKEN, "NoSuchKey"):
            return False
        raise
    return True


def _write_file(place: FilePlace, data: bytes, before: Buffer) -> bool:
    # A link stays one, and whoever reads the file by its other name sees the change.
    path = place.path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.with_name(f"{path.name}.lock")):
            # Two files that were written at nearly the same time may have the same tag.
            found = place.read(None)
            if found is not None and found.data != before:
                return False
            draft = path.with_name(f"{path.name}.new")
            draft.write_bytes(data)
            draft.replace(path)
            return True
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror}.") from None


def _locked(path: Path) -> AbstractContextManager[object]:
    file = path.open("wb")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file
