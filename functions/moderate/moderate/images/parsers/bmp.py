"""What Pillow misreads or passes over in a BMP."""

import struct

_HEADER = 14
_BITS = slice(28, 30)
# In bytes from the header's start.
_COMPRESSION, _COLOURS_USED, _ALPHA_MASK, _KIND_OF_COLOURS, _PROFILE, _PROFILE_BYTES = 16, 32, 52, 56, 112, 116
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
    if int.from_bytes(data[_BITS], "little") not in (4, 8) or _field(data, _COLOURS_USED) != 2:  # noqa: PLR2004
        return data
    return data[: _HEADER + _COLOURS_USED] + bytes(4) + data[_HEADER + _COLOURS_USED + 4 :]


def refuse_hidden_alpha(data: bytes) -> None:
    """Raises MisleadingBmp where some viewers see an alpha channel that Pillow does not."""
    bits = int.from_bytes(data[_BITS], "little")
    seen_by_all = (bits, _field(data, _COMPRESSION)) == (32, _MASKS)
    if bits in (16, 32) and _field(data, _ALPHA_MASK) and not seen_by_all:
        raise MisleadingBmp


def levels_used(data: bytes) -> int:
    """How many colours the palette has: what points beyond it is black."""
    return _field(data, _COLOURS_USED) or 256


def profile(data: bytes) -> bytes:
    """The colour profile (ICC) that the file holds; empty if there is none."""
    if _field(data, _KIND_OF_COLOURS) != _EMBEDDED:
        return b""
    start = _HEADER + _field(data, _PROFILE)
    return data[start : start + _field(data, _PROFILE_BYTES)]


def _field(data: bytes, at: int) -> int:
    """32 bits of the header; 0 where it ends before them, as the older and smaller kinds do."""
    (size,) = struct.unpack_from("<I", data, _HEADER)
    return int(struct.unpack_from("<I", data, _HEADER + at)[0]) if at + 4 <= size else 0
