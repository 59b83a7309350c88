"""What Pillow does not make out about an animated WebP."""

from collections.abc import Iterator

from moderate.animation import display_time

_FLAGS = 20
_IS_ANIMATED = 0x02
_HAS_ALPHA = 0x10
_FIRST_CHUNK = 12
_DURATION = slice(12, 15)


def with_alpha(data: bytes) -> bytes:
    """`data`, owning up to transparency if it is animated.

    The canvas is transparent wherever no frame covers it, also if all frames are opaque and the file says so.
    """
    if data[12:16] != b"VP8X" or len(data) <= _FLAGS or not data[_FLAGS] & _IS_ANIMATED:
        return data
    return data[:_FLAGS] + bytes([data[_FLAGS] | _HAS_ALPHA]) + data[_FLAGS + 1 :]


def display_times(data: bytes) -> Iterator[float]:
    """How long each frame is shown: the decoder itself tells it only of a frame that it has decoded."""
    position = _FIRST_CHUNK
    while position + 8 <= len(data):
        kind = data[position : position + 4]
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        body = data[position + 8 : position + 8 + size]
        if kind == b"ANMF":
            yield display_time(int.from_bytes(body[_DURATION], "little"))
        position += 8 + size + size % 2
