"""What Pillow misreads in a BMP, put right before it sees it."""

import struct

_SMALLEST_WITH_COLOURS = 40
_COLOURS_USED = slice(46, 50)
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
