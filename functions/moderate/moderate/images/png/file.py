"""Holds what makes the picture of a PNG, and writes it as files that Pillow reads as browsers do.

Pillow lets text chunks steer its decoder, and accepts a tRNS chunk in the wrong place or of the wrong length,
which libpng (and so every browser) ignores. With either, a file can show a person one thing and Pillow another.
So Pillow gets only what makes the picture.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain

from moderate.images.animation import Disposal, Frame
from moderate.images.colours import png_chunks
from moderate.images.colours.descriptions import Description
from moderate.images.deflate import unpacked_bytes
from moderate.images.limits import BreaksOff, BrokenRule

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6
EIGHT_BITS = 8
# Its rows are counted, it is drawn, and it may be blended with what is there.
_WORK_TO_BLEND, _WORK_TO_REPLACE = 4, 2
# Where each pass of interlaced rows begins, and how far apart its columns and rows are.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_CHANNELS = {GREY: 1, COLOUR: 3, PALETTE: 1, GREY_ALPHA: 2, COLOUR_ALPHA: 4}
_DISPOSALS = (Disposal.KEEP, Disposal.CLEAR, Disposal.RESTORE)


class DamagedPng(BrokenRule):
    """The file breaks a rule that viewers insist on, or they differ too much on what it shows."""


class InterruptedPng(BrokenRule):
    """Another chunk stands between those of pixels, and what is behind it is needed."""

    message = (
        "The pixels of the PNG are interrupted by other data, which browsers do not read beyond. "
        "Export the picture again."
    )


@dataclass(frozen=True, slots=True)
class Png:
    single: dict[bytes, bytes]
    """The chunks that matter and of which one counts."""
    exifs: list[bytes]
    pixels: list[list[bytes]]
    """The compressed pixels of the default image and of every further frame."""
    controls: list[bytes]
    """How to draw each frame of the animation. There is one fewer than `pixels` if the default image is no frame."""
    colours: list[png_chunks.Chunk]
    """What stands before the pixels and says how they are drawn."""
    interrupted: bool = False
    """There are more pixels of the default image behind another chunk. No browser shows those."""

    @property
    def size(self) -> tuple[int, int]:
        return size_in(self.single[b"IHDR"])

    @property
    def depth(self) -> int:
        """Bits per colour, or per index of a palette."""
        return self.single[b"IHDR"][8]

    @property
    def colour(self) -> int:
        return self.single[b"IHDR"][9]

    @property
    def is_interlaced(self) -> bool:
        return bool(self.single[b"IHDR"][12])

    @property
    def is_plain(self) -> bool:
        """Whether each pixel is three or four bytes, in the order in which they are shown, as in most photos."""
        has_bytes = self.depth == EIGHT_BITS and self.colour in (COLOUR, COLOUR_ALPHA)
        return has_bytes and not self.is_interlaced and b"tRNS" not in self.single

    def unpacked(self, size: tuple[int, int]) -> int:
        """Returns how many bytes the pixels of a picture or frame of this size unpack to."""
        width, height = size
        if not self.is_interlaced:
            return height * self.row(width)
        passes = ((-(-(width - left) // right), -(-(height - top) // down)) for left, top, right, down in _PASSES)
        return sum(rows * self.row(columns) for columns, rows in passes if columns > 0 and rows > 0)

    def row(self, width: int) -> int:
        """Returns how many bytes a row unpacks to, of which the first names its filter."""
        return 1 + (width * self.depth * _CHANNELS[self.colour] + 7) // 8

    def require_rows(self, size: tuple[int, int], pixels: Iterable[bytes]) -> None:
        """Raises BreaksOff or InterruptedPng if the pixels of a picture or frame of this size end before it does."""
        if unpacked_bytes(pixels, self.unpacked(size)) < self.unpacked(size):
            raise (InterruptedPng if self.interrupted else BreaksOff)("fewer rows than announced")

    @property
    def palette_colours(self) -> int:
        """How many colours the palette has; 0 if the picture has none."""
        return len(self.single[b"PLTE"]) // 3 if self.colour == PALETTE else 0

    def descriptions(self) -> Iterator[Description]:
        return png_chunks.descriptions(self.colours, is_grey=self.colour in (GREY, GREY_ALPHA))

    def still(self) -> bytes:
        """Returns the default image, which is all that a viewer without support for animations shows."""
        return self._file(self.single[b"IHDR"], self.pixels[0])

    def frames(self) -> Iterator[Frame]:
        """Yields the default image first, even if it is not part of the animation: some viewers show nothing else."""
        animated = self.pixels[-len(self.controls) :]
        if len(animated) < len(self.pixels):
            colours = self.palette_colours
            yield Frame(self.still(), (0, 0), self.size, Disposal.CLEAR, blended=False, colours=colours)
        for control, pixels in zip(self.controls, animated, strict=True):
            left, top, disposal, blend = struct.unpack(">8xII4xBB", control)
            # Where rows are missing, Firefox leaves what is there, or nothing.
            self.require_rows(size_in(control), pixels)
            yield Frame(
                still=self._file(control, pixels),
                at=(left, top),
                size=size_in(control),
                disposal=_DISPOSALS[disposal],
                colours=self.palette_colours,
                blended=blend == 1,
                work=_WORK_TO_BLEND if blend == 1 else _WORK_TO_REPLACE,
            )

    def with_transparency(self, transparency: bytes) -> "Png":
        """transparency: what tRNS holds; nothing if there is none."""
        rest = {kind: body for kind, body in self.single.items() if kind != b"tRNS"}
        return replace(self, single=rest | ({b"tRNS": transparency} if transparency else {}))

    def with_pixels(self, compressed: bytes) -> "Png":
        return replace(self, pixels=[[compressed], *self.pixels[1:]])

    def with_whole_palette(self) -> "Png":
        """Returns the picture with its last colour for each index beyond its palette, as Chromium draws them."""
        missing = 256 - self.palette_colours
        palette = self.single[b"PLTE"]
        further = {b"PLTE": palette + missing * palette[-3:]}
        if len(self.single.get(b"tRNS", b"")) == self.palette_colours:
            further[b"tRNS"] = self.single[b"tRNS"] + missing * self.single[b"tRNS"][-1:]
        return replace(self, single=self.single | further)

    def _file(self, size: bytes, pixels: list[bytes]) -> bytes:
        header = size[:8] + self.single[b"IHDR"][8:]
        chunks = {kind: [body] for kind, body in self.single.items()} | {
            b"IHDR": [header],
            b"IDAT": pixels,
            b"IEND": [],
        }
        order = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
        # Joined once: the pixels may be megabytes.
        return b"".join(chain([SIGNATURE], *(_chunk(kind, chunks[kind]) for kind in order if kind in chunks)))


def size_in(control: bytes) -> tuple[int, int]:
    """Returns the size that a header or a frame's control begins with."""
    width, height = struct.unpack_from(">II", control)
    return width, height


def checksum(*parts: bytes) -> int:
    return reduce(lambda so_far, part: zlib.crc32(part, so_far), parts, 0)


def require(sound: bool, flaw: str) -> None:  # noqa: FBT001 - reads like an assertion
    """Raises DamagedPng."""
    if not sound:
        raise DamagedPng(flaw)


def _chunk(kind: bytes, parts: Sequence[bytes]) -> list[bytes]:
    return [struct.pack(">I", sum(map(len, parts))), kind, *parts, struct.pack(">I", checksum(kind, *parts))]
