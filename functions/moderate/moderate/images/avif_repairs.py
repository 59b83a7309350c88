"""Rewrites what libavif refuses in an AVIF and browsers do not, without moving anything else in the file."""

import struct

from moderate.images.boxes import Data, boxes, inside_if_any

_HEADER = 8
_AFTER_VERSION, _BEFORE_USES = 4, 8


def with_one_list_of_uses(data: bytes) -> bytes:
    """Returns the file with one list of which properties each item has: libavif refuses two of one version.

    Nothing else moves, because unused space takes the place of what is spared.
    """
    described = bytes(inside_if_any(inside_if_any(data, b"meta")[_AFTER_VERSION:], b"iprp"))
    parts = list(boxes(described))
    lists = [content for kind, content in parts if kind == b"ipma"]
    if len(lists) <= 1 or len({content[:_AFTER_VERSION] for content in lists}) > 1:
        return data
    count = sum(int.from_bytes(content[_AFTER_VERSION:_BEFORE_USES]) for content in lists)
    uses = b"".join([lists[0][:_AFTER_VERSION], count.to_bytes(4), *(content[_BEFORE_USES:] for content in lists)])
    others = [_written(kind, content) for kind, content in parts if kind != b"ipma"]
    known, one = _written(b"iprp", described), _written(b"iprp", *others, _written(b"ipma", uses))
    return data.replace(known, one + _written(b"free", bytes(len(known) - len(one) - _HEADER)), 1)


def without_exif(data: bytes) -> bytes:
    """Returns the file with another name for the kind of each item of EXIF. Nothing moves."""
    meta = inside_if_any(data, b"meta")
    return data.replace(meta, bytes(meta).replace(b"Exif", b"none"), 1) if meta else data


def _written(kind: bytes, *content: Data) -> bytes:
    return struct.pack(">I4s", _HEADER + sum(map(len, content)), kind) + b"".join(content)
