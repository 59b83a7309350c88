"""AVIF files: their boxes, their properties and their colours."""

import struct
from collections.abc import Iterable
from random import Random

import numpy as np
from PIL import Image
from tests.helpers.support import encoded
from tests.shown import exif, icc
from tests.shown.avif_boxes import Avif, Box, parsed
from tests.shown.drafts import ANYWHERE, Kind, Mutation, alpha, picture, seen_on_grey

# A temporal delimiter, and the start of a sequence header.
_HEADER_BEGINS = b"\x12\0\x0a"


def draft(random: Random, side: int) -> Avif:
    image = picture(random, side)
    mode = random.choice(["RGB", "RGB", "RGBA", "L"])
    options = {
        "quality": random.choice([50, 80, 95]),
        "speed": 10,
        "subsampling": random.choice(["4:2:0", "4:4:4", "4:2:2", "4:0:0"]),
        "range": random.choice(["full", "full", "limited"]),
    }
    if random.random() < 0.3:
        image = image.resize([min(64, side) for side in image.size])
        count = random.choice([2, 3, 5])
        others = [_in_mode(random, picture(random, side).resize(image.size), mode) for _ in range(count - 1)]
        delays = [random.choice([10, 50, 100, 1000]) for _ in range(count)]
        return parsed(
            encoded(
                _in_mode(random, image, mode),
                "AVIF",
                save_all=True,
                append_images=others,
                duration=delays,
                **options,
            )
        )
    return parsed(encoded(_in_mode(random, image, mode), "AVIF", **options))


def _in_mode(random: Random, image: Image.Image, mode: str) -> Image.Image:
    if mode != "RGBA":
        return image.convert(mode)
    levels = np.asarray(image)
    colours, opaque = seen_on_grey(random, levels) if random.random() < 0.4 else (levels, alpha(random, levels.shape[:2]))
    return Image.fromarray(np.dstack([colours, opaque]))


def number_colours(avif: Avif, random: Random) -> None:
    for box in avif.of(b"colr"):
        box.body = b"nclx" + struct.pack(
            ">HHHB",
            random.choice(icc.PRIMARIES),
            random.choice(icc.TRANSFERS),
            random.choice([0, 1, 2, 5, 6, 6, 6, 9, 12]),
            random.choice([0x80, 0x80, 0]),
        )


def without_colours(avif: Avif, random: Random) -> None:
    for box in avif.of(b"colr"):
        box.kind = b"free"
    if random.random() < 0.7:
        stream_colours(avif, random)


def stream_colours(avif: Avif, random: Random) -> None:
    """Name other colours in the AV1 sequence header, which counts where no box names any."""
    named = _bits((1, 13))
    for pixels in avif.of(b"mdat"):
        at = -1
        while (at := pixels.body.find(_HEADER_BEGINS, at + 1)) >= 0:
            start = at + len(_HEADER_BEGINS) + 1
            end = start + pixels.body[start - 1]
            bits = _bits(pixels.body[start:end])
            place = bits.find(named)
            if place >= 0:
                matrix = random.choice([1, 2, 5, 6, 6, 6, 9])
                other = _bits((random.choice(icc.PRIMARIES), random.choice(icc.TRANSFERS), matrix))
                bits = bits[:place] + other + bits[place + len(other) :]
                header = bytes(int(bits[bit : bit + 8], 2) for bit in range(0, len(bits), 8))
                pixels.body = pixels.body[:start] + header + pixels.body[end:]


def _bits(data: Iterable[int]) -> str:
    return "".join(f"{byte:08b}" for byte in data)


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


def size(avif: Avif, random: Random) -> None:
    for box in avif.of(b"ispe")[:1]:
        width, height = struct.unpack_from(">II", box.body, 4)
        sides = (max(1, side + random.choice([-8, -1, 0, 1, 16])) for side in (width, height))
        box.body = box.body[:4] + struct.pack(">II", *sides)


def references(avif: Avif, random: Random) -> None:
    for box in avif.of(b"auxl", b"cdsc"):
        box.kind = random.choice([b"auxl", b"prem", b"dimg", b"thmb", b"cdsc"])
    for box in avif.of(b"pitm"):
        box.body = box.body[:4] + struct.pack(">H", random.choice([1, 1, 2, 3]))


def associations(avif: Avif, random: Random) -> None:
    uses = avif.of(b"ipma")[0]
    body = bytearray(uses.body)
    at = random.randrange(11, len(body))
    body[at] = random.choice([body[at] ^ 0x80, random.randint(1, 8)])
    uses.body = bytes(body)


def configuration(avif: Avif, random: Random) -> None:
    for box in avif.of(b"av1C")[:1]:
        body = bytearray(box.body)
        body[random.choice([1, 2])] ^= 1 << random.randrange(8)
        box.body = bytes(body)


def brands(avif: Avif, random: Random) -> None:
    box = avif.of(b"ftyp")[0]
    major = random.choice([b"avif", b"avis", b"mif1", b"msf1", b"MA1A", b"isom"])
    others = random.sample([b"avif", b"avis", b"mif1", b"miaf", b"MA1B", b"msf1"], random.randint(1, 4))
    box.body = major + bytes(4) + b"".join(others)


def drop(avif: Avif, random: Random) -> None:
    boxes = avif.of(b"pixi", b"auxC", b"colr", b"hdlr", b"iref", b"elst", b"stss", b"tref", b"av1C", b"ispe")
    random.choice(boxes).kind = b"free"


def order(avif: Avif, random: Random) -> None:
    if random.random() < 0.5:
        box = avif.top.inside.pop(random.randrange(len(avif.top.inside)))
        avif.top.inside.insert(random.randint(0, len(avif.top.inside)), box)
    else:
        random.shuffle(avif.of(b"meta")[0].inside)


def duplicate(avif: Avif, random: Random) -> None:
    box = random.choice([random.choice(avif.top.inside), *avif.of(b"meta", b"trak", b"moov")])
    avif.top.inside.append(box)


def box_sizes(avif: Avif, random: Random) -> None:
    box = random.choice(avif.top.inside)
    box.size = random.choice([0, 1, len(box.written()) + random.choice([-1, 1, 8, 1000])])


def times(avif: Avif, random: Random) -> None:
    for box in avif.of(b"stts"):
        box.body = bytes(4) + struct.pack(">III", 1, random.choice([1, 2, 3, 5, 9]), random.choice([0, 1, 10, 100]))
    for box in avif.of(b"elst")[:1]:
        box.body = box.body[:4] + struct.pack(">I", random.choice([0, 1, 2])) + box.body[8:]


def handlers(avif: Avif, random: Random) -> None:
    for box in avif.of(b"hdlr")[1:]:
        if random.random() < 0.6:
            box.body = box.body[:8] + random.choice([b"pict", b"auxv", b"vide", b"soun"]) + box.body[12:]


KIND = Kind(
    "AVIF",
    "avif",
    draft,
    (
        *ANYWHERE,
        Mutation("colours by number", number_colours, "colour description"),
        Mutation("without colour box", without_colours, "colour description"),
        Mutation("colours in the stream", stream_colours, "colour description"),
        Mutation("profile", profile, "colour description"),
        Mutation("cicp tag", numbered_profile, "colour description"),
        Mutation("turned", turned),
        Mutation("cropped", cropped),
        Mutation("other property", other_property),
        Mutation("orientation", orientation, "orientation"),
        Mutation("premultiplied", premultiplied, "grey page"),
        Mutation("grid", grid),
        Mutation("size", size),
        Mutation("references", references),
        Mutation("associations", associations),
        Mutation("configuration", configuration),
        Mutation("brands", brands),
        Mutation("dropped box", drop),
        Mutation("order", order),
        Mutation("duplicated", duplicate),
        Mutation("box sizes", box_sizes),
        Mutation("times", times),
        Mutation("handlers", handlers),
    ),
    weight=10,
)
