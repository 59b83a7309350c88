"""Changes HEIFs so that they say what no encoder would, each in one way or in a few."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random

from tests.helpers.heic import aperture, extent, mirror, turn

from moderate.images.boxes import Box, Data, Items, boxes, inside_if_any, written

_AFTER_VERSION = 4
_EXTREMES = (0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_ALPHAS = (
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0",
    b"urn:mpeg:hevc:2015:auxid:1\0",
    b"urn:mpeg:avc:2015:auxid:1\0",
    b"urn:mpeg:hevc:2015:auxid:1",
    b"urn:mpeg:hevc:2015:auxid:10\0",
    b"urn:mpeg:hevc:2015:auxid:2\0",
)
_WAYS = (b"thmb", b"auxl", b"dimg", b"prem", b"cdsc", b"base")


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


Mutation = Callable[[Heif, Random], None]


def _insert(part: Part, new: bytes, random: Random) -> None:
    part.properties.insert(random.randrange(len(part.properties) + 1), new)


def turned(heif: Heif, random: Random) -> None:
    _insert(random.choice(heif.shown), random.choice([turn(random.randrange(4)), mirror(random.randrange(2))]), random)


def turned_primary(heif: Heif, random: Random) -> None:
    for _ in range(random.choice((1, 2, 3))):
        _insert(
            heif.part(heif.primary), random.choice([turn(random.randrange(4)), mirror(random.randrange(2))]), random
        )


def turned_twice_by_one_box(heif: Heif, random: Random) -> None:
    part = heif.part(heif.primary)
    part.properties += [turn(1), turn(1)]


def cropped(heif: Heif, random: Random) -> None:
    part = random.choice(heif.shown[:1] + heif.shown[-1:])
    places = part.of(b"ispe")
    if places:
        width, height = struct.unpack(">II", part.properties[places[0]][12:20])
        box = aperture(
            random.randint(1, width), random.randint(1, height), random.randint(-20, 20), random.randint(-20, 20)
        )
        (_insert if random.random() < 0.3 else lambda to, new, _: to.properties.append(new))(part, box, random)


def cropped_with_alpha(heif: Heif, random: Random) -> None:
    part = heif.part(heif.primary)
    width, height = struct.unpack(">II", part.properties[part.of(b"ispe")[0]][12:20])
    box = aperture(width // 2, height // 2, random.choice((-20, 0, 20)), random.choice((-20, 0, 20)))
    for each in heif.shown:
        if each is part or any(way == b"auxl" for way, _ in each.references):
            each.properties.append(box)


def without_property(heif: Heif, random: Random) -> None:
    part = random.choice(heif.shown)
    if part.properties:
        del part.properties[random.randrange(len(part.properties))]


def property_of_another(heif: Heif, random: Random) -> None:
    other = random.choice(heif.parts)
    if other.properties:
        _insert(random.choice(heif.shown), random.choice(other.properties), random)


def properties_in_another_order(heif: Heif, random: Random) -> None:
    for part in heif.shown:
        random.shuffle(part.properties)


def properties_listed_twice(heif: Heif, random: Random) -> None:
    part = random.choice(heif.shown[:1] + heif.shown)
    part.more_properties = random.choice([list(part.properties), [turn(random.randrange(4))], [_numbers(random)]])


def colours_by_number(heif: Heif, random: Random) -> None:
    for part in random.choice([heif.shown, heif.shown[:1], heif.shown[1:2], heif.shown[-1:]]):
        if random.random() < 0.5:
            part.properties = [each for each in part.properties if each[4:8] != b"colr"]
        _insert(part, _numbers(random), random)


def _numbers(random: Random) -> bytes:
    primaries, transfer = random.choice((1, 2, 9, 12)), random.choice((1, 2, 8, 13, 16, 18))
    matrix = random.choice((0, 1, 2, 5, 6, 9))
    return written(b"colr", b"nclx", struct.pack(">HHHB", primaries, transfer, matrix, random.choice((0, 0x80))))


def without_colours(heif: Heif, random: Random) -> None:
    for part in heif.shown:
        part.properties = [each for each in part.properties if each[4:8] != b"colr"]


def other_extent(heif: Heif, random: Random) -> None:
    part = random.choice(heif.shown)
    for place in part.of(b"ispe"):
        width, height = struct.unpack(">II", part.properties[place][12:20])
        part.properties[place] = extent(*random.choice([(height, width), (width - 1, height), (width * 2, height)]))


def other_grid(heif: Heif, random: Random) -> None:
    for part in heif.shown:
        if part.kind == b"grid":
            content = bytearray(part.content)
            how = random.randrange(3)
            if how == 0:
                content[2], content[3] = content[3], content[2]
            elif how == 1:
                at = random.randrange(len(content))
                content[at] = (content[at] + random.choice((-1, 1, 16))) & 0xFF
            part.content = bytes(content)
            part.references = [
                (way, random.sample(others, len(others)) if way == b"dimg" else others)
                for way, others in part.references
            ]
            if how == 2 and (tiles := next((others for way, others in part.references if way == b"dimg"), [])):
                tiles[random.randrange(len(tiles))] = random.choice(heif.parts).number


def one_tile_otherwise(heif: Heif, random: Random) -> None:
    tiles = [part for part in heif.shown[1:] if part.kind == b"hvc1"]
    if tiles:
        _insert(random.choice(tiles), random.choice([_numbers(random), turn(1), mirror(1), aperture(20, 20)]), random)


def into_grid(heif: Heif, random: Random) -> None:
    tile = heif.part(heif.primary)
    if tile.kind == b"hvc1" and tile.of(b"ispe"):
        number = max(part.number for part in heif.parts) + 1
        width, height = struct.unpack(">II", tile.properties[tile.of(b"ispe")[0]][12:20])
        columns, rows = random.choice(((1, 1), (2, 1), (2, 2), (3, 2)))
        size = (
            max(1, width * columns - random.choice((0, 0, 1, 7))),
            max(1, height * rows - random.choice((0, 0, 1, 7))),
        )
        content = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, *size)
        properties = [extent(*size), *(each for each in tile.properties if each[4:8] in (b"colr", b"irot", b"imir"))]
        tile.properties = [each for each in tile.properties if each[4:8] not in (b"irot", b"imir")]
        heif.parts.append(
            Part(number, b"grid", content, properties, [(b"dimg", [tile.number] * (columns * rows))], in_meta=True)
        )
        heif.primary = number


def with_alpha(heif: Heif, random: Random) -> None:
    colours, other = heif.part(heif.primary), random.choice(heif.parts)
    kind = random.choice(_ALPHAS)
    properties = [each for each in other.properties if each[4:8] in (b"ispe", b"hvcC")]
    properties += [written(b"auxC", bytes(4), kind)] * random.choice((1, 1, 1, 2))
    if random.random() < 0.3:
        properties.insert(random.randrange(len(properties) + 1), written(b"auxC", bytes(4), random.choice(_ALPHAS)))
    properties += [each for each in colours.properties if each[4:8] in (b"irot", b"imir", b"clap")]
    number = max(part.number for part in heif.parts) + 1
    references = [(b"auxl", [colours.number]), *(each for each in other.references if each[0] == b"dimg")]
    heif.parts.insert(
        random.choice((0, len(heif.parts))),
        Part(number, other.kind, other.content, properties, references, flags=random.randrange(2)),
    )


def other_alpha(heif: Heif, random: Random) -> None:
    for part in heif.parts:
        for place in part.of(b"auxC"):
            part.properties[place] = written(b"auxC", bytes(4), random.choice(_ALPHAS))


def other_primary(heif: Heif, random: Random) -> None:
    heif.primary = random.choice(heif.parts).number


def second_primary(heif: Heif, random: Random) -> None:
    heif.before_primary = written(b"pitm", bytes(4), struct.pack(">H", random.choice(heif.parts).number & 0xFFFF))


def other_reference(heif: Heif, random: Random) -> None:
    part = random.choice(heif.parts)
    part.references.append((random.choice(_WAYS), [random.choice(heif.parts).number]))


def without_reference(heif: Heif, random: Random) -> None:
    part = random.choice(heif.parts)
    if part.references:
        del part.references[random.randrange(len(part.references))]


def hidden(heif: Heif, random: Random) -> None:
    random.choice(heif.parts).flags ^= 1


def other_kind(heif: Heif, random: Random) -> None:
    random.choice(heif.parts).kind = random.choice((b"hvc1", b"grid", b"iden", b"hev1", b"lhv1", b"Exif", b"tmap"))


def identical_items(heif: Heif, random: Random) -> None:
    heif.parts.append(replace(random.choice(heif.shown), content=random.choice(heif.parts).content))


def otherwise_stored(heif: Heif, random: Random) -> None:
    heif.shares_properties = random.random() < 0.5
    for part in heif.parts:
        part.in_meta = random.random() < 0.5
        part.pieces = random.choice((1, 1, 2, 3))
    random.shuffle(heif.parts)


def in_two_places(heif: Heif, random: Random) -> None:
    part = random.choice(heif.shown)
    part.more_places.append(random.choice(heif.parts).content)


def swapped_contents(heif: Heif, random: Random) -> None:
    one, other = random.choice(heif.shown), random.choice(heif.parts)
    one.content, other.content = other.content, one.content


def other_configuration(heif: Heif, random: Random) -> None:
    """Changes bits of the parameters by which a picture is decoded."""
    part = random.choice([part for part in heif.shown if part.of(b"hvcC")] or heif.shown)
    for place in part.of(b"hvcC"):
        box = bytearray(part.properties[place])
        for _ in range(random.choice((1, 1, 2))):
            box[random.randrange(8, len(box))] ^= 1 << random.randrange(8)
        changed = bytes(box)
        if random.random() < 0.7:
            old = part.properties[place]
            for each in heif.parts:
                each.properties = [changed if one == old else one for one in each.properties]
        else:
            part.properties[place] = changed


def units_in_configuration(heif: Heif, random: Random) -> None:
    """Adds a part of a stream to the parameters, or gives one of them twice."""
    part = random.choice([part for part in heif.shown if part.of(b"hvcC")] or heif.shown)
    for place in part.of(b"hvcC"):
        box = part.properties[place][8:]
        unit = random.choice([each.content[4:] for each in heif.shown if each.kind == b"hvc1"] or [b"\x4e\1\0\0"])[
            :0xFFFF
        ]
        if random.random() < 0.4:
            unit = _units(box)[-1][:-1] + bytes([random.randrange(1, 255)])
        array = bytes([0x80 | unit[0] >> 1 & 0x3F]) + struct.pack(">HH", 1, len(unit)) + unit
        part.properties[place] = written(b"hvcC", box[:22], bytes([box[22] + 1]), *random.sample([array, box[23:]], 2))


def lengths_of_another_size(heif: Heif, random: Random) -> None:
    size = random.choice((1, 2))
    for part in heif.shown:
        for place in part.of(b"hvcC"):
            box = bytearray(part.properties[place])
            box[8 + 21] = box[8 + 21] & 0xFC | size - 1
            part.properties[place] = bytes(box)
        if part.kind == b"hvc1" and random.random() < 0.5:
            part.content = b"".join(len(unit).to_bytes(4)[-size:] + unit for unit in _parts_of(part.content))


def other_units(heif: Heif, random: Random) -> None:
    """Drops, repeats, swaps or shortens the parts of a stream."""
    part = random.choice([part for part in heif.shown if part.kind == b"hvc1"] or heif.shown)
    units = _parts_of(part.content)
    if units:
        at, how = random.randrange(len(units)), random.randrange(5)
        if how == 0:
            del units[at]
        elif how == 1:
            units.insert(random.randrange(len(units) + 1), units[at])
        elif how == 2:
            random.shuffle(units)
        elif how == 3:
            units[at] = units[at][: random.randrange(len(units[at]) + 1)]
        else:
            other = random.choice([each for each in heif.parts if each.kind == b"hvc1"] or [part])
            units += _parts_of(other.content)[-1:]
        part.content = b"".join(len(unit).to_bytes(4) + unit for unit in units)


def other_bits(heif: Heif, random: Random) -> None:
    part = random.choice([part for part in heif.shown if part.kind == b"hvc1"] or heif.shown)
    content = bytearray(part.content)
    if content:
        for _ in range(random.choice((1, 1, 4, 30))):
            at = random.randrange(min(len(content), random.choice((40, len(content)))))
            content[at] = random.choice((content[at] ^ 1 << random.randrange(8), random.randrange(256)))
        part.content = bytes(content)


def exif(heif: Heif, random: Random) -> None:
    number = max(part.number for part in heif.parts) + 1
    tiff = b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0" + bytes([random.randrange(1, 9)]) + bytes(6)
    heif.parts.append(Part(number, b"Exif", bytes(4) + tiff, [], [(b"cdsc", [heif.primary])]))


def more_boxes(heif: Heif, random: Random) -> None:
    heif.after = random.choice([heif.write(), written(b"meta", bytes(4)), written(b"mini", b"\0" * 20), b"\0" * 40])


STRUCTURAL: Sequence[Mutation] = (
    turned, turned_primary, turned_twice_by_one_box, cropped, cropped_with_alpha, without_property, property_of_another,
    properties_in_another_order, properties_listed_twice, colours_by_number, without_colours, other_extent, other_grid,
    one_tile_otherwise, into_grid, with_alpha, other_alpha, other_primary, second_primary, other_reference,
    without_reference, hidden, other_kind, identical_items, otherwise_stored, in_two_places, swapped_contents,
    units_in_configuration, lengths_of_another_size, exif, more_boxes,
)  # fmt: skip
OF_STREAMS: Sequence[Mutation] = (other_configuration, other_units, other_bits)


def mutant(data: bytes, random: Random) -> tuple[str, bytes]:
    """Returns what was changed, and the file. Raises what reading damaged files does."""
    heif = Heif.read(data)
    done = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        change = random.choice(STRUCTURAL if random.random() < 0.75 else OF_STREAMS)
        change(heif, random)
        done.append(change.__name__)
    found = bytearray(heif.write())
    how = random.random()
    if how < 0.05:
        del found[random.randrange(len(found)) :]
        done.append("cut")
    elif how < 0.15:
        at, length = random.randrange(min(len(found), 2000)), random.choice((1, 2, 4))
        found[at : at + length] = (random.choice(_EXTREMES) & 256**length - 1).to_bytes(length)
        done.append("bytes")
    return "+".join(done), bytes(found)


def _parts_of(stream: Data) -> list[bytes]:
    found, position = [], 0
    while position + 4 < len(stream):
        end = position + 4 + int.from_bytes(stream[position : position + 4])
        found.append(bytes(stream[position + 4 : end]))
        position = end
    return found


def _units(configuration: Data) -> list[bytes]:
    found, position = [], 23
    for _ in range(configuration[22]):
        count = int.from_bytes(configuration[position + 1 : position + 3])
        position += 3
        for _ in range(count):
            end = position + 2 + int.from_bytes(configuration[position : position + 2])
            found.append(bytes(configuration[position + 2 : end]))
            position = end
    return found
