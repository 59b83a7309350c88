"""Counts what deflated data unpacks to, here and in Firefox, and corrects its checksum, without holding all of it."""

import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress

_AT_ONCE = 1 << 20
_HEAD = 2
# More than zlib looks ahead.
_LAST = 64
MOST_KEPT = 2048
"""More bytes than zlib makes of the last byte that it has taken: 258 for two bits, and for what began before."""
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


def handed_out(compressed: Iterable[bytes], step: int) -> int:
    """Returns how many bytes of a zlib stream libpng hands to Firefox, of which each row has `step`.

    It asks zlib for one row after another for as long as there is input, and zlib keeps what does not fit. So where
    nothing follows the pixels, not even a checksum, rows that are all there are not handed out; and where a checksum is
    wrong, the row with which it is found.
    """
    whole = b"".join(compressed)
    unpacker, rest, found = zlib.decompressobj(), whole[:-_LAST], 0
    with suppress(zlib.error):
        while rest and not unpacker.eof:
            found += len(unpacker.decompress(rest, _AT_ONCE))
            rest = unpacker.unconsumed_tail
        rest = whole[-_LAST:]
        while rest and not unpacker.eof:
            found += len(unpacker.decompress(rest, step - found % step))
            rest = unpacker.unconsumed_tail
    return found


def _unpacked(rest: bytes, unpacker: "zlib._Decompress", most: int) -> Iterator[bytes]:
    """Yields what is unpacked, in parts, until there are `most` bytes."""
    found = 0
    while rest and found < most and not unpacker.eof:
        part = unpacker.decompress(rest, _AT_ONCE)
        yield part
        found, rest = found + len(part), unpacker.unconsumed_tail
