"""Finds the place that the operator's settings name."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from moderate.blocking.places import FilePlace

if TYPE_CHECKING:
    from moderate.blocking.s3_place import S3Place

_S3 = re.compile(r"s3://([^/]+)/(.+)")


def place_of(text: str) -> "S3Place | FilePlace":
    """text: s3://bucket/key, or a path."""
    found = _S3.fullmatch(text)
    if not found:
        return FilePlace(Path(text))
    # Who has no list in S3 starts without a client for it.
    from moderate.blocking.s3_place import S3Place  # noqa: PLC0415

    return S3Place(found[1], found[2])
