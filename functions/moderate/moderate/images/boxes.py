"""Files made of boxes (ISO/IEC 14496-12), and the items in them that HEIF and AVIF have (ISO/IEC 23008-12)."""

import struct
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, islice

from moderate.images.limits import BrokenRule, counted

Data = bytes | memoryview
Box = tuple[bytes, Data]
"""A kind and a content."""

_HEADER, _LONG_HEADER = 8, 16
_LONG_SIZE = 1
# Of the file type box, as far as it is read.
_LONGEST_TYPE = 256
_AFTER_VERSION = 4
# Of the box of places: from this version on its numbers are wide.
_WIDE_NUMBERS = 2
_IN_FILE, _IN_META = 0, 1
_KIND_OF_TRACK = slice(8, 12)
_SOUND, _PICTURES = b"soun", b"av01"
_PICTURES_AND_ALPHA = 2
# Of one box. A grid of 4,096 tiles has fewer.
_MOST_NUMBERS = 50_000
# One for each way of writing the numbers.
_MOST_LISTS_OF_USES = 4


class DamagedBoxes(BrokenRule):
    """The file's boxes do not fit into each other."""


def boxes(data: Data) -> Iterator[Box]:
    """Raises BrokenRule and struct.error."""
    return counted(_boxes(data))


def _boxes(data: Data) -> Iterator[Box]:
    position = 0
    while position + _HEADER <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        start = position + _HEADER
        if size == _LONG_SIZE:
            (size,) = struct.unpack_from(">Q", data, start)
            start = position + _LONG_HEADER
        if not size:
            # The last one reaches to the end.
            size = len(data) - position
        if position + size < start:
            raise DamagedBoxes("a box that ends before it begins")
        yield kind, data[start : position + size]
        position += size


def written(kind: bytes, *content: Data) -> bytes:
    """Returns a box with this content."""
    body = b"".join(content)
    return struct.pack(">I4s", _HEADER + len(body), kind) + body


def brands_of(data: bytes) -> set[bytes]:
    """Returns what the file type box lists, as the major brand and among the compatible ones; nothing without it."""
    brands = data[8:12] + data[16 : min(int.from_bytes(data[:4]), _LONGEST_TYPE)]
    return {brands[at : at + 4] for at in range(0, len(brands), 4)} if data[4:8] == b"ftyp" else set()


def inside(data: Data, *path: bytes) -> Data:
    """Returns the content of the only box of each kind, each inside the one before it. Raises DamagedBoxes."""
    for kind in path:
        found = _only(data, kind)
        if found is None:
            raise DamagedBoxes(f"no box {kind.decode()}")
        data = found
    return data


def inside_if_any(data: Data, kind: bytes) -> Data:
    """Returns the content of the only box of a kind; nothing if there is none. Raises DamagedBoxes."""
    return _only(data, kind) or b""


def _only(data: Data, kind: bytes) -> Data | None:
    """Decoders refuse most kinds of boxes if there are two, and differ on the rest."""
    found = [content for name, content in boxes(data) if name == kind]
    if len(found) > 1:
        raise DamagedBoxes(f"two boxes {kind.decode()}")
    return found[0] if found else None


def tracks(data: Data) -> Sequence[Data]:
    """Returns those of the file's movie that are shown. Raises DamagedBoxes."""
    every = [content for kind, content in boxes(inside_if_any(data, b"moov")) if kind == b"trak"]
    # A file of sound alone is refused for its kind of track, as is one that calls pictures sound.
    found = [track for track in every if kind_of(track) != _SOUND or _PICTURES in bytes(track)] or every
    if len(found) > _PICTURES_AND_ALPHA:
        raise DamagedBoxes("other tracks than one of pictures and one of their alpha")
    return found


def kind_of(track: Data) -> bytes:
    """Returns what a track holds; nothing if it does not say. Raises DamagedBoxes."""
    return bytes(inside_if_any(inside_if_any(track, b"mdia"), b"hdlr")[_KIND_OF_TRACK])


def refer_by(kind: bytes, data: Data) -> bool:
    """Whether any item or track refers to another in this way. Raises DamagedBoxes."""
    items = inside_if_any(inside_if_any(data, b"meta")[_AFTER_VERSION:], b"iref")[_AFTER_VERSION:]
    lists = [items, *(inside_if_any(track, b"tref") for track in tracks(data))]
    return any(way == kind for way, _ in chain.from_iterable(map(boxes, lists)))


class Fields:
    """Reads numbers of a box from its start on. Raises DamagedBoxes behind the end, or if they are too many."""

    def __init__(self, box: Data) -> None:
        self._box = box
        self._left = _MOST_NUMBERS
        self.version = box[0] if box else 0
        self.flags = int.from_bytes(box[1:_AFTER_VERSION])
        self._position = _AFTER_VERSION

    def number(self, length: int) -> int:
        end = self._position + length
        if end > len(self._box):
            raise DamagedBoxes("a box with too little in it")
        # A number may have no bytes, and the file then says how many such there are.
        self._left -= 1
        if not self._left:
            raise DamagedBoxes("a box of too many numbers")
        value = int.from_bytes(self._box[self._position : end])
        self._position = end
        return value


class Items:
    """The items of a file: pictures, tiles of them, and what belongs to them. Raises DamagedBoxes and struct.error."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._meta = inside_if_any(data, b"meta")[_AFTER_VERSION:]

    def shown(self) -> Sequence[int]:
        """Returns the number of the picture that viewers show and of its first tile; none of a file of tracks alone."""
        if not self._meta:
            return ()
        fields = Fields(inside(self._meta, b"pitm"))
        primary = fields.number(4 if fields.version else 2)
        return (primary, *islice(self.referred(b"dimg", primary), 1))

    def referred(self, way: bytes, item: int) -> Iterator[int]:
        """Yields the items that this one refers to in this way."""
        return chain.from_iterable(numbers for owner, numbers in self.references(way) if owner == item)

    def references(self, way: bytes) -> Iterator[tuple[int, Sequence[int]]]:
        """Yields each item that refers to others in this way, with those."""
        held = inside_if_any(self._meta, b"iref")
        number = "I" if Fields(held).version else "H"
        for kind, content in boxes(held[_AFTER_VERSION:]):
            if kind == way:
                owner, count = struct.unpack_from(f">{number}H", content)
                yield owner, struct.unpack_from(f">{count}{number}", content, struct.calcsize(f">{number}H"))

    def kinds(self) -> Mapping[int, bytes]:
        """Returns the type of each item that is not protected, by its number."""
        held = inside(self._meta, b"iinf")
        found: dict[int, bytes] = {}
        for kind, content in boxes(held[_AFTER_VERSION + (4 if Fields(held).version else 2) :]):
            fields = Fields(content)
            if kind == b"infe" and fields.version >= _WIDE_NUMBERS:
                item = fields.number(2 if fields.version == _WIDE_NUMBERS else 4)
                if item in found:
                    raise DamagedBoxes("two items of one number")
                is_protected = fields.number(2)
                found[item] = b"" if is_protected else fields.number(4).to_bytes(4)
        return found

    def properties(self) -> Mapping[int, Sequence[Box]]:
        """Returns what is said about each item, by its number: each box once."""
        found: dict[int, list[Box]] = defaultdict(list)
        if not self._meta:
            return found
        known = list(boxes(inside(self._meta, b"iprp", b"ipco")))
        for item, index in dict.fromkeys((item, index) for item, places in self._uses for index in places):
            found[item] += known[index - 1 : index]
        return found

    def described_twice(self) -> frozenset[int]:
        """Returns the items whose properties are listed in two places, or of which one is listed twice."""
        lists = Counter(item for item, _ in self._uses)
        return frozenset(item for item, places in self._uses if lists[item] > 1 or len({*places}) < len(places))

    def content(self, item: int) -> bytes:
        """Returns what an item holds; nothing where it lies in another item."""
        method, parts = self._places.get(item, (_IN_FILE, []))
        if method not in (_IN_FILE, _IN_META):
            return b""
        whole = self._data if method == _IN_FILE else inside(self._meta, b"idat")
        slices = [whole[start : start + length if length else None] for start, length in parts]
        if sum(map(len, slices)) > len(whole):
            raise DamagedBoxes("an item that is larger than its file")
        return b"".join(slices)

    def is_open_ended(self, item: int) -> bool:
        """Whether the file does not say how long a part of an item is."""
        _, parts = self._places.get(item, (_IN_FILE, []))
        return any(not length for _, length in parts)

    @cached_property
    def _uses(self) -> Sequence[tuple[int, Sequence[int]]]:
        """Each item with the places of its properties, from 1 on, as often as it is listed."""
        described = inside(self._meta, b"iprp")
        lists = [Fields(content) for kind, content in boxes(described) if kind == b"ipma"]
        if len(lists) > _MOST_LISTS_OF_USES:
            raise DamagedBoxes("too many boxes ipma")
        return list(counted(chain.from_iterable(map(_associations, lists))))

    @cached_property
    def _places(self) -> Mapping[int, tuple[int, Sequence[tuple[int, int]]]]:
        """Where each item lies: in what, and its parts with their starts and lengths."""
        found: dict[int, tuple[int, Sequence[tuple[int, int]]]] = {}
        fields = Fields(inside(self._meta, b"iloc"))
        sizes = fields.number(2)
        offset_size, length_size, base_size, index_size = (sizes >> shift & 0xF for shift in (12, 8, 4, 0))
        wide = 4 if fields.version >= _WIDE_NUMBERS else 2
        for _ in range(fields.number(wide)):
            owner = fields.number(wide)
            method = fields.number(2) & 0xF if fields.version else _IN_FILE
            fields.number(2)
            base = fields.number(base_size)
            parts = []
            for _ in range(fields.number(2)):
                fields.number(index_size if fields.version else 0)
                parts.append((base + fields.number(offset_size), fields.number(length_size)))
            if owner in found:
                raise DamagedBoxes("an item in two places")
            found[owner] = method, parts
        return found


def _associations(fields: Fields) -> Iterator[tuple[int, Sequence[int]]]:
    wide = fields.flags & 1
    for _ in range(fields.number(4)):
        item = fields.number(4 if fields.version else 2)
        count = fields.number(1)
        places = [fields.number(2 if wide else 1) & (0x7FFF if wide else 0x7F) for _ in range(count)]
        yield item, [place for place in places if place]
