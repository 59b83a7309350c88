"""What Pillow misreads or passes over in a BMP."""

import struct

_HEADER = 14
_SMALLEST_WITH_COLOURS = 40
_SMALLEST_WITH_PROFILE = 124
_COLOURS_USED = slice(46, 50)
_MOST_AROUND = 64 * 1024
# "MBED", of the field that names what the colours are.
_EMBEDDED = 0x4D424544
RUN_LENGTH = (1, 2)
"""Values of the compression field that mean run-length coding."""


def straighten(data: bytes) -> bytes:
    """`data`, without its number of colours where that would mislead.

    Pillow takes every picture with a palette of black and white for one of 1 bit a pixel. It reads one of
    4 or 8 bits as noise.
    """
    header, bits = int.from_bytes(data[14:18], "little"), int.from_bytes(data[28:30], "little")
    if header < _SMALLEST_WITH_COLOURS or bits not in (4, 8) or data[_COLOURS_USED] != struct.pack("<I", 2):
        return data
    return data[: _COLOURS_USED.start] + bytes(4) + data[_COLOURS_USED.stop :]


def most_bytes(size: tuple[int, int]) -> int:
    """Of a run-length coded picture: two for each pixel and for the end of each row, and whatever is around.

    Pillow reads every run, however long all pixels have been there.
    """
    width, height = size
    return 2 * (width + 1) * height + _MOST_AROUND


def profile(data: bytes) -> bytes:
    """The colour profile (ICC) that the file holds; empty if there is none."""
    size, colours = struct.unpack_from("<I52xI", data, _HEADER)
    if size < _SMALLEST_WITH_PROFILE or colours != _EMBEDDED:
        return b""
    start, length = struct.unpack_from("<II", data, _HEADER + 112)
    return data[_HEADER + start :][:length]
