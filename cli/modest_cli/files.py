"""Finds and reads the files that commands judge, and waits for nothing that may never end or answer."""

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO

from moderate.images import refused
from moderate.images.formats import is_image
from moderate.sources import MAX_FETCHED, MAX_FETCHED_BYTES, ImageBytes, ImageTooLarge
from modest.errors import PublicError

STDIN = "-"

_SIGNATURE_BYTES = 256
# Files with these names are pictures and videos to those who see them, whatever is in them.
_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("apng", "avif", "bmp", "dib", "gif", "heic", "heif", "hif", "jfif", "jpe", "jpeg", "jpg", "png", "webp"),
        *("arw", "cr2", "cr3", "dng", "nef", "orf", "raf", "rw2", "tif", "tiff"),
        *("ico", "j2k", "jp2", "jxl", "psd", "svg"),
        *("3gp", "avi", "flv", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "webm", "wmv"),
    )
)
_KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder"}


class UnreadableFile(PublicError):
    """Raised if a file or a folder cannot be read."""


class NotAFile(UnreadableFile):
    """Raised for a pipe, a socket, a device or a folder."""


@dataclass(frozen=True, slots=True)
class Found:
    path: str
    refusal: UnreadableFile | None = None
    """Why a folder was not searched."""


@dataclass(frozen=True, slots=True)
class Findings:
    found: list[Found]
    """What was named, and what may be a picture in the folders that were named, each once."""
    others: int
    """How many files in these folders are no pictures, neither by their names nor by their contents."""


def find(paths: Sequence[str]) -> Findings:
    named = {_place(path) for path in paths if not is_folder(path)}
    roots = [os.path.realpath(path) for path in paths if is_folder(path)]
    found: dict[str, Found] = {}
    others = set()
    for path in paths:
        for entry in _walk(path, roots) if is_folder(path) else (Found(path),):
            place = _place(entry.path)
            if place in named or entry.refusal or _may_be_picture(entry.path):
                found.setdefault(place, entry)
            else:
                others.add(place)
    return Findings(list(found.values()), len(others))


def read_image(path: str) -> ImageBytes | PublicError:
    try:
        data = _read_image_from_stdin() if path == STDIN else read(path)
    except UnreadableFile as refusal:
        return refusal
    if len(data) > MAX_FETCHED_BYTES:
        return ImageTooLarge(f"The file is larger than {MAX_FETCHED}.")
    return ImageBytes(data)


def read(path: str, most: int = MAX_FETCHED_BYTES + 1) -> bytes:
    """Returns a file, or its first bytes. Raises UnreadableFile."""
    with open_file(path) as file:
        return file.read(most) or b""


@contextmanager
def open_file(path: str) -> Iterator[BinaryIO]:
    """Opens a file to read bytes. Raises UnreadableFile, also if it cannot be read in the context."""
    try:
        _refuse_other_kinds(Path(path).stat())
        with open(path, "rb", opener=_open_without_waiting) as file:
            # It may have been replaced in between.
            _refuse_other_kinds(os.fstat(file.fileno()))
            yield file
    except OSError as error:
        raise UnreadableFile(f"The file cannot be read: {error.strerror or error}.") from None


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _refuse_other_kinds(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "a device")
        raise NotAFile(f"This is {kind}, not a file.")


@contextmanager
def open_stdin() -> Iterator[BinaryIO]:
    """Raises NotAFile if nothing is piped in, and UnreadableFile, also if it cannot be read in the context."""
    if sys.stdin is None or sys.stdin.isatty():
        raise NotAFile("Nothing was piped in. Write a command and `|` before this one.")
    try:
        yield sys.stdin.buffer
    except OSError as error:
        raise UnreadableFile(f"Standard input cannot be read: {error.strerror}.") from None


def _read_image_from_stdin() -> bytes:
    with open_stdin() as file:
        return file.read(MAX_FETCHED_BYTES + 1)


def is_folder(path: str) -> bool:
    # Path.is_dir raises an error for some paths that cannot be read.
    return path != STDIN and os.path.isdir(path)  # noqa: PTH112


def _place(path: str) -> str:
    """Returns the same for the same name written twice, and never for two files: `..` after a link leads elsewhere."""
    return path if path == STDIN else str(Path.cwd() / path)


def _walk(folder: str, roots: Sequence[str]) -> Iterator[Found]:
    """Yields everything in a folder and in the folders in it, but those folders.

    roots: the folders that are searched anyway, so that a link into one hides nothing. Links are not followed: they may
    lead in circles, or to the whole disk.
    """
    # Not os.walk, which passes over folders that it cannot read, and before Python 3.12 fails in very deep ones.
    pending = [folder]
    while pending:
        here = pending.pop()
        try:
            with os.scandir(here) as listing:
                entries = {entry.path: entry.is_dir(follow_symlinks=False) for entry in listing}
        except OSError as error:
            yield Found(here, UnreadableFile(f"The folder cannot be read: {error.strerror}."))
            continue
        pending.extend(sorted((path for path, is_folder in entries.items() if is_folder), reverse=True))
        for path in sorted(path for path, is_folder in entries.items() if not is_folder):
            if not is_folder(path):
                yield Found(path)
            elif not _is_in(path, roots):
                message = "This is a link to another folder. Name that folder if it is to be searched, too."
                yield Found(path, UnreadableFile(message))


def _is_in(link: str, roots: Sequence[str]) -> bool:
    target = PurePath(os.path.realpath(link))
    return any(target.is_relative_to(root) for root in roots)


def _may_be_picture(path: str) -> bool:
    if PurePath(path).suffix.lower() in _SUFFIXES:
        return True
    try:
        start = read(path, _SIGNATURE_BYTES)
    except NotAFile:
        return False
    except UnreadableFile:
        return True
    return is_image(start) or refused.is_picture(start)
