"""Decodes BMP, and corrects or refuses what Pillow misreads in it."""

import struct
from collections.abc import Iterator

from moderate.images.colours.descriptions import Calibrated, Description
from moderate.images.colours.icc import Icc
from moderate.images.colours.renderings import renderings
from moderate.images.colours.spaces import BT_709, Primaries
from moderate.images.limits import PNG_OR_BMP, BrokenRule, UnsupportedFormat
from moderate.images.pictures import Picture, draw_still, open_image
from moderate.images.views import Presentations, views

_HEADER = 14
_BITS = slice(28, 30)
# Offsets in bytes from the start of the header.
_COMPRESSION, _COLOURS_USED, _COLOUR_MASKS, _ALPHA_MASK = 16, 32, 40, 52
_KIND_OF_COLOURS, _PROFILE, _PROFILE_BYTES = 56, 112, 116
_PRIMARIES, _END_OF_CALIBRATION = 60, 108
_MASKS = 3
# The size of the oldest header, whose palette has three bytes a colour.
_CORE_HEADER = 12
_MOST_PALETTE_BITS = 8
# "MBED": the file holds its own colour profile.
_EMBEDDED = 0x4D424544
_CALIBRATED = 0
# Values of the compression field.
_RUN_LENGTH = (1, 2)


class MisleadingBmp(BrokenRule):
    """Viewers differ on what the file shows."""


def decode(data: bytes, size: int, _images: int) -> Picture:
    refuse_pixels_in_header(data)
    with open_image(straighten(data), "BMP") as image:
        if image.info["compression"] in _RUN_LENGTH:
            # Some viewers draw black where its runs leave pixels out, others nothing.
            raise UnsupportedFormat("A run-length encoded (RLE) BMP is not accepted. Send the picture as a PNG.")
        refuse_hidden_alpha(data)
        refuse_empty_masks(data)
        PNG_OR_BMP.check(image.size)
        presentations = Presentations(renderings=renderings(colours(data)))
        if image.mode == "L":
            used = levels_used(data)
            image = image.point([level if level < used else 0 for level in range(256)])  # noqa: PLW2901
        picture = draw_still(image, size, presentations)
        if image.mode != "RGBA":
            return picture
        # Some viewers ignore alpha in a BMP, and show what is transparent in others.
        return Picture((*picture.views, *views(image.convert("RGB"), size, presentations)), picture.frames)


def straighten(data: bytes) -> bytes:
    """Returns `data` without its number of colours, if that would mislead Pillow.

    Pillow takes every picture with a palette of black and white for one of 1 bit a pixel, and reads one of
    4 or 8 bits as noise.
    """
    if int.from_bytes(data[_BITS], "little") not in (4, 8) or _field(data, _COLOURS_USED) != 2:  # noqa: PLR2004
        return data
    return data[: _HEADER + _COLOURS_USED] + bytes(4) + data[_HEADER + _COLOURS_USED + 4 :]


def refuse_hidden_alpha(data: bytes) -> None:
    """Raises MisleadingBmp if some viewers see an alpha channel that Pillow does not."""
    bits = int.from_bytes(data[_BITS], "little")
    seen_by_all = (bits, _field(data, _COMPRESSION)) == (32, _MASKS)
    if bits in (16, 32) and _field(data, _ALPHA_MASK) and not seen_by_all:
        raise MisleadingBmp("an alpha channel that only some viewers see")


def refuse_empty_masks(data: bytes) -> None:
    """Raises MisleadingBmp if masks leave out a colour: Pillow takes three such masks for the usual ones."""
    if _field(data, _COMPRESSION) == _MASKS and not all(struct.unpack_from("<3I", data, _HEADER + _COLOUR_MASKS)):
        raise MisleadingBmp("a colour without a mask")


def refuse_pixels_in_header(data: bytes) -> None:
    """Raises MisleadingBmp if the pixels begin before the header and the palette end: viewers differ on both."""
    (start,) = struct.unpack_from("<I", data, 10)
    (header,) = struct.unpack_from("<I", data, _HEADER)
    if start < _HEADER + header + _palette_bytes(data, header):
        raise MisleadingBmp("pixels that begin inside the header or the palette")


def _palette_bytes(data: bytes, header: int) -> int:
    if header == _CORE_HEADER:
        (bits,) = struct.unpack_from("<H", data, _HEADER + 10)
        return 3 << bits if bits <= _MOST_PALETTE_BITS else 0
    bits = int.from_bytes(data[_BITS], "little")
    if bits > _MOST_PALETTE_BITS:
        return 0
    return 4 * min(_field(data, _COLOURS_USED) or 1 << bits, 1 << bits)


def levels_used(data: bytes) -> int:
    """Returns how many colours the palette has. Viewers draw black for an index beyond it."""
    return _field(data, _COLOURS_USED) or 256


def colours(data: bytes) -> Iterator[Description]:
    """Yields what the file says about its colours. Raises MisleadingBmp."""
    (header,) = struct.unpack_from("<I", data, _HEADER)
    if _field(data, _KIND_OF_COLOURS) == _EMBEDDED:
        start = _HEADER + _field(data, _PROFILE)
        profile = data[start : start + _field(data, _PROFILE_BYTES)]
        if profile[16:20] == b"GRAY":
            # Firefox takes the three channels of one pixel for three grey pixels.
            raise MisleadingBmp("a grey profile")
        yield Icc(profile, alone=True)
    elif header >= _END_OF_CALIBRATION and _field(data, _KIND_OF_COLOURS) == _CALIBRATED:
        # Firefox alone draws by these. It takes X and Y of the primaries for their x and y, and D65 for white.
        *primaries, red, green, blue = struct.unpack_from("<9i3I", data, _HEADER + _PRIMARIES)
        places = [value / (1 << 30) for value in primaries]
        exponents = (red / 65_536, green / 65_536, blue / 65_536)
        if any(places):
            pairs = (places[0:2], places[3:5], places[6:8])
            yield Calibrated(Primaries(BT_709.white, *((x, y) for x, y in pairs)), exponents)


def _field(data: bytes, at: int) -> int:
    """Returns 32 bits of the header, or 0 if it ends before them, as the older and smaller kinds do."""
    (size,) = struct.unpack_from("<I", data, _HEADER)
    return int(struct.unpack_from("<I", data, _HEADER + at)[0]) if at + 4 <= size else 0
