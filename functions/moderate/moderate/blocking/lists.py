"""Answers whether an image is on the operator's lists, from the bytes of a list's file and without parsing them.

The file begins with a header: a signature, which names the version of the form, the CRC-32 of all that follows it, and
for each kind of entry their number and the bytes that they take. These sections follow, each at a multiple of 64 bytes:

    sha256, allow sha256    the hashes in order
    host                    where each name begins and the last ends, then the names in order
    pdq                     an index as pdq_index.build makes it
"""

import struct
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

import numpy as np

from moderate.blocking import pdq_index
from moderate.blocking.entries import MAX_ENTRIES, Entry, Kind
from moderate.blocking.hits import ListHit
from moderate.blocking.pdq import BYTES, MIN_QUALITY, PdqHash

MAX_FILE_BYTES = 256 * 1024 * 1024
"""A list of a million entries of each kind has 210 MB."""

_SIGNATURE = b"MODEST\x00\x01"
_START = struct.Struct("<8sQ")
_SECTIONS = struct.Struct(f"<{2 * len(Kind)}Q")
_ALIGNED = 64
_BLOCK = "block"

Buffer = bytes | bytearray | memoryview
Entries = Mapping[Kind, AbstractSet[bytes]]


class InvalidLists(ValueError):
    """The bytes are not a file as `pack` makes it, or not the whole of one."""


class TooManyEntries(ValueError):
    """There are more than MAX_ENTRIES of a kind."""


def pack(entries: Entries) -> bytes:
    """Returns the file of a list. Raises TooManyEntries."""
    for kind, values in entries.items():
        if len(values) > MAX_ENTRIES:
            raise TooManyEntries(f"A list may have {MAX_ENTRIES:,} entries of the kind {kind}, not {len(values):,}.")
    packed = [_pack_section(kind, sorted(entries.get(kind, ()))) for kind in Kind]
    counts = [len(entries.get(kind, ())) for kind in Kind]
    numbers = [number for pair in zip(counts, map(len, packed), strict=True) for number in pair]
    rest = b"".join([_fill(_SECTIONS.pack(*numbers), _START.size), *map(_fill, packed)])
    return _START.pack(_SIGNATURE, zlib.crc32(rest)) + rest


def _pack_section(kind: Kind, values: list[bytes]) -> bytes:
    match kind:
        case Kind.HOST:
            ends = np.cumsum([0, *map(len, values)], dtype="<u4")
            return ends.tobytes() + b"".join(values)
        case Kind.PDQ if values:
            return pdq_index.build(np.frombuffer(b"".join(values), np.uint8).reshape(-1, BYTES))
        case _:
            return b"".join(values)


def _fill(section: bytes, before: int = 0) -> bytes:
    return section + bytes(-(before + len(section)) % _ALIGNED)


class Lists:
    def __init__(self, file: Buffer | None = None) -> None:
        """Keeps the file, and reads of it what a question needs. file: None for lists without entries.

        Raises InvalidLists.
        """
        sections = _sections(memoryview(pack({}) if file is None else file))
        self._sha256 = _Hashes(*sections[Kind.SHA256])
        self._allowed = _Hashes(*sections[Kind.ALLOWED])
        self._hosts = _Hosts(*sections[Kind.HOST])
        self._pdq = _open_index(*sections[Kind.PDQ])
        self.counts: Mapping[str, int] = {kind.value: count for kind, (count, _) in sections.items()}

    @property
    def has_pdq(self) -> bool:
        """Whether `find_pictures` needs the PDQ hashes of pictures."""
        return self._pdq is not None

    def find_host(self, host: str) -> ListHit | None:
        """host: as urls.parse returns it. A listed domain has its subdomains listed, too."""
        labels = host.split(".")
        names = (".".join(labels[start:]).encode() for start in range(len(labels)))
        return ListHit(_BLOCK, "host", 0) if any(name in self._hosts for name in names) else None

    def find_file(self, digest: bytes) -> ListHit | None:
        """digest: the SHA-256 of the image's bytes."""
        return ListHit(_BLOCK, "sha256", 0) if digest in self._sha256 else None

    def find_pictures(self, hashes: Iterable[PdqHash], digest: bytes) -> ListHit | None:
        """Returns the nearest hit on one of an image's pictures, unless the image's file is allowed."""
        if self._pdq is None or digest in self._allowed:
            return None
        good = (each.bits for each in hashes if each.quality >= MIN_QUALITY)
        distances = [match.distance for bits in good if (match := self._pdq.nearest(bits)) is not None]
        return ListHit(_BLOCK, "pdq", min(distances)) if distances else None

    def __contains__(self, entry: Entry) -> bool:
        """Whether there is this entry or, for a host, one that has it as a subdomain."""
        match entry.kind:
            case Kind.SHA256:
                return entry.value in self._sha256
            case Kind.ALLOWED:
                return entry.value in self._allowed
            case Kind.PDQ:
                return self._pdq is not None and self._pdq.nearest(entry.value, 0) is not None
            case Kind.HOST:
                return self.find_host(entry.value.decode()) is not None

    def entries(self) -> Iterator[Entry]:
        """Yields all entries, kind by kind and in order."""
        found: dict[Kind, Iterable[bytes]] = {
            Kind.SHA256: self._sha256,
            Kind.PDQ: () if self._pdq is None else self._pdq.hashes(),
            Kind.HOST: self._hosts,
            Kind.ALLOWED: self._allowed,
        }
        return (Entry(kind, value) for kind in Kind for value in found[kind])


class _Sorted:
    """Values of a section in order, which are read from the file one by one."""

    def __init__(self, count: int) -> None:
        self._places = range(count)

    def at(self, place: int) -> bytes:
        raise NotImplementedError

    def __contains__(self, value: bytes) -> bool:
        place = bisect_left(self._places, value, key=self.at)
        return place < len(self._places) and self.at(place) == value

    def __iter__(self) -> Iterator[bytes]:
        return map(self.at, self._places)


class _Hashes(_Sorted):
    def __init__(self, count: int, section: memoryview) -> None:
        """Raises InvalidLists."""
        super().__init__(count)
        self._section = section
        if len(section) != count * BYTES:
            raise InvalidLists("A section of hashes does not have the length that its header says.")

    def at(self, place: int) -> bytes:
        return bytes(self._section[place * BYTES : (place + 1) * BYTES])


class _Hosts(_Sorted):
    def __init__(self, count: int, section: memoryview) -> None:
        """Raises InvalidLists."""
        super().__init__(count)
        try:
            self._ends = np.frombuffer(section, "<u4", count + 1)
        except (ValueError, OverflowError):
            raise InvalidLists("The section of hosts does not have the length that its header says.") from None
        self._names = section[self._ends.nbytes :]
        if self._ends[-1] != len(self._names):
            raise InvalidLists("The section of hosts does not have the length that its header says.")

    def at(self, place: int) -> bytes:
        return bytes(self._names[self._ends[place] : self._ends[place + 1]])


def _open_index(count: int, section: memoryview) -> pdq_index.PdqIndex | None:
    """Raises InvalidLists."""
    if not count and not len(section):
        return None
    try:
        index = pdq_index.PdqIndex(section)
    except pdq_index.InvalidIndex as error:
        raise InvalidLists(f"The section of PDQ hashes has {error}.") from None
    if len(index) != count:
        raise InvalidLists("The section of PDQ hashes does not have as many as its header says.")
    return index


def _sections(file: memoryview) -> dict[Kind, tuple[int, memoryview]]:
    """Returns the number of entries and the bytes of each section. Raises InvalidLists."""
    head = _START.size + _SECTIONS.size
    if len(file) < head or not bytes(file[:6]) == _SIGNATURE[:6]:
        raise InvalidLists("This is not a list that `modest lists` has written.")
    signature, checksum = _START.unpack_from(file)
    if signature != _SIGNATURE:
        raise InvalidLists("The list was written by another version of `modest lists`, in another form.")
    if zlib.crc32(file[_START.size :]) != checksum:
        raise InvalidLists("The list is damaged or not complete: its checksum is wrong.")
    numbers = iter(_SECTIONS.unpack_from(file, _START.size))
    sections, start = {}, _aligned(head)
    for kind, count, length in zip(Kind, numbers, numbers, strict=False):
        sections[kind] = (count, file[start : start + length])
        start = _aligned(start + length)
    if start != len(file):
        raise InvalidLists("The list does not have the length that its header says.")
    return sections


def _aligned(place: int) -> int:
    return place + -place % _ALIGNED
