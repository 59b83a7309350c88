"""How long each frame of an animated WebP is shown."""

from moderate.animation import display_time

_FIRST_CHUNK = 12
_DURATION = slice(12, 15)


def display_times(data: bytes) -> list[float]:
    """Found by walking the chunks: the decoder itself tells a frame's time only when it has decoded it."""
    times: list[float] = []
    position = _FIRST_CHUNK
    while position + 8 <= len(data):
        kind = data[position : position + 4]
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        body = data[position + 8 : position + 8 + size]
        if kind == b"ANMF":
            times.append(display_time(int.from_bytes(body[_DURATION], "little")))
        position += 8 + size + size % 2
    return times
