"""AVIF files: what they start as, and what may be done to them."""

import struct
from collections.abc import Iterable
from random import Random

import numpy as np
from PIL import Image
from tests.helpers.support import encoded
from tests.shown.formats import avif_halved, avif_items, icc
from tests.shown.formats.avif_file import Avif, parsed
from tests.shown.formats.drafts import ANYWHERE, SELDOM, Kind, Mutation, alpha, picture, seen_on_grey

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
        image = image.resize([min(96, side) for side in image.size])
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
    colours, opaque = (
        seen_on_grey(random, levels) if random.random() < 0.4 else (levels, alpha(random, levels.shape[:2]))
    )
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


def long(avif: Avif, random: Random) -> None:
    """Many frames alike, and one or two that are not."""
    image = picture(random, 32).resize((32, 32))
    stills = [image] * random.choice([18, 30, 60])
    for at in random.sample(range(1, len(stills)), random.choice([1, 2])):
        stills[at] = picture(random, 32).resize((32, 32))
    made = parsed(
        encoded(
            image,
            "AVIF",
            save_all=True,
            append_images=stills[1:],
            duration=[random.choice([20, 30]) for _ in stills],
            range="limited",
            speed=10,
        )
    )
    avif.top, avif.origin = made.top, made.origin


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
        Mutation("profile", avif_items.profile, "colour description"),
        Mutation("hidden between colours", avif_halved.hidden, "filled-in colours"),
        Mutation("cicp tag", avif_items.numbered_profile, "colour description"),
        Mutation("turned", avif_items.turned),
        Mutation("cropped", avif_items.cropped, weight=SELDOM),
        Mutation("other property", avif_items.other_property),
        Mutation("orientation", avif_items.orientation, "orientation"),
        Mutation("premultiplied", avif_items.premultiplied, "grey page"),
        Mutation("grid", avif_items.grid),
        Mutation("size", size),
        Mutation("references", references),
        Mutation("associations", associations, weight=SELDOM),
        Mutation("configuration", configuration),
        Mutation("brands", brands, weight=SELDOM),
        Mutation("dropped box", drop, weight=SELDOM),
        Mutation("order", order, weight=SELDOM),
        Mutation("duplicated", duplicate),
        Mutation("box sizes", box_sizes, weight=SELDOM),
        Mutation("many frames", long, "skipped frame"),
        Mutation("times", times),
        Mutation("handlers", handlers),
        Mutation("sound", avif_items.sound),
        Mutation("lists of uses", avif_items.lists_of_uses),
    ),
    weight=10,
)
