"""PNG files as lists of chunks."""

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

from tests.helpers.crafted import PNG_SIGNATURE, png_pixels
from tests.shown.formats.drafts import Tail


@dataclass
class Chunk:
    kind: bytes
    body: bytes = b""
    crc: int | None = None
    length: int | None = None

    def written(self) -> bytes:
        crc = zlib.crc32(self.kind + self.body) if self.crc is None else self.crc
        length = len(self.body) if self.length is None else self.length
        return struct.pack(">I", length) + self.kind + self.body + struct.pack(">I", crc)


@dataclass
class Png:
    size: tuple[int, int]
    depth: int
    colour: int
    levels: Any
    chunks: list[Chunk]
    """All but IHDR, IDAT and IEND, which are the rest of the fields."""
    later: list[Chunk] = field(default_factory=list)
    pixels: bytes = b""
    parts: int = 1
    interlace: int = 0
    between: list[Chunk] = field(default_factory=list)
    end: bool = True
    tail: Tail = field(default_factory=Tail)

    def file(self) -> bytes:
        header = Chunk(b"IHDR", struct.pack(">IIBBBBB", *self.size, self.depth, self.colour, 0, 0, self.interlace))
        pixels = self.pixels or png_pixels(self.levels, self.depth)
        length = -(-len(pixels) // self.parts)
        data = [Chunk(b"IDAT", pixels[at : at + length]) for at in range(0, len(pixels), length)]
        data[1:1] = self.between
        chunks = [header, *self.chunks, *data, *self.later, *([Chunk(b"IEND")] if self.end else [])]
        return self.tail.applied(PNG_SIGNATURE + b"".join(chunk.written() for chunk in chunks))
