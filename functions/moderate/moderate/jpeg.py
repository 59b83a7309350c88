"""What must be known of a JPEG before its pixels are touched."""

import re

# A marker inside entropy-coded data: not a stuffed 00, a restart (D0 to D7) or a fill byte.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)
_STANDALONE = frozenset({0x01, 0xD8})
_END = 0xD9
_START_OF_SCAN = 0xDA


def count_scans(data: bytes) -> int:
    """How many scans the first picture in `data` holds, found by walking its markers.

    Segments are skipped by their length, so bytes that merely look like a marker inside a profile or
    a thumbnail do not count. Stops where the structure ends: a decoder reads no further either.
    """
    scans = 0
    position = 0
    while match := _MARKER.search(data, position):
        marker = match[1][0]
        position = match.end()
        if marker == _END:
            break
        if marker in _STANDALONE:
            continue
        if marker == _START_OF_SCAN:
            scans += 1
        length = int.from_bytes(data[position : position + 2], "big")
        position += max(length, 2)
    return scans
