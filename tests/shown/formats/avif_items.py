"""What may be done to the items of an AVIF and their properties."""

import struct
from random import Random

from tests.shown.formats import exif, icc
from tests.shown.formats.avif_file import Avif, Box

_SOUND_HEADER = struct.pack(">6I8x4h9i8x", 3, 0, 0, 9, 0, 200, 0, 0, 256, 0, 65_536, 0, 0, 0, 65_536, 0, 0, 0, 1 << 30)


def profile(avif: Avif, random: Random) -> None:
    _add_profile(avif, random, icc.any_profile(random))


def numbered_profile(avif: Avif, random: Random) -> None:
    _add_profile(avif, random, icc.numbered(random))


def _add_profile(avif: Avif, random: Random, profile: bytes) -> None:
    body = random.choice([b"prof", b"prof", b"rICC"]) + profile
    if random.random() < 0.6:
        for box in avif.of(b"colr"):
            box.body = body
    else:
        add_property(avif, Box(b"colr", body), random, first=random.random() < 0.5)


def add_property(avif: Avif, box: Box, random: Random, *, first: bool = False) -> None:
    """Give the first item a further property, essential or not."""
    properties, uses = avif.of(b"ipco")[0], avif.of(b"ipma")[0]
    properties.inside.append(box)
    index = len(properties.inside) | random.choice([0, 0x80, 0x80, 0x80])
    count = uses.body[10]
    at = 11 if first else 11 + count
    uses.body = uses.body[:10] + bytes([count + 1]) + uses.body[11:at] + bytes([index]) + uses.body[at:]
    for entry in avif.of(b"av01"):
        if random.random() < 0.5:
            entry.inside.append(box)


def turned(avif: Avif, random: Random) -> None:
    for _ in range(random.choice([1, 1, 2])):
        kind = random.choice([b"irot", b"imir"])
        add_property(avif, Box(kind, bytes([random.randrange(4 if kind == b"irot" else 2)])), random)


def cropped(avif: Avif, random: Random) -> None:
    width, height = random.choice([16, 20, 33]), random.choice([16, 20, 33])
    numbers = (width, 1, height, 1, random.choice([0, 2, -3]), 1, 0, 1)
    add_property(avif, Box(b"clap", struct.pack(">IIIIiIiI", *numbers)), random)


def other_property(avif: Avif, random: Random) -> None:
    add_property(
        avif,
        random.choice(
            [
                Box(b"pasp", struct.pack(">II", random.choice([1, 2]), 1)),
                Box(b"clli", struct.pack(">HH", 1000, 400)),
                Box(b"a1op", b"\0"),
                Box(b"lsel", b"\0\0"),
                Box(b"a1lx", bytes(7)),
                Box(b"pixi", b"\0\0\0\0\x03\x0a\x0a\x0a"),
                Box(b"xxxx", b"1"),
                Box(b"ispe", struct.pack(">III", 0, 40, 40)),
            ]
        ),
        random,
    )


def orientation(avif: Avif, random: Random) -> None:
    """EXIF, which viewers should pass over in an AVIF."""
    block = exif.turning(random)
    pixels = avif.of(b"mdat")[0]
    at = avif.origin + len(pixels.body)
    body = bytes(4) + block
    pixels.body += body
    places, names = avif.of(b"iloc")[0], avif.of(b"iinf")[0]
    count = len(names.inside) + 1
    places.body = places.body[:6] + struct.pack(">H", count) + places.body[8:]
    places.body += struct.pack(">HHHII", count, 0, 1, at, len(body))
    names.body = names.body[:4] + struct.pack(">H", count)
    names.inside.append(Box(b"infe", b"\2\0\0\0" + struct.pack(">HH", count, 0) + b"Exif\0"))
    reference = Box(b"cdsc", struct.pack(">HHH", count, 1, 1))
    found = avif.of(b"iref")
    if found:
        found[0].inside.append(reference)
    else:
        avif.of(b"meta")[0].inside.insert(4, Box(b"iref", bytes(4), [reference]))


def premultiplied(avif: Avif, random: Random) -> None:
    """Say that colours are multiplied by their alpha, or that alpha is something else."""
    for box in avif.of(b"iref"):
        box.inside.append(Box(b"prem", struct.pack(">HHH", 1, 1, 2)))
    if random.random() < 0.3:
        for box in avif.of(b"auxC"):
            kind = random.choice([b"urn:mpeg:hevc:2015:auxid:1", b"urn:mpeg:hevc:2015:auxid:2", b"urn:x"])
            box.body = bytes(4) + kind + b"\0"


def grid(avif: Avif, random: Random) -> None:
    """A picture of one tile or of two alike, of which less may be shown."""
    (sizes, *_), (meta, *_) = avif.of(b"ispe"), avif.of(b"meta")
    width, height = struct.unpack_from(">II", sizes.body, 4)
    across = random.choice([1, 1, 2])
    shown = (across * width - random.choice([0, 0, 9]), height - random.choice([0, 0, 7]))
    places, names, uses = avif.of(b"iloc")[0], avif.of(b"iinf")[0], avif.of(b"ipma")[0]
    count = len(names.inside) + 1
    pixels = avif.of(b"mdat")[0]
    body = struct.pack(">BBBBHH", 0, 0, 0, across - 1, *(max(1, side) for side in shown))
    places.body += struct.pack(">HHHII", count, 0, 1, avif.origin + len(pixels.body), len(body))
    pixels.body += body
    names.inside.append(Box(b"infe", b"\2\0\0\0" + struct.pack(">HH", count, 0) + b"grid\0"))
    own = uses.body[11 : 11 + uses.body[10]]
    tiles = [1]
    if across > 1:
        tiles = [1, count + 1]
        places.body += struct.pack(">H", count + 1) + places.body[10:22]
        names.inside.append(Box(b"infe", b"\2\0\0\0" + struct.pack(">HH", count + 1, 0) + b"av01\0"))
    places.body = places.body[:6] + struct.pack(">H", len(names.inside)) + places.body[8:]
    names.body = names.body[:4] + struct.pack(">H", len(names.inside))
    properties = avif.of(b"ipco")[0].inside
    properties.append(Box(b"ispe", bytes(4) + struct.pack(">II", *shown)))
    number = len(properties)
    kept = bytes(use for use in own if properties[(use & 0x7F) - 1].kind in (b"pixi", b"colr"))
    uses.body += struct.pack(">HB", count, len(kept) + 1) + bytes([number]) + kept
    if across > 1:
        uses.body += struct.pack(">HB", count + 1, len(own)) + own
    uses.body = uses.body[:4] + struct.pack(">I", len(names.inside)) + uses.body[8:]
    reference = Box(b"dimg", struct.pack(">HH", count, len(tiles)) + b"".join(struct.pack(">H", at) for at in tiles))
    found = avif.of(b"iref")
    if found:
        found[0].inside.append(reference)
    else:
        meta.inside.insert(4, Box(b"iref", bytes(4), [reference]))
    avif.of(b"pitm")[0].body = bytes(4) + struct.pack(">H", count)


def lists_of_uses(avif: Avif, random: Random) -> None:
    """What is said of each item, or of some, is in a list of its own."""
    (described, *_), (uses, *_) = avif.of(b"iprp"), avif.of(b"ipma")
    entries, at = [], 8
    while at < len(uses.body):
        end = at + 3 + uses.body[at + 2]
        entries.append(uses.body[at:end])
        at = end
    cut = random.randint(0, len(entries))
    described.inside.remove(uses)
    for part in (entries[:cut], entries[cut:]):
        described.inside.append(Box(b"ipma", uses.body[:4] + struct.pack(">I", len(part)) + b"".join(part)))


def sound(avif: Avif, random: Random) -> None:
    """A track that no viewer of pictures plays."""
    for movie in avif.of(b"moov"):
        handler = Box(b"hdlr", bytes(8) + random.choice([b"soun", b"soun", b"soun", b"text"]) + bytes(13))
        entry = Box(b"mp4a", bytes(6) + struct.pack(">H8xHHI", 1, 2, 16, 0) + struct.pack(">I", 44_100 << 16))
        table = Box(
            b"stbl",
            b"",
            [
                Box(b"stsd", struct.pack(">II", 0, 1), [entry]),
                Box(b"stts", struct.pack(">IIII", 0, 1, 1, 8820)),
                Box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 1, 1)),
                Box(b"stsz", struct.pack(">III", 0, 4, 1)),
                Box(b"stco", struct.pack(">III", 0, 1, 40)),
            ],
        )
        media = [Box(b"mdhd", struct.pack(">IIIIII", 0, 0, 0, 44_100, 8820, 0)), handler, Box(b"minf", b"", [table])]
        place = random.choice([1, len(movie.inside)])
        movie.inside.insert(place, Box(b"trak", b"", [Box(b"tkhd", _SOUND_HEADER), Box(b"mdia", b"", media)]))
