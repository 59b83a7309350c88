"""Changes which items HEIFs have, what is said about them, and how they refer to each other."""

import struct
from dataclasses import replace
from random import Random

from tests.helpers.heic import aperture, extent, mirror, turn
from tests.second_decoder.files import Heif, Part

from moderate.images.boxes import written

_ALPHAS = (
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0",
    b"urn:mpeg:hevc:2015:auxid:1\0",
    b"urn:mpeg:avc:2015:auxid:1\0",
    b"urn:mpeg:hevc:2015:auxid:1",
    b"urn:mpeg:hevc:2015:auxid:10\0",
    b"urn:mpeg:hevc:2015:auxid:2\0",
)
_WAYS = (b"thmb", b"auxl", b"dimg", b"prem", b"cdsc", b"base")


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
    heif.part(heif.primary).properties += [turn(random.randrange(4))] * 2


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
    for part in heif.shown[: random.randrange(4)]:
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


def exif(heif: Heif, random: Random) -> None:
    number = max(part.number for part in heif.parts) + 1
    tiff = b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0" + bytes([random.randrange(1, 9)]) + bytes(6)
    heif.parts.append(Part(number, b"Exif", bytes(4) + tiff, [], [(b"cdsc", [heif.primary])]))


def more_boxes(heif: Heif, random: Random) -> None:
    heif.after = random.choice([heif.write(), written(b"meta", bytes(4)), written(b"mini", b"\0" * 20), b"\0" * 40])
