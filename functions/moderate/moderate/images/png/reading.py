"""Takes a PNG apart into the chunks that make its picture, and an APNG into its frames, as leniently as browsers do.

Whatever is wrong with a chunk that does not make the picture, browsers drop it. Where they stop at a fault of an
animation and other viewers go on, all of its frames are kept.
"""

import struct
from collections.abc import Iterator
from dataclasses import replace

from moderate.images.colours import png_chunks
from moderate.images.limits import BreaksOff, counted
from moderate.images.png.file import COLOUR, GREY, PALETTE, SIGNATURE, Png, checksum, require, size_in

_MAX_PALETTE = 3 * 256
_PIXELS, _FRAME_PIXELS, _CONTROL, _ANIMATION = b"IDAT", b"fdAT", b"fcTL", b"acTL"
_NUMBER = 4
_CONTROL_BYTES = 22
_DISPOSALS = range(3)
_KEY_BYTES = {GREY: 2, COLOUR: 6}


def read(data: bytes) -> Png:
    """Raises DamagedPng and BreaksOff, or what `struct` and indexing raise on too few bytes."""
    png = Png({}, [], [], [], [])
    frames = _Frames(png)
    previous = b""
    for kind, body, is_sound in counted(_chunks(data)):
        if kind == _PIXELS:
            frames.add_default(body, is_sound=is_sound, is_next=previous == _PIXELS)
        elif kind in (_CONTROL, _FRAME_PIXELS) and _ANIMATION in png.single:
            frames.add(kind, body, is_sound=is_sound)
        else:
            frames.pass_by()
            _note(png, kind, body, is_sound=is_sound)
        previous = kind
    frames.end()
    return replace(png, interrupted=frames.are_interrupted)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yields each kind and body, and whether its checksum is right. A file may end within its last pixels."""
    position = len(SIGNATURE)
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        is_cut = end + 4 > len(data)
        if kind == b"IEND" or (is_cut and kind not in (_PIXELS, _FRAME_PIXELS)):
            return
        body = data[position + 8 : end]
        yield kind, body, is_cut or data[end : end + 4] == checksum(kind, body).to_bytes(4)
        position = end + 4


def _note(png: Png, kind: bytes, body: bytes, *, is_sound: bool) -> None:
    if kind in png_chunks.KINDS and not png.pixels:
        # Firefox takes a profile whatever its checksum; no browser takes another chunk of colours with a wrong one.
        if is_sound:
            png.colours.append((kind, body))
        elif kind == b"iCCP":
            png.colours.append((png_chunks.SPOILED_PROFILE, body))
    if kind == b"IHDR":
        require(is_sound, "a wrong checksum")
        require(kind not in png.single, "two IHDR chunks")
        png.single[kind] = body
    elif kind == b"PLTE" and png.colour == PALETTE:
        require(is_sound, "a wrong checksum")
        require(kind not in png.single, "two PLTE chunks")
        require(not png.pixels, "a PLTE chunk after the pixels")
        require(len(body) <= _MAX_PALETTE, "a palette of more than 256 colours")
        png.single[kind] = body[: len(body) // 3 * 3]
    elif kind == b"eXIf" and is_sound:
        png.exifs.append(body)
    elif kind == _ANIMATION and not png.pixels:
        png.single.setdefault(kind, body)
    elif kind == b"tRNS" and not png.pixels and is_sound and _takes_transparency(png):
        first = png.single.setdefault(kind, body)
        # Each browser takes the first whose length it accepts.
        require(first == body or _counts_everywhere(png, first), "two tRNS chunks")


def _counts_everywhere(png: Png, transparency: bytes) -> bool:
    if png.colour == PALETTE:
        return 0 < len(transparency) <= min(png.palette_colours, 1 << png.depth)
    return len(transparency) == _KEY_BYTES.get(png.colour, len(transparency))


def _takes_transparency(png: Png) -> bool:
    return png.colour != PALETTE or b"PLTE" in png.single


class _Frames:
    """Puts the pixels of the default image and of each frame together."""

    def __init__(self, png: Png) -> None:
        self._png = png
        self._number = 0
        self._awaited = self._ended = self._spoiled = False
        self.are_interrupted = False

    def add_default(self, compressed: bytes, *, is_sound: bool, is_next: bool) -> None:
        """Takes pixels of the default image, which may be the first frame. Browsers show none behind another chunk."""
        if not self._png.pixels:
            self._begin(compressed, is_sound=is_sound)
        elif is_next and len(self._png.pixels) == 1:
            self._append(self._png.pixels[0], compressed, is_sound=is_sound)
        else:
            self.pass_by()
            self.are_interrupted = True

    def pass_by(self) -> None:
        """Raises DamagedPng between the control of a later frame and its pixels, where Firefox may stop.

        It shows what the frame is drawn on then, cleared.
        """
        require(not (self._awaited and self._png.pixels), "something between a frame's control and its pixels")

    def add(self, kind: bytes, body: bytes, *, is_sound: bool) -> None:
        """Takes a numbered chunk."""
        png = self._png
        if self._ended:
            return
        # Firefox skips one that is out of sequence, with a part of what follows.
        require(int.from_bytes(body[:_NUMBER]) == self._number, "frames out of sequence")
        self._number += 1
        if kind == _CONTROL:
            self._control(body[_NUMBER:])
        elif png.pixels and self._awaited:
            self._begin(body[_NUMBER:], is_sound=is_sound)
        else:
            require(len(png.pixels) > 1, "pixels of no frame")
            self._append(png.pixels[-1], body[_NUMBER:], is_sound=is_sound)

    def _control(self, control: bytes) -> None:
        png = self._png
        require(not self._awaited, "a frame without pixels")
        # Firefox passes over it, and goes on.
        require(len(control) == _CONTROL_BYTES, "a frame's control of another length")
        if not png.pixels and control[:16] != png.single[b"IHDR"][:8] + bytes(8):
            # A first frame that does not cover the canvas is none: the default image stands alone.
            return
        self._ended = not _is_sound(control, png.size)
        if not self._ended:
            png.controls.append(control)
            self._awaited = True

    def _begin(self, compressed: bytes, *, is_sound: bool) -> None:
        self._png.pixels.append([compressed])
        self._awaited, self._spoiled = False, not is_sound

    def _append(self, pixels: list[bytes], compressed: bytes, *, is_sound: bool) -> None:
        # Browsers take the last pixels whatever their checksum, and lose what follows others.
        require(not self._spoiled, "a wrong checksum")
        pixels.append(compressed)
        self._spoiled = not is_sound

    def end(self) -> None:
        png = self._png
        require(b"IHDR" in png.single, "no header")
        require(bool(png.pixels), "no pixels")
        if self._awaited:
            raise BreaksOff("a frame without pixels")


def _is_sound(control: bytes, canvas: tuple[int, int]) -> bool:
    """Returns whether browsers go on; at a frame beyond the canvas they stop."""
    (width, height), (left, top) = size_in(control), size_in(control[8:])
    return 0 < width <= canvas[0] - left and 0 < height <= canvas[1] - top and control[_CONTROL_BYTES - 2] in _DISPOSALS
