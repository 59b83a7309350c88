"""Decodes GIF: takes it apart into its frames, as browsers read it."""

from collections.abc import Iterator
from itertools import chain, count

from moderate.images.animation import Disposal, Frame
from moderate.images.limits import GIF_ANIMATION, BrokenRule, counted
from moderate.images.pictures import Picture, draw_frames
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
# In bits, of a colour in the compressed pixels. The standard begins at 2.
_CODE_SIZES = range(1, 9)

# It is drawn, and laid over what is there.
_WORK_TO_BLEND = 2


class DamagedGif(BrokenRule):
    """The file ends early, or continues where a GIF may not."""


def decode(data: bytes, size: int, images: int) -> Picture:
    found = frames(data)
    first = next(found, None)
    if first is None:
        raise DamagedGif("no frame")
    _refuse_disputed_canvas(data, first)
    cap = GIF_ANIMATION.for_file(data, images)
    return draw_frames(canvas_size(data, first), chain([first], found), size, Presentations(), cap)


def frames(data: bytes) -> Iterator[Frame]:
    """Yields the frames in order. Raises DamagedGif, or IndexError on too few bytes."""
    global_palette, position = _palette(data, data[_HEADER + 4], _HEADER + 7)
    control = _NO_CONTROL
    for _ in counted(count()):
        if position >= len(data):
            return
        kind = data[position]
        if kind == _EXTENSION:
            if data[position + 1] == _GRAPHIC_CONTROL:
                control = data[position + 3 : position + 7]
            position = _end_of_blocks(data, position + 2)
        elif kind == _IMAGE:
            at, flags = position, data[position + 9]
            x, y, width, height = _words(data[at + 1 : at + 9])
            palette, start = _palette(data, flags, at + 10)
            if data[start] not in _CODE_SIZES:
                raise DamagedGif("a code size that no GIF has")
            position = _end_of_blocks(data, start + 1)
            palette = palette or global_palette
            if not palette:
                raise DamagedGif("a frame without a palette")
            blended = bool(control[0] & _HAS_TRANSPARENT_INDEX)
            yield Frame(
                still=_still(data[at + 5 : at + 9], palette, control, flags, data[start:position]),
                colours=len(palette) // 3,
                at=(x, y),
                size=(width, height),
                disposal=_DISPOSALS.get(control[0] >> 2 & 7, Disposal.KEEP),
                blended=blended,
                work=_WORK_TO_BLEND if blended else 1,
            )
            control = _NO_CONTROL
        elif kind == _TRAILER or not data[position:].strip(b"\0"):
            return
        else:
            # Some viewers stop here and some look for the next frame.
            raise DamagedGif("neither a frame nor the end")


def canvas_size(data: bytes, first: Frame) -> tuple[int, int]:
    """Returns the size of the screen, grown to hold the first frame. Later frames are cut off at its edges."""
    width, height = _words(data[_HEADER : _HEADER + 4])
    return max(width, first.at[0] + first.size[0]), max(height, first.at[1] + first.size[1])


def _refuse_disputed_canvas(data: bytes, first: Frame) -> None:
    """Raises DamagedGif if Chromium and Firefox make different canvases of the screen and the first frame.

    Chromium enlarges the screen to hold the frame. Firefox takes the frame for the whole canvas if it is larger than
    the screen on either side, or if the file is a GIF87a; otherwise it cuts the frame off at the screen's edges.
    """
    screen = _words(data[_HEADER : _HEADER + 4])
    larger = any(side > length for side, length in zip(first.size, screen, strict=True))
    firefox = (first.size, (0, 0)) if larger or data.startswith(b"GIF87a") else (tuple(screen), first.at)
    if firefox != (canvas_size(data, first), first.at):
        raise DamagedGif("a screen that does not fit its first frame")


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


def _end_of_blocks(data: bytes, position: int) -> int:
    while length := data[position]:
        position += length + 1
    return position + 1


def _words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2)]
