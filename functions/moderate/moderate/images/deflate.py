"""Counts what deflated data unpacks to, without holding it."""

import zlib
from collections.abc import Iterable

_AT_ONCE = 1 << 20


def unpacked_bytes(compressed: Iterable[bytes], most: int) -> int:
    """Returns how many bytes a zlib stream in parts unpacks to, or any number from `most` on. Raises zlib.error."""
    unpacker, found = zlib.decompressobj(), 0
    for part in compressed:
        rest = part
        while rest and found < most:
            found += len(unpacker.decompress(rest, _AT_ONCE))
            rest = unpacker.unconsumed_tail
    return found
