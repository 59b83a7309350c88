"""Reads the file of a list from where the operator's commands write it, such as a file on this machine."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from moderate.blocking.lists import MAX_FILE_BYTES, Buffer


class PlaceFailure(Exception):
    """A list could not be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Content:
    data: Buffer
    tag: str
    """Changes with the content. Empty if nothing was ever written there."""


class Place(Protocol):
    def read(self, known: str | None) -> Content | None:
        """Returns what is there, or None if its tag is the known one. One thread reads at a time.

        Raises PlaceFailure.
        """


class FilePlace:
    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, known: str | None) -> Content | None:
        try:
            with open(self.path, "rb", opener=_open_without_waiting) as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise PlaceFailure(f"{self.path} is not a file")
                # Whatever puts files where they belong may give all of them the same time of modification.
                tag = f"{status.st_ctime_ns:x}-{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"
                if tag == known:
                    return None
                refuse_large(status.st_size)
                return Content(file.read(status.st_size), tag)
        except FileNotFoundError:
            return None if known == "" else Content(b"", "")
        except OSError as error:
            raise PlaceFailure(f"{self.path} cannot be read: {error.strerror}") from None


def _open_without_waiting(path: str, flags: int) -> int:
    """Opens a named pipe that nobody writes to, for one."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def refuse_large(size: int) -> None:
    """Raises PlaceFailure."""
    if size > MAX_FILE_BYTES:
        raise PlaceFailure(f"a list may have at most {MAX_FILE_BYTES:,} bytes, not {size:,}")
