"""Changes the coded pictures of HEIFs, and the parameters by which they are decoded."""

import struct
from random import Random

from tests.second_decoder.files import Heif

from moderate.images.boxes import Data, written


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
            part.content = b"".join(len(unit).to_bytes(4)[-size:] + unit for unit in parts_of(part.content))


def other_units(heif: Heif, random: Random) -> None:
    """Drops, repeats, swaps or shortens the parts of a stream."""
    part = random.choice([part for part in heif.shown if part.kind == b"hvc1"] or heif.shown)
    units = parts_of(part.content)
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
            units += parts_of(other.content)[-1:]
        part.content = b"".join(len(unit).to_bytes(4) + unit for unit in units)


def other_bits(heif: Heif, random: Random) -> None:
    part = random.choice([part for part in heif.shown if part.kind == b"hvc1"] or heif.shown)
    content = bytearray(part.content)
    if content:
        for _ in range(random.choice((1, 1, 4, 30))):
            at = random.randrange(min(len(content), random.choice((40, len(content)))))
            content[at] = random.choice((content[at] ^ 1 << random.randrange(8), random.randrange(256)))
        part.content = bytes(content)


def parts_of(stream: Data) -> list[bytes]:
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
