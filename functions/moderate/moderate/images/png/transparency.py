"""In which ways viewers take the tRNS chunk of a PNG."""

import struct
from collections.abc import Sequence

from PIL import Image, ImageChops

from moderate.images.png.file import COLOUR, EIGHT_BITS, GREY, PALETTE, Png
from moderate.images.shrinking import OPAQUE

_MAX_LEVELS = 256
_WIDENED = {2: 85, 4: 17}
_NUMBER = 2


def readings(png: Png) -> Sequence[Png]:
    """Returns the picture as each viewer takes it, so that Pillow treats its transparency as that viewer does.

    If there is more of it than the picture can have, Chromium cuts it off and Firefox ignores it. The transparent
    grey of a picture with less than 8 bits may have bits of a byte that no pixel has. Firefox drops those, and
    Chromium then finds no pixel transparent.
    """
    stated = png.single.get(b"tRNS", b"")
    if png.colour == PALETTE:
        colours = min(png.palette_colours, 1 << png.depth)
        found, is_disputed, is_counted = stated[:colours], len(stated) > colours, len(stated) <= _MAX_LEVELS
    else:
        length = _NUMBER * {GREY: 1, COLOUR: 3}.get(png.colour, 0)
        found, is_disputed, is_counted = stated[:length], len(stated) > length, len(stated) >= length
        if length and is_counted:
            is_disputed |= stated[_NUMBER - 1] >> png.depth > 0
            found = _key(found, png)
    if not is_counted or not found:
        return [png.with_transparency(b"")]
    return [png.with_transparency(each) for each in ((found, b"") if is_disputed else (found,))]


def _key(stated: bytes, png: Png) -> bytes:
    """Returns the levels of the transparent colour, of which browsers drop the bits that no pixel has."""
    levels = [level & (1 << png.depth) - 1 for level in struct.unpack(f">{len(stated) // _NUMBER}H", stated)]
    # Pillow widens grey levels to 8 bits, but not this one.
    return struct.pack(f">{len(levels)}H", *(level * _WIDENED.get(png.depth, 1) for level in levels))


def has_deep_key(png: Png) -> bool:
    """Whether one of 2^48 colours is transparent: Pillow decodes 8 bits of each channel, and would take all alike."""
    return png.colour == COLOUR and png.depth > EIGHT_BITS and b"tRNS" in png.single


def with_deep_key(high: Image.Image, low: Image.Image, key: bytes) -> Image.Image:
    """Returns what is shown of the high and the low bytes of a picture's levels."""
    opaque = Image.new("L", high.size)
    for image, levels in ((high, key[::2]), (low, key[1::2])):
        for channel, level in zip(image.split(), levels, strict=True):
            opaque = ImageChops.lighter(opaque, channel.point([0 if each == level else OPAQUE for each in range(256)]))
    shown = high.copy()
    shown.putalpha(opaque)
    return shown
