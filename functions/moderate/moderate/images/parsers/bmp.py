"""Decodes BMP, as browsers read it: Pillow misreads some palettes, and knows few masks and no alpha."""

import struct
from collections.abc import Iterator

from PIL import Image

from moderate.images.bmp_pixels import Rows
from moderate.images.colours.descriptions import Calibrated, Description
from moderate.images.colours.icc import Icc
from moderate.images.colours.renderings import renderings
from moderate.images.colours.spaces import BT_709, Primaries
from moderate.images.decoded import Picture
from moderate.images.limits import PNG_OR_BMP, BreaksOff, BrokenRule, UnsupportedFormat
from moderate.images.pictures import draw_still, still
from moderate.images.views import Presentations, views

_HEADER = 14
# The sizes of the oldest header, of the usual one, and of the first that has room for a mask of alpha.
_CORE_HEADER, _INFO_HEADER, _ALPHA_HEADER = 12, 40, 56
_HEADERS = (_CORE_HEADER, _INFO_HEADER, 52, _ALPHA_HEADER, 64, 108, 124)
# Offsets in bytes from the start of the header.
_COMPRESSION, _COLOURS_USED, _COLOUR_MASKS, _ALPHA_MASK = 16, 32, 40, 52
_KIND_OF_COLOURS, _PROFILE, _PROFILE_BYTES = 56, 112, 116
_PRIMARIES, _END_OF_CALIBRATION = 60, 108
_PALETTE_BITS, _BYTES_BITS = (1, 2, 4, 8), 24
_USUAL_MASKS = {16: (0x7C00, 0x3E0, 0x1F), 32: (0xFF0000, 0xFF00, 0xFF)}
_MASKED_BITS, _USUAL_ALPHA = 32, 0xFF000000
# What the bytes of a pixel and its channels take beside the picture that is made of them.
_BYTES_BY_MASKS = 8
# "MBED": the file holds its own colour profile.
_EMBEDDED = 0x4D424544
_CALIBRATED = 0
# Values of the compression field.
_NONE, _RUN_LENGTH, _WITH_ALPHA = 0, (1, 2), 6
# How many bytes of masks stand behind the usual header, which has no room for them.
_MASKS = {3: 12, _WITH_ALPHA: 16}


class MisleadingBmp(BrokenRule):
    """Viewers differ on what the file shows, or do not show it."""


def decode(data: bytes, size: int, _images: int) -> Picture:
    if _field(data, _COMPRESSION) in _RUN_LENGTH:
        # Some viewers draw black where its runs leave pixels out, others nothing.
        raise UnsupportedFormat("A run-length encoded (RLE) BMP is not accepted. Send the picture as a PNG.")
    presentations = Presentations(renderings=renderings(colours(data)))
    image = _read(data)
    picture = draw_still(image, size, presentations)
    if image.mode != "RGBA":
        return picture
    # Some viewers ignore alpha in a BMP, or some of it, and show what is transparent in others.
    return still((*picture.views, *views([(image.convert("RGB"), presentations)], size)))


def _read(data: bytes) -> Image.Image:
    """Raises MisleadingBmp, BreaksOff and TooManyPixels."""
    start = _pixels(data)
    (header,) = struct.unpack_from("<I", data, _HEADER)
    compression = _field(data, _COMPRESSION)
    palette = _HEADER + header + (_MASKS.get(compression, 0) if header == _INFO_HEADER else 0)
    # They may begin inside the palette.
    if start < palette:
        raise MisleadingBmp("pixels that begin inside the header")
    width, height, bits = struct.unpack_from("<HH2xH" if header == _CORE_HEADER else "<ii2xH", data, _HEADER + 4)
    more_bytes = _BYTES_BY_MASKS * width * abs(height) if bits in _USUAL_MASKS else 0
    PNG_OR_BMP.check((width, abs(height)), more_bytes=more_bytes)
    rows = Rows((width, abs(height)), bits, height > 0, data[start:])
    if compression == _NONE and bits in _PALETTE_BITS:
        return rows.by_palette(_palette(data, palette, bits))
    if compression == _NONE and bits == _BYTES_BITS:
        return rows.by_bytes()
    if bits not in _USUAL_MASKS or header not in _HEADERS or compression not in (_NONE, *_MASKS):
        raise MisleadingBmp("an unknown way to store pixels")
    stated = struct.unpack_from("<3I", data, _HEADER + _COLOUR_MASKS) if compression else _USUAL_MASKS[bits]
    has_alpha = header >= _ALPHA_HEADER or (header == _INFO_HEADER and compression == _WITH_ALPHA)
    (alpha,) = struct.unpack_from("<I", data, _HEADER + _ALPHA_MASK) if has_alpha else (0,)
    if any(mask & mask + (mask & -mask) for mask in (*stated, alpha)):
        raise MisleadingBmp("a mask with gaps")
    if compression == _NONE and bits == _MASKED_BITS and alpha not in (0, _USUAL_ALPHA):
        # Chromium takes the usual one, and Firefox none.
        raise MisleadingBmp("a mask of alpha where the usual masks count")
    return rows.by_masks(stated, alpha)


def _pixels(data: bytes) -> int:
    """Returns where the pixels begin."""
    return int(struct.unpack_from("<I", data, 10)[0])


def _palette(data: bytes, start: int, bits: int) -> bytes:
    """Returns red, green and blue of each colour. Raises BreaksOff."""
    (header,) = struct.unpack_from("<I", data, _HEADER)
    step = 3 if header == _CORE_HEADER else 4
    count = min(_field(data, _COLOURS_USED) or 1 << bits, 1 << bits)
    entries = data[start : start + step * count]
    if len(entries) < step * count:
        raise BreaksOff("colours are missing")
    return b"".join(entries[at : at + 3][::-1] for at in range(0, len(entries), step))


def colours(data: bytes) -> Iterator[Description]:
    """Yields what the file says about its colours. Raises MisleadingBmp."""
    (header,) = struct.unpack_from("<I", data, _HEADER)
    if _field(data, _KIND_OF_COLOURS) == _EMBEDDED:
        start = _HEADER + _field(data, _PROFILE)
        profile = data[start : start + _field(data, _PROFILE_BYTES)]
        if profile[16:20] in (b"GRAY", b"CMYK"):
            # Firefox takes the three channels of one pixel for three grey pixels, and Chromium alpha for an ink.
            raise MisleadingBmp("a profile of greys or inks")
        # Firefox looks for it behind the pixels, and passes it over elsewhere.
        yield Icc(profile, alone=start >= _pixels(data))
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
