"""What Pillow misreads or passes over in a BMP."""

import struct

_HEADER = 14
_SMALLEST_WITH_COLOURS = 40
_SMALLEST_WITH_PROFILE = 124
_SMALLEST_WITH_ALPHA = 56
_COLOURS_USED = slice(46, 50)
_MASKS = 3
# "MBED", of the field that names what the colours are.
_EMBEDDED = 0x4D424544
RUN_LENGTH = (1, 2)
"""Values of the compression field that mean run-length coding."""


class MisleadingBmp(ValueError):
    """Viewers differ on what the file shows."""


def straighten(data: bytes) -> bytes:
    """`data`, without its number of colours where that would mislead.

    Pillow takes every picture with a palette of black and white for one of 1 bit a pixel. It reads one of
    4 or 8 bits as noise.
    """
    header, bits = int.from_bytes(data[14:18], "little"), int.from_bytes(data[28:30], "little")
    if header < _SMALLEST_WITH_COLOURS or bits not in (4, 8) or data[_COLOURS_USED] != struct.pack("<I", 2):
        return data
    return data[: _COLOURS_USED.start] + bytes(4) + data[_COLOURS_USED.stop :]


def refuse_hidden_alpha(data: bytes) -> None:
    """Raises MisleadingBmp where some viewers see an alpha channel that Pillow does not."""
    (size,) = struct.unpack_from("<I", data, _HEADER)
    bits, compression = struct.unpack_from("<HI", data, _HEADER + 14)
    if size >= _SMALLEST_WITH_ALPHA and bits in (16, 32) and (bits, compression) != (32, _MASKS):
        (mask,) = struct.unpack_from("<I", data, _HEADER + 52)
        if mask:
            raise MisleadingBmp


def levels_used(data: bytes) -> int:
    """How many colours the palette has: what points beyond it is black."""
    (used,) = struct.unpack_from("<I", data, _COLOURS_USED.start)
    return int(used) or 256


def profile(data: bytes) -> bytes:
    """The colour profile (ICC) that the file holds; empty if there is none."""
    size, colours = struct.unpack_from("<I52xI", data, _HEADER)
    if size < _SMALLEST_WITH_PROFILE or colours != _EMBEDDED:
        return b""
    start, length = struct.unpack_from("<II", data, _HEADER + 112)
    return data[_HEADER + start :][:length]
