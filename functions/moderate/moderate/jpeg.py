"""What must be known of a JPEG before its pixels are touched."""

import re
from dataclasses import dataclass

# A marker inside entropy-coded data: not a stuffed 00, a restart (D0 to D7) or a fill byte.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)
_STANDALONE = frozenset({0x01, 0xD8})
_END = 0xD9
_START_OF_SCAN = 0xDA


@dataclass(frozen=True, slots=True)
class Scans:
    count: int
    first_components: int
    """Colour components in the first scan. Fewer than the picture has: it is held whole until all have come."""


def read_scans(data: bytes) -> Scans:
    """The scans of the first picture in `data`, found by walking its markers.

    Segments are skipped by their length, so bytes that merely look like a marker inside a profile or
    a thumbnail do not count. Stops where the structure ends: a decoder reads no further either.
    """
    components: list[int] = []
    position = 0
    while match := _MARKER.search(data, position):
        marker = match[1][0]
        position = match.end()
        if marker == _END:
            break
        if marker in _STANDALONE:
            continue
        if marker == _START_OF_SCAN:
            components.extend(data[position + 2 : position + 3])
        length = int.from_bytes(data[position : position + 2], "big")
        position += max(length, 2)
    return Scans(len(components), components[0] if components else 0)
