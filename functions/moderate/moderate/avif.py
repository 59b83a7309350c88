"""How long each frame of an animated AVIF is shown."""

import struct
from collections.abc import Iterator
from itertools import repeat

from moderate.animation import display_time

_HEADER = 8
_LONG_SIZE = 1


def display_times(data: bytes) -> Iterator[float]:
    """Read from the first track: the decoder itself tells a frame's time only when it has decoded it.

    Raises ValueError, or what `struct` raises on too few bytes.
    """
    media = _inside(data, b"moov", b"trak", b"mdia")
    header = _inside(media, b"mdhd")
    (units_a_second,) = struct.unpack_from(">I", header, 20 if header[0] else 12)
    table = _inside(media, b"minf", b"stbl", b"stts")
    (entries,) = struct.unpack_from(">I", table, 4)
    runs = struct.iter_unpack(">II", table[8 : 8 + 8 * entries])
    for frames, units in runs:
        yield from repeat(display_time(1000 * units / units_a_second), frames)


def _inside(data: bytes, *path: bytes) -> bytes:
    """The content of the first box of each name, each inside the one before it."""
    for name in path:
        position = 0
        while data[position + 4 : position + _HEADER] != name:
            position += _size(data, position)
        data = data[position + _HEADER : position + _size(data, position)]
    return data


def _size(data: bytes, position: int) -> int:
    (size,) = struct.unpack_from(">I", data, position)
    if size == _LONG_SIZE:
        (size,) = struct.unpack_from(">Q", data, position + _HEADER)
    if size < _HEADER:
        raise ValueError("a box that ends before it begins")
    return int(size)
