"""Takes a PNG apart into the chunks that make its picture, and an APNG into its frames.

Pillow lets text chunks steer its decoder, and accepts a tRNS chunk in the wrong place or of the wrong length,
which libpng (and so every browser) ignores. With either, a file can show a person one thing and Pillow another.
So Pillow gets only what makes the picture, and a file that viewers may show differently is refused.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain, count, pairwise

from moderate.images.animation import Disposal, Frame
from moderate.images.colours import png_chunks
from moderate.images.colours.descriptions import Description
from moderate.images.deflate import unpacked_bytes
from moderate.images.limits import BrokenRule, counted

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AT_MOST_ONCE = (b"IHDR", b"PLTE", b"tRNS", b"acTL", b"eXIf")
_ANYWHERE = b"eXIf"
_GREY, _COLOUR, _PALETTE, _GREY_ALPHA = 0, 2, 3, 4
EIGHT_BITS = 8
# Its rows are counted, it is drawn, and it is blended with what is there.
_WORK_TO_BLEND = 4
_CHANNELS = {_GREY: 1, _COLOUR: 3, _PALETTE: 1, _GREY_ALPHA: 2, 6: 4}
_MAX_PALETTE = 3 * 256
_WIDENED = {2: 85, 4: 17}
_DISPOSALS = (Disposal.KEEP, Disposal.CLEAR, Disposal.RESTORE)


class DamagedPng(BrokenRule):
    """The file is incomplete, or viewers differ on what it shows."""


@dataclass(frozen=True, slots=True)
class Png:
    single: dict[bytes, bytes]
    """The chunks that matter and that a file has at most once."""
    pixels: list[list[bytes]]
    """The compressed pixels of the default image and of every further frame."""
    controls: list[bytes]
    """How to draw each frame of the animation. There is one fewer than `pixels` if the default image is no frame."""
    colours: list[png_chunks.Chunk]
    """What stands before the pixels and says how they are drawn."""

    @property
    def size(self) -> tuple[int, int]:
        return _size(self.single[b"IHDR"])

    @property
    def depth(self) -> int:
        """Bits per colour, or per index of a palette."""
        return self.single[b"IHDR"][8]

    @property
    def is_interlaced(self) -> bool:
        return bool(self.single[b"IHDR"][12])

    def require_rows(self, size: tuple[int, int], pixels: Iterable[bytes]) -> None:
        """Raises DamagedPng if the pixels of a picture or frame of this size end before it does."""
        depth, colour = self.single[b"IHDR"][8:10]
        row_bytes = (size[0] * depth * _CHANNELS[colour] + 7) // 8
        # Each row begins with a byte that names its filter; with interlacing more do than are counted here.
        expected = size[1] * (row_bytes if self.is_interlaced else row_bytes + 1)
        require(unpacked_bytes(pixels, expected) >= expected, "fewer rows than announced")

    @property
    def palette_colours(self) -> int:
        """How many colours the palette has; 0 if the picture has none."""
        return len(self.single[b"PLTE"]) // 3 if self.single[b"IHDR"][9] == _PALETTE else 0

    def descriptions(self) -> Iterator[Description]:
        return png_chunks.descriptions(self.colours, is_grey=self.single[b"IHDR"][9] in (_GREY, _GREY_ALPHA))

    def still(self) -> bytes:
        """Returns the default image, which is all that a viewer without support for animations shows."""
        return self._file(self.single[b"IHDR"], self.pixels[0], b"eXIf")

    def frames(self) -> Iterator[Frame]:
        """Yields the default image first, even if it is not part of the animation: some viewers show nothing else."""
        animated = self.pixels[-len(self.controls) :]
        if len(animated) < len(self.pixels):
            colours = self.palette_colours
            yield Frame(self.still(), (0, 0), self.size, Disposal.CLEAR, blended=False, colours=colours)
        for control, pixels in zip(self.controls, animated, strict=True):
            left, top, disposal, blend = struct.unpack(">8xII4xBB", control)
            if blend == 1:
                # Where rows are missing, Firefox leaves what is there.
                self.require_rows(_size(control), pixels)
            yield Frame(
                still=self._file(control, pixels),
                at=(left, top),
                size=_size(control),
                disposal=_DISPOSALS[disposal],
                colours=self.palette_colours,
                blended=blend == 1,
                work=_WORK_TO_BLEND if blend == 1 else 1,
            )

    def with_whole_palette(self) -> "Png":
        """Returns the picture with its last colour for each index beyond its palette, as Chromium draws them."""
        missing = 256 - self.palette_colours
        palette = self.single[b"PLTE"]
        further = {b"PLTE": palette + missing * palette[-3:]}
        if len(self.single.get(b"tRNS", b"")) == self.palette_colours:
            further[b"tRNS"] = self.single[b"tRNS"] + missing * self.single[b"tRNS"][-1:]
        return replace(self, single=self.single | further)

    def _file(self, size: bytes, pixels: list[bytes], *further: bytes) -> bytes:
        """further: chunks for the default image alone; they may be large, and frames many."""
        header = size[:8] + self.single[b"IHDR"][8:]
        chunks = {kind: [body] for kind, body in self.single.items()} | {
            b"IHDR": [header],
            b"IDAT": pixels,
            b"IEND": [],
        }
        order = (b"IHDR", b"PLTE", b"tRNS", *further, b"IDAT", b"IEND")
        # Joined once: the pixels may be megabytes.
        return b"".join(chain([SIGNATURE], *(_chunk(kind, chunks[kind]) for kind in order if kind in chunks)))


def read(data: bytes) -> Png:
    """Raises DamagedPng, or what `struct` and indexing raise on too few bytes."""
    png = Png({}, [], [], [])
    sequence = count()
    awaited = True
    for (previous, _), (kind, body) in pairwise(chain([(b"", b"")], counted(_chunks(data)))):
        if kind in png_chunks.KINDS and not png.pixels:
            png.colours.append((kind, body))
        if kind in _AT_MOST_ONCE:
            require(kind not in png.single, f"two {kind.decode()} chunks")
            require(kind == _ANYWHERE or not png.pixels, f"a {kind.decode()} chunk after the pixels")
            require(kind != b"PLTE" or b"tRNS" not in png.single, "a PLTE chunk after tRNS")
            png.single[kind] = body
        elif kind == b"IDAT":
            require(previous == b"IDAT" or not png.pixels, "IDAT chunks with others between them")
            _add(png.pixels, body, new=awaited)
            awaited = False
        elif kind in (b"fcTL", b"fdAT") and b"acTL" in png.single:
            require(int.from_bytes(body[:4], "big") == next(sequence), "frames out of sequence")
            if kind == b"fcTL":
                require(not awaited or not png.controls, "a frame without pixels")
                png.controls.append(body[4:])
            else:
                require(bool(png.pixels) and (awaited or previous == b"fdAT"), "pixels of no frame")
                _add(png.pixels, body[4:], new=awaited)
            awaited = kind == b"fcTL"
    require(not (awaited and png.controls), "a frame without pixels")
    _check_animation(png)
    _settle_transparency(png.single)
    return png


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(SIGNATURE)
    kind = b""
    while kind != b"IEND":
        require(position + 12 <= len(data), "no end")
        length, kind = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, position + 8 + length)
        sound = checksum == _checksum(kind, body)
        require(sound or kind in png_chunks.ANCILLARY, "a wrong checksum")
        # Firefox takes a profile whatever its checksum; no browser takes another chunk of colours with a wrong one.
        if sound:
            yield kind, body
        elif kind == b"iCCP":
            yield png_chunks.SPOILED_PROFILE, body
        position += length + 12


def _add(pixels: list[list[bytes]], compressed: bytes, *, new: bool) -> None:
    if new:
        pixels.append([])
    pixels[-1].append(compressed)


def _check_animation(png: Png) -> None:
    require(bool(png.pixels), "no pixels")
    if b"acTL" not in png.single:
        return
    (frames,) = struct.unpack_from(">I", png.single[b"acTL"])
    require(
        0 < frames == len(png.controls) and len(png.pixels) - frames in (0, 1),
        "another number of frames than announced",
    )
    if len(png.pixels) == frames:
        whole = png.single[b"IHDR"][:8] + bytes(8)
        require(png.controls[0][:16] == whole, "a first frame that does not cover the canvas")
    for control in png.controls:
        left, top = struct.unpack_from(">II", control, 8)
        width, height = _size(control)
        require(left + width <= png.size[0] and top + height <= png.size[1], "a frame beyond the canvas")


def _settle_transparency(single: dict[bytes, bytes]) -> None:
    """Drops, widens or refuses the tRNS chunk, so that Pillow treats it as libpng does."""
    depth, colour = struct.unpack(">8xBB3x", single[b"IHDR"])
    palette = single.get(b"PLTE", b"")
    require(len(palette) <= _MAX_PALETTE, "a palette of more than 256 colours")
    require(len(palette) % 3 == 0, "a palette that ends within a colour")
    if b"tRNS" not in single:
        return
    transparency = single[b"tRNS"]
    if colour == _PALETTE:
        colours = min(len(single[b"PLTE"]) // 3, 1 << depth)
        require(0 < len(transparency) <= colours, "a tRNS chunk that does not fit the palette")
    elif colour == _GREY:
        (level,) = struct.unpack(">H", transparency)
        require(level < 1 << depth, "a transparent grey that no pixel can have")
        # Pillow widens grey levels to 8 bits, but not this one.
        single[b"tRNS"] = struct.pack(">H", level * _WIDENED.get(depth, 1))
    elif colour == _COLOUR:
        # In 16 bits, one of 2^48 colours is transparent; in Pillow's 8 bits nobody can tell which pixels have it.
        require(depth == EIGHT_BITS, "a transparent colour in 16 bits")
        require(max(struct.unpack(">HHH", transparency)) < 1 << depth, "a transparent colour that no pixel can have")
    else:
        del single[b"tRNS"]


def _size(control: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", control)
    return width, height


def _chunk(kind: bytes, parts: list[bytes]) -> list[bytes]:
    return [struct.pack(">I", sum(map(len, parts))), kind, *parts, struct.pack(">I", _checksum(kind, *parts))]


def _checksum(*parts: bytes) -> int:
    return reduce(lambda so_far, part: zlib.crc32(part, so_far), parts, 0)


def require(sound: bool, flaw: str) -> None:  # noqa: FBT001 - reads like an assertion
    """Raises DamagedPng."""
    if not sound:
        raise DamagedPng(flaw)
