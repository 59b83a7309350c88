"""Finds the place that the operator's settings name."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from moderate.blocking.places import FilePlace

if TYPE_CHECKING:
    from moderate.blocking.s3_place import S3Place

PLACES = "a path or s3://bucket/key"

_S3 = re.compile(r"s3://([^/]+)/(.+)")
_SCHEME = re.compile(r"s3:|\w+://", re.IGNORECASE)


class InvalidPlace(ValueError):
    """The text is a URL, but not of an object in S3; the message says what to write."""


def place_of(text: str) -> "S3Place | FilePlace":
    """text: s3://bucket/key, or a path. Raises InvalidPlace."""
    if found := _S3.fullmatch(text):
        # Who has no list in S3 starts without a client for it.
        from moderate.blocking.s3_place import S3Place  # noqa: PLC0415

        return S3Place(found[1], found[2])
    # Nothing would ever be found in a file of that name, and nobody would notice.
    if _SCHEME.match(text):
        raise InvalidPlace(f"{PLACES}, not {text!r}")
    return FilePlace(Path(text))
