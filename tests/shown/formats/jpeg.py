"""JPEG files: what they start as, and what may be done to them."""

import struct
from random import Random

from PIL import Image, ImageChops
from tests.helpers.support import encoded
from tests.shown.formats import exif, jpeg_colours
from tests.shown.formats.drafts import ANYWHERE, SELDOM, Kind, Mutation, picture
from tests.shown.formats.jpeg_file import COMMENT, EXIF, PROFILE, QUANTIZERS, RESTARTS, Jpeg, Segment, parsed


def _inks(random: Random, image: Image.Image) -> Image.Image:
    """Black takes the place of a part of what the other inks have in common; Pillow makes none."""
    cyan, magenta, yellow, _ = image.convert("CMYK").split()
    common = ImageChops.darker(ImageChops.darker(cyan, magenta), yellow)
    share = random.choice([0, 1, 2, 4])
    black = common.point(lambda level: level * share // 4)
    return Image.merge("CMYK", [*(ImageChops.subtract(ink, black) for ink in (cyan, magenta, yellow)), black])


def draft(random: Random, side: int) -> Jpeg:
    image = picture(random, side)
    mode = random.choice(["RGB", "RGB", "RGB", "RGB", "L", "CMYK"])
    return parsed(
        encoded(
            _inks(random, image) if mode == "CMYK" else image.convert(mode),
            "JPEG",
            quality=random.choice([30, 75, 90, 95]),
            subsampling=random.choice([0, 1, 2]) if mode == "RGB" else 0,
            progressive=random.random() < 0.3,
            restart_marker_blocks=random.choice([0, 0, 0, 4]),
        ),
        side,
    )


def sampling(jpeg: Jpeg, random: Random) -> None:
    body = bytearray(jpeg.frame.body)
    body[7 + 3 * random.randrange(body[5])] = random.choice([0x11, 0x12, 0x21, 0x22, 0x41, 0x14, 0x31])
    jpeg.frame.body = bytes(body)


def dimensions(jpeg: Jpeg, random: Random) -> None:
    height, width = struct.unpack_from(">HH", jpeg.frame.body, 1)
    if random.random() < 0.6:
        height = random.choice([0, height + 8, max(1, height - 9), height // 2 or 1])
    else:
        width = random.choice([width + 16, max(1, width - 8)])
    jpeg.frame.body = jpeg.frame.body[:1] + struct.pack(">HH", height, width) + jpeg.frame.body[5:]


def orientation(jpeg: Jpeg, random: Random) -> None:
    count = random.choice([1, 1, 1, 1, 2])
    head = random.choice([b"Exif\0\0"] * 4 + [b"Exif\0\1", b"exif\0\0"])
    jpeg.insert(random, [Segment(EXIF, head + exif.turning(random)) for _ in range(count)])


def another_segment(jpeg: Jpeg, random: Random) -> None:
    segment = random.choice(
        [
            Segment(COMMENT, b"hello"),
            Segment(RESTARTS, struct.pack(">H", random.choice([0, 1, 7, 1000]))),
            Segment(PROFILE, b"MPF\0II*\0\x08\0\0\0" + bytes(30)),
            Segment(EXIF, b"http://ns.adobe.com/xap/1.0/\0" + exif.XMP),
            Segment(0xDC, struct.pack(">H", 20)),
            Segment(0xCC, b"\0\1"),
            Segment(QUANTIZERS, bytes([random.randrange(2)]) + bytes([random.choice([1, 16, 200])] * 64)),
        ]
    )
    jpeg.insert(random, [segment])


def drop(jpeg: Jpeg, random: Random) -> None:
    jpeg.segments.remove(random.choice(jpeg.segments))


def shuffle(jpeg: Jpeg, random: Random) -> None:
    random.shuffle(jpeg.segments)


def duplicate(jpeg: Jpeg, random: Random) -> None:
    jpeg.segments.insert(random.randint(0, len(jpeg.segments)), random.choice(jpeg.segments))


def damage(jpeg: Jpeg, random: Random) -> None:
    segment = random.choice(jpeg.segments)
    if random.random() < 0.4:
        jpeg.segments.insert(0, Segment(COMMENT, b"hello", 7 + random.choice([-7, -5, -1, 1])))
    else:
        at = random.randrange(len(segment.body))
        segment.body = segment.body[:at] + random.randbytes(1) + segment.body[at + 1 :]


def frame_marker(jpeg: Jpeg, random: Random) -> None:
    jpeg.frame.marker = random.choice([0xC0, 0xC1, 0xC2, 0xC3, 0xC9])


def fewer_scans(jpeg: Jpeg, random: Random) -> None:
    starts = [at for at in range(len(jpeg.scans)) if jpeg.scans[at : at + 2] == b"\xff\xda"]
    # Of few blocks, browsers smooth what is missing differently.
    if len(starts) > 1 and jpeg.side >= 64:
        jpeg.scans = jpeg.scans[: random.choice(starts[1:])]


def ending(jpeg: Jpeg, random: Random) -> None:
    jpeg.end = random.choice([b"", b"\xff", b"\xff\xd9\xff\xd9", b"\xff\xd8"])


def fill(jpeg: Jpeg, random: Random) -> None:
    jpeg.before = random.choice([b"\xff\xff", b"\xff\xd8", b"\xff\x01", b"\0", b"\xff\xd0"])


KIND = Kind(
    "JPEG",
    "jpg",
    draft,
    (
        *ANYWHERE,
        Mutation("quantizers", jpeg_colours.scale_quantizers, "scaled decoding"),
        Mutation("wide quantizers", jpeg_colours.wide_quantizers, "scaled decoding"),
        Mutation("levels beyond range", jpeg_colours.beyond_range, "scaled decoding"),
        Mutation("hidden between colours", jpeg_colours.hidden, "filled-in colours"),
        Mutation("Adobe marker", jpeg_colours.adobe),
        Mutation("component names", jpeg_colours.names),
        Mutation("sampling", sampling),
        Mutation("dimensions", dimensions),
        Mutation("profile", jpeg_colours.profile, "colour description"),
        Mutation("cicp tag", jpeg_colours.numbered_profile, "colour description"),
        Mutation("hidden profile", jpeg_colours.hidden_profile, "profile gaps"),
        Mutation("orientation", orientation, "orientation"),
        Mutation("another segment", another_segment),
        Mutation("dropped segment", drop, weight=SELDOM),
        Mutation("shuffled", shuffle),
        Mutation("duplicated", duplicate),
        Mutation("damaged segment", damage, weight=SELDOM),
        Mutation("frame marker", frame_marker, weight=SELDOM),
        Mutation("fewer scans", fewer_scans),
        Mutation("ending", ending, weight=SELDOM),
        Mutation("filling", fill, weight=SELDOM),
    ),
    weight=20,
    sides=(32, 48, 64, 100, 128, 128, 256),
)
