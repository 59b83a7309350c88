"""AVIF files as trees of boxes, written so that what points into the pixels still finds them."""

import copy
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.shown.formats.drafts import Tail

_LISTS = {
    b"meta": 4,
    b"iprp": 0,
    b"ipco": 0,
    b"iinf": 6,
    b"iref": 4,
    b"moov": 0,
    b"trak": 0,
    b"edts": 0,
    b"mdia": 0,
    b"minf": 0,
    b"stbl": 0,
    b"stsd": 8,
    b"av01": 78,
}
"""Boxes that hold boxes, and how much stands in each before those."""


@dataclass
class Box:
    kind: bytes
    body: bytes
    inside: "list[Box]" = field(default_factory=list)
    size: int | None = None

    def written(self) -> bytes:
        content = self.body + b"".join(box.written() for box in self.inside)
        return struct.pack(">I", len(content) + 8 if self.size is None else self.size) + self.kind + content

    def of(self, *kinds: bytes) -> "Iterator[Box]":
        for box in self.inside:
            if box.kind in kinds:
                yield box
            yield from box.of(*kinds)


@dataclass
class Avif:
    top: Box
    origin: int
    """The place of the pixels in the file that was read."""
    tail: Tail = field(default_factory=Tail)

    def file(self) -> bytes:
        top = copy.deepcopy(self.top)
        before = top.inside[: [box.kind for box in top.inside].index(b"mdat")]
        moved = sum(len(box.written()) for box in before) + 8 - self.origin
        for position, offset in _offsets(top):
            position[0].body = _replaced(position[0].body, position[1], struct.pack(">I", max(0, offset + moved)))
        return self.tail.applied(b"".join(box.written() for box in top.inside))

    def of(self, *kinds: bytes) -> list[Box]:
        return list(self.top.of(*kinds))


def parsed(data: bytes) -> Avif:
    top = Box(b"", b"", list(_boxes(data)))
    return Avif(top, data.rindex(b"mdat") + 4)


def _boxes(data: bytes) -> Iterator[Box]:
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        content = data[position + 8 : position + size]
        if kind in _LISTS:
            yield Box(kind, content[: _LISTS[kind]], list(_boxes(content[_LISTS[kind] :])))
        else:
            yield Box(kind, content)
        position += size


def _offsets(top: Box) -> Iterator[tuple[tuple[Box, int], int]]:
    """Where a place in the file is written, and which: of items as libavif writes them, and of samples."""
    for box in top.of(b"iloc", b"stco"):
        first, step = (14, 14) if box.kind == b"iloc" else (8, 4)
        for position in range(first, len(box.body) - 3, step):
            yield (box, position), struct.unpack_from(">I", box.body, position)[0]


def _replaced(body: bytes, position: int, new: bytes) -> bytes:
    return body[:position] + new + body[position + len(new) :]
