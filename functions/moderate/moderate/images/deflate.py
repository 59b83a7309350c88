"""Counts what deflated data unpacks to, and corrects its checksum, without holding what is unpacked."""

import zlib
from collections.abc import Iterable, Iterator

_AT_ONCE = 1 << 20
_HEAD = 2
_WITHOUT_CHECKSUM = -zlib.MAX_WBITS


def unpacked_bytes(compressed: Iterable[bytes], most: int) -> int:
    """Returns how many bytes a zlib stream in parts unpacks to, or any number from `most` on. Raises zlib.error."""
    return sum(map(len, _unpacked(b"".join(compressed)[_HEAD:], zlib.decompressobj(_WITHOUT_CHECKSUM), most)))


def with_right_checksum(compressed: Iterable[bytes], most: int) -> bytes:
    """Returns a zlib stream in parts as one, with the checksum of what it unpacks to. Raises zlib.error.

    Nothing is corrected in one that unpacks to more than `most` bytes.
    """
    whole = b"".join(compressed)
    unpacker, checksum = zlib.decompressobj(_WITHOUT_CHECKSUM), 1
    for part in _unpacked(whole[_HEAD:], unpacker, most + 1):
        checksum = zlib.adler32(part, checksum)
    end = len(whole) - len(unpacker.unused_data)
    return whole[:end] + checksum.to_bytes(4) if unpacker.eof else whole


def _unpacked(rest: bytes, unpacker: "zlib._Decompress", most: int) -> Iterator[bytes]:
    """Yields what is unpacked, in parts, until there are `most` bytes."""
    found = 0
    while rest and found < most and not unpacker.eof:
        part = unpacker.decompress(rest, _AT_ONCE)
        yield part
        found, rest = found + len(part), unpacker.unconsumed_tail
