"""JPEG files as lists of segments."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.shown.formats.drafts import Tail

EXIF, PROFILE, ADOBE, COMMENT, JFIF = 0xE1, 0xE2, 0xEE, 0xFE, 0xE0
QUANTIZERS, RESTARTS, SCAN = 0xDB, 0xDD, 0xDA
_FRAMES = (0xC0, 0xC1, 0xC2, 0xC3, 0xC9)


@dataclass
class Segment:
    marker: int
    body: bytes
    length: int | None = None

    def written(self) -> bytes:
        length = len(self.body) + 2 if self.length is None else self.length
        return bytes([0xFF, self.marker]) + struct.pack(">H", length) + self.body


@dataclass
class Jpeg:
    segments: list[Segment]
    scans: bytes
    """All from the first scan on, but for the end marker."""
    side: int
    end: bytes = b"\xff\xd9"
    before: bytes = b""
    tail: Tail = field(default_factory=Tail)

    def file(self) -> bytes:
        segments = b"".join(segment.written() for segment in self.segments)
        return self.tail.applied(b"\xff\xd8" + self.before + segments + self.scans + self.end)

    def of(self, *markers: int) -> list[Segment]:
        return [segment for segment in self.segments if segment.marker in markers]

    def insert(self, random: Random, segments: Sequence[Segment]) -> None:
        at = random.choice([0, 1, 1, len(self.segments)])
        self.segments[at:at] = segments

    @property
    def frame(self) -> Segment:
        return self.of(*_FRAMES)[0]


def parsed(data: bytes, side: int) -> Jpeg:
    segments, position = [], 2
    while data[position + 1] != SCAN:
        (length,) = struct.unpack_from(">H", data, position + 2)
        segments.append(Segment(data[position + 1], data[position + 4 : position + 2 + length]))
        position += 2 + length
    return Jpeg(segments, data[position:-2], side)
