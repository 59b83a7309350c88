"""Finds the nearest of many PDQ hashes without comparing with each of them.

A hash is 16 words of 16 bits. If two hashes differ in at most 31 bits, they differ in at most one bit of some word. So
for each of the 16 places there is a table of the hashes by the word that they have there, and a hash is compared with
those that have, in one of the places, its own word or one of the 16 that differ from it in one bit.

A list can be made so that too many hashes share words. Then it takes less time to compare with all of them in order.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderate.blocking.pdq import BYTES, MAX_DISTANCE

_MAGIC = b"PDQINDEX"
_HEADER = struct.Struct("<8sQ")
_PLACES, _WORDS = 16, 1 << 16
_STARTS = _WORDS + 1
_ENTRY_BYTES = 4
# Of 64 bits, which numpy compares at once.
_PARTS = 4
_PLACE = np.arange(_PLACES)[:, np.newaxis]
_NEAR = np.array([0, *(1 << bit for bit in range(16))], np.uint16)
# A hash that is found by a table takes as long to compare as so many in order.
_SLOWER = 16
# How many hashes are compared at once: what is calculated of them stays in the processor's cache.
_AT_ONCE = 1 << 14
_MOST = (1 << 32) - 1

Buffer = bytes | bytearray | memoryview


class InvalidIndex(ValueError):
    """The bytes are not an index as `build` makes it."""


@dataclass(frozen=True, slots=True)
class Match:
    """Says which hash of the list is nearest, counted from 0, and in how many bits it differs."""

    index: int
    distance: int


def build(hashes: NDArray[np.uint8]) -> bytes:
    """Returns an index of hashes, which are rows of 32 bytes. It has 96 bytes for each, and 4 MB besides.

    Raises ValueError.
    """
    if hashes.ndim != 2 or hashes.shape[1] != BYTES or hashes.dtype != np.uint8 or len(hashes) > _MOST:  # noqa: PLR2004
        raise ValueError(f"hashes must be an array of rows of {BYTES} bytes, not of {hashes.dtype} {hashes.shape}")
    words = np.ascontiguousarray(hashes).view("<u2")
    starts = np.zeros((_PLACES, _STARTS), "<u4")
    entries = np.empty((_PLACES, len(hashes)), "<u4")
    for place in range(_PLACES):
        column = words[:, place]
        starts[place, 1:] = np.bincount(column, minlength=_WORDS).cumsum()
        entries[place] = np.argsort(column, kind="stable")
    return b"".join([_HEADER.pack(_MAGIC, len(hashes)), hashes.tobytes(), starts.tobytes(), entries.tobytes()])


class PdqIndex:
    def __init__(self, buffer: Buffer) -> None:
        """Keeps the buffer and reads only what a search needs. Raises InvalidIndex.

        What it holds is not compared with what `build` would make of its hashes, which would take as long as building.
        """
        size = memoryview(buffer).nbytes
        if size < _HEADER.size:
            raise InvalidIndex("the index ends within its header")
        magic, count = _HEADER.unpack_from(buffer)
        starts_at = _HEADER.size + count * BYTES
        entries_at = starts_at + _PLACES * _STARTS * _ENTRY_BYTES
        if magic != _MAGIC or count > _MOST or size != entries_at + _PLACES * count * _ENTRY_BYTES:
            raise InvalidIndex("these bytes are not an index, or not the whole of one")
        self._hashes = np.frombuffer(buffer, "<u8", count * _PARTS, _HEADER.size).reshape(count, _PARTS)
        self._starts = np.frombuffer(buffer, "<u4", _PLACES * _STARTS, starts_at).reshape(_PLACES, _STARTS)
        self._entries = np.frombuffer(buffer, "<u4", _PLACES * count, entries_at)
        self._check()

    def _check(self) -> None:
        """Raises InvalidIndex if a search could be led beyond what there is."""
        if self._starts[:, 0].any() or (self._starts[:, -1] != len(self)).any():
            raise InvalidIndex("the tables of the index do not cover its hashes")
        if (self._starts[:, 1:] < self._starts[:, :-1]).any() or self._entries.max(initial=0) >= max(1, len(self)):
            raise InvalidIndex("the tables of the index lead beyond its hashes")

    def __len__(self) -> int:
        return len(self._hashes)

    def hashes(self) -> Iterator[bytes]:
        """Yields the hashes in the order in which `build` got them."""
        return map(bytes, self._hashes.view(np.uint8))

    def nearest(self, bits: bytes, max_distance: int = MAX_DISTANCE) -> Match | None:
        """Returns the nearest hash, and the first of several, or None if all differ in more than `max_distance` bits.

        max_distance: at most 31, beyond which the tables miss some. Raises ValueError.
        """
        if len(bits) != BYTES or not 0 <= max_distance <= MAX_DISTANCE:
            raise ValueError(f"a hash must have {BYTES} bytes, and max_distance must be from 0 to {MAX_DISTANCE}")
        entries = self._entries_near(np.frombuffer(bits, "<u2"))
        wanted = np.frombuffer(bits, "<u8")
        best = self._nearest_of_all(wanted) if entries is None else self._nearest_of(entries, wanted)
        return best if best and best.distance <= max_distance else None

    def _entries_near(self, words: NDArray[np.uint16]) -> NDArray[np.uint32] | None:
        """Returns the hashes that have a word near one of these in its place, or None if they are too many."""
        near = (words[:, np.newaxis] ^ _NEAR).astype(np.intp)
        starts = self._starts[_PLACE, near].astype(np.int64)
        lengths = (self._starts[_PLACE, near + 1] - starts).ravel()
        ends = lengths.cumsum()
        total = int(ends[-1])
        if total * _SLOWER > len(self):
            return None
        # Of each word, its entries stand in a row.
        rows = (starts + _PLACE * len(self)).ravel()
        entries: NDArray[np.uint32] = self._entries[np.repeat(rows + lengths - ends, lengths) + np.arange(total)]
        return entries

    def _nearest_of(self, entries: NDArray[np.uint32], wanted: NDArray[np.uint64]) -> Match | None:
        if not len(entries):
            return None
        distances = _distances(self._hashes[entries], np.tile(wanted, len(entries)))
        least = distances.min()
        return Match(int(entries[distances == least].min()), int(least))

    def _nearest_of_all(self, wanted: NDArray[np.uint64]) -> Match | None:
        best = None
        repeated = np.tile(wanted, min(len(self), _AT_ONCE))
        for start in range(0, len(self), _AT_ONCE):
            distances = _distances(self._hashes[start : start + _AT_ONCE], repeated)
            place = int(distances.argmin())
            if best is None or distances[place] < best.distance:
                best = Match(start + place, int(distances[place]))
        return best


def _distances(hashes: NDArray[np.uint64], repeated: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Returns in how many bits each hash differs from one that is repeated at least as often: numpy is slow in rows
    of four.
    """
    flat = hashes.ravel()
    counts = np.bitwise_count(flat ^ repeated[: len(flat)]).view(np.uint32)
    # Four bytes of at most 64, added up in pairs.
    pairs = (counts & 0x00FF00FF) + (counts >> 8 & 0x00FF00FF)
    distances: NDArray[np.uint32] = (pairs & 0xFFFF) + (pairs >> 16)
    return distances
