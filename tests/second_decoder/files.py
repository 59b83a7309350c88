"""HEIFs as lists of items, which may say what no encoder would."""

import struct
from dataclasses import dataclass, field, replace
from itertools import pairwise

from moderate.images.boxes import Box, Items, boxes, inside_if_any, written

_AFTER_VERSION = 4


@dataclass
class Part:
    """An item."""

    number: int
    kind: bytes
    content: bytes
    properties: list[bytes] = field(default_factory=list)
    """Whole boxes."""
    references: list[tuple[bytes, list[int]]] = field(default_factory=list)
    flags: int = 0
    in_meta: bool = False
    pieces: int = 1
    more_places: list[bytes] = field(default_factory=list)
    """What a later entry says that the item holds."""
    more_properties: list[bytes] = field(default_factory=list)
    """Those of a later entry."""

    def of(self, kind: bytes) -> list[int]:
        return [place for place, each in enumerate(self.properties) if each[4:8] == kind]


@dataclass
class Heif:
    head: bytes
    primary: int
    parts: list[Part]
    after: bytes = b""
    before_primary: bytes = b""
    shares_properties: bool = True

    @classmethod
    def read(cls, data: bytes) -> "Heif":
        """Raises what reading damaged files does."""
        items = Items(data)
        meta = inside_if_any(data, b"meta")[_AFTER_VERSION:]
        ways = dict.fromkeys(kind for kind, _ in boxes(inside_if_any(meta, b"iref")[_AFTER_VERSION:]))
        properties = items.properties()
        parts = {
            number: Part(number, kind, items.content(number), [_whole(each) for each in properties.get(number, ())])
            for number, kind in items.kinds().items()
        }
        for way in ways:
            for owner, others in items.references(way):
                if owner in parts:
                    parts[owner].references.append((way, list(others)))
        head = next(_whole((kind, content)) for kind, content in boxes(data) if kind == b"ftyp")
        return cls(head, items.shown()[0], list(parts.values()))

    def part(self, number: int) -> Part:
        return next(part for part in self.parts if part.number == number)

    @property
    def shown(self) -> list[Part]:
        """The primary item, its tiles, and what belongs to them."""
        numbers = [self.primary]
        numbers += [other for way, others in self.part(self.primary).references if way == b"dimg" for other in others]
        known = {part.number: part for part in self.parts}
        found = [known[number] for number in dict.fromkeys(numbers) if number in known]
        beside = [
            part
            for part in self.parts
            if any(way == b"auxl" and {*others} & {*numbers} for way, others in part.references)
        ]
        return found + beside

    def write(self) -> bytes:
        known: list[bytes] = []
        uses: list[bytes] = []
        for part in self.parts:
            for properties in (part.properties, part.more_properties):
                if properties or properties is part.properties:
                    places = [_place(known, each, shared=self.shares_properties) for each in properties]
                    uses.append(
                        struct.pack(">IB", part.number, len(places))
                        + b"".join(struct.pack(">H", place) for place in places)
                    )
        in_meta = b"".join(part.content for part in self.parts if part.in_meta)
        references = b"".join(
            written(way, struct.pack(f">IH{len(others)}I", part.number, len(others), *others))
            for part in self.parts
            for way, others in part.references
        )
        infos = b"".join(
            written(b"infe", b"\3\0\0" + bytes([part.flags]), struct.pack(">IH", part.number, 0), part.kind, b"\0")
            for part in self.parts
        )

        def meta(start: int) -> bytes:
            places, in_meta_at = [], 0
            for part in self.parts:
                at = in_meta_at if part.in_meta else start
                places.append(_written_place(part, at, part.content))
                if part.in_meta:
                    in_meta_at += len(part.content)
                else:
                    start += len(part.content)
            for part in self.parts:
                for content in part.more_places:
                    places.append(_written_place(replace(part, in_meta=False), start, content))
                    start += len(content)
            return written(
                b"meta",
                bytes(4),
                written(b"hdlr", bytes(8), b"pict", bytes(13)),
                self.before_primary,
                written(b"pitm", b"\1\0\0\0", struct.pack(">I", self.primary)),
                written(b"iloc", b"\2\0\0\0\x44\0", struct.pack(">I", len(places)), *places),
                written(b"iinf", b"\1\0\0\0", struct.pack(">I", len(self.parts)), infos),
                written(b"iref", b"\1\0\0\0", references),
                written(
                    b"iprp",
                    written(b"ipco", *known),
                    written(b"ipma", b"\1\0\0\1", struct.pack(">I", len(uses)), *uses),
                ),
                written(b"idat", in_meta),
            )

        start = len(self.head) + len(meta(0)) + 8
        contents = [part.content for part in self.parts if not part.in_meta]
        contents += [content for part in self.parts for content in part.more_places]
        return self.head + meta(start) + written(b"mdat", *contents) + self.after


def _written_place(part: Part, start: int, content: bytes) -> bytes:
    step = -(-len(content) // part.pieces) or 1
    ends = [min(len(content), at) for at in range(0, step * part.pieces + 1, step)]
    extents = b"".join(struct.pack(">II", start + at, end - at) for at, end in pairwise(ends))
    return struct.pack(">IHHH", part.number, int(part.in_meta), 0, part.pieces) + extents


def _whole(box: Box) -> bytes:
    kind, content = box
    return written(kind, content)


def _place(known: list[bytes], each: bytes, *, shared: bool) -> int:
    if not (shared and each in known):
        known.append(each)
    return known.index(each) + 1 if shared else len(known)
