"""Decodes GIF: takes it apart into its frames, as browsers read it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, count

from moderate.images.animation import Disposal, Frame
from moderate.images.decoded import Picture
from moderate.images.gif_readings import AS_WRITTEN, CHROMIUM, FIREFOX, Reading
from moderate.images.limits import (
    GIF_ANIMATION,
    AnimationCap,
    BreaksOff,
    BrokenRule,
    Disputed,
    counted,
)
from moderate.images.pictures import draw_frames, together
from moderate.images.views import Presentations

_HEADER = 6
_EXTENSION = 0x21
_IMAGE = 0x2C
_TRAILER = 0x3B
_GRAPHIC_CONTROL = 0xF9
_HAS_PALETTE = 0x80
_INTERLACED = 0x40
_HAS_TRANSPARENT_INDEX = 0x01
# 4 is not in the standard; encoders write it for 3.
_DISPOSALS = {2: Disposal.CLEAR, 3: Disposal.RESTORE, 4: Disposal.RESTORE}
_NO_CONTROL = bytes(4)
# In bits, of a colour in the compressed pixels. Firefox draws by 1 too, and Chromium something else.
_CODE_SIZES = range(2, 9)
_DESCRIPTOR = 10
_BEGINNING = re.compile(rb"[!,;]")
# It is drawn, and laid over what is there.
_WORK_TO_BLEND = 2


class DamagedGif(BrokenRule):
    """The file breaks a rule that viewers insist on."""


def decode(data: bytes, size: int, images: int) -> Picture:
    try:
        return _draw(data, size, GIF_ANIMATION.for_file(data, images), AS_WRITTEN)
    except Disputed:
        # It may be drawn up to where the dispute is found, and then twice more.
        cap = GIF_ANIMATION.for_file(data, images).shared(3)
        found = [_draw(data, size, cap, reading) for reading in (CHROMIUM, FIREFOX)]
    return together(found, cap)


def _draw(data: bytes, size: int, cap: AnimationCap, reading: Reading) -> Picture:
    found = frames(data, reading)
    first = next(found, None)
    if first is None:
        raise BreaksOff("no frame")
    screen = _words(data[_HEADER : _HEADER + 4])
    canvas, at = reading.canvas((screen[0], screen[1]), first, data.startswith(b"GIF87a"))
    try:
        return draw_frames(canvas, chain([replace(first, at=at)], found), size, Presentations(), cap)
    except OSError:
        raise BreaksOff("pixels are missing") from None


def frames(data: bytes, reading: Reading = AS_WRITTEN) -> Iterator[Frame]:
    """Yields the frames in order. Raises DamagedGif, Disputed, or IndexError on too few bytes.

    Some viewers stop at a byte that begins no block, and some look for the next frame: those find all of them.
    """
    global_palette, position = _palette(data, data[_HEADER + 4], _HEADER + 7)
    control, is_first = _NO_CONTROL, True
    for _ in counted(count()):
        beginning = _BEGINNING.search(data, position)
        if not beginning or data[beginning.start()] == _TRAILER:
            return
        position = beginning.start()
        kind = data[position]
        if kind == _EXTENSION:
            if data[position + 1 : position + 2] == bytes([_GRAPHIC_CONTROL]):
                control = data[position + 3 : position + 7].ljust(len(_NO_CONTROL), b"\0")
            _, position = _blocks(data, position + 2)
        elif position + _DESCRIPTOR > len(data):
            return
        else:
            at, flags = position, data[position + 9]
            x, y, width, height = _words(data[at + 1 : at + 9])
            palette, start = _palette(data, flags, at + _DESCRIPTOR)
            if start >= len(data):
                # Firefox shows what the frame before leaves.
                raise BreaksOff("a frame without pixels")
            if data[start] not in _CODE_SIZES:
                raise DamagedGif("a code size that no GIF has")
            pixels, position = _blocks(data, start + 1)
            blended = bool(control[0] & _HAS_TRANSPARENT_INDEX)
            shown, colours = reading.palette(palette or global_palette, blended)
            frame = Frame(
                still=_still(data[at + 5 : at + 9], shown, control, flags, data[start : start + 1] + pixels),
                colours=colours,
                at=(x, y),
                size=(width, height),
                disposal=_DISPOSALS.get(control[0] >> 2 & 7, Disposal.KEEP),
                blended=blended,
                work=_WORK_TO_BLEND if blended else 1,
            )
            yield from reading.single_row(frame, is_first) if flags & _INTERLACED and height == 1 else [frame]
            control, is_first = _NO_CONTROL, False


def _still(size: bytes, palette: bytes, control: bytes, flags: int, pixels: bytes) -> bytes:
    colours = (len(palette) // 3).bit_length() - 2
    screen = b"GIF89a" + size + bytes([_HAS_PALETTE | colours, 0, 0]) + palette
    transparency = bytes([_EXTENSION, _GRAPHIC_CONTROL, 4, control[0] & _HAS_TRANSPARENT_INDEX, 0, 0, control[3], 0])
    image = bytes([_IMAGE, 0, 0, 0, 0]) + size + bytes([flags & _INTERLACED])
    return screen + transparency + image + pixels + bytes([_TRAILER])


def _palette(data: bytes, flags: int, start: int) -> tuple[bytes, int]:
    """Returns the palette that `flags` announce at `start`, empty if there is none, and where it ends."""
    end = start + (3 << (flags & 7) + 1 if flags & _HAS_PALETTE else 0)
    return data[start:end], end


def _blocks(data: bytes, start: int) -> tuple[bytes, int]:
    """Returns blocks with their end, and where they end. A file may end within them."""
    last = position = start
    try:
        while length := data[position]:
            last, position = position, position + length + 1
    except IndexError:
        cut = data[last + 1 :]
        return data[start:last] + (bytes([len(cut)]) + cut + b"\0" if cut else b"\0"), len(data)
    return data[start : position + 1], position + 1


def _words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2)]
