"""What may be done to the colours of a JPEG: levels, components and profiles."""

import struct
from random import Random

import numpy as np
from PIL import Image
from tests.helpers.support import encoded
from tests.shown.formats import icc
from tests.shown.formats.drafts import picture
from tests.shown.formats.halved_colours import planes
from tests.shown.formats.jpeg_file import ADOBE, JFIF, PROFILE, QUANTIZERS, Jpeg, Segment, parsed


def scale_quantizers(jpeg: Jpeg, random: Random) -> None:
    """Levels far beyond 0 and 255, whose means are not those of what is shown."""
    first, others = random.choice([(1, 4), (1, 12), (3, 1), (8, 1), (3, 8), (20, 20), (2, 2)])
    for segment in jpeg.of(QUANTIZERS):
        body, out = segment.body, b""
        while len(body) >= 65:
            table = bytes(min(255, level * (others if at else first)) for at, level in enumerate(body[1:65]))
            out, body = out + body[:1] + table, body[65:]
        segment.body = out + body


def beyond_range(jpeg: Jpeg, random: Random) -> None:
    """A picture far darker or brighter than black and white, but for spots as far beyond the other."""
    image = picture(random, jpeg.side).convert("L")
    dark = random.random() < 0.5
    factor = random.choice([2, 4, 8])
    low = image.point([96 + level // 4 if dark else 160 - level // 4 for level in range(256)])
    pixels = low.load()
    for x in range(0, image.width, 4):
        for y in range(0, image.height, 4):
            pixels[x, y] = 255 if dark else 0  # type: ignore[index]
    made = parsed(encoded(low, "JPEG", quality=90), jpeg.side)
    for segment in made.of(QUANTIZERS):
        segment.body = segment.body[:1] + bytes(min(255, level * factor) for level in segment.body[1:65])
    jpeg.segments, jpeg.scans = made.segments, made.scans


def hidden(jpeg: Jpeg, random: Random) -> None:
    """Hide a picture between halved colours, or between those of four pixels in a row or a column."""
    across, down = random.choice([(2, 2), (2, 1)])
    side = random.choice([32, 33, 64, 95, 128])
    brightness, *colours = planes(random, (side, side), across, down)
    wide = [np.kron(each, np.ones((down, across)))[:side, :side] for each in colours]
    channels = [Image.fromarray(each.astype(np.uint8)) for each in (brightness, *wide)]
    made = parsed(
        encoded(Image.merge("YCbCr", channels), "JPEG", quality=random.choice([100, 95]), subsampling=down), jpeg.side
    )
    # A block of colours has as many of brightness in another shape.
    shape = random.choice([0x22, 0x41, 0x14] if down > 1 else [0x21, 0x12])
    made.frame.body = made.frame.body[:7] + bytes([shape]) + made.frame.body[8:]
    jpeg.segments, jpeg.scans = made.segments, made.scans


def wide_quantizers(jpeg: Jpeg, random: Random) -> None:
    """Steps of 16 bits, of which no 8-bit picture needs any."""
    first, others = random.choice([(1, 1), (40, 1), (300, 1), (1, 30), (60, 8), (9, 9)])
    for segment in jpeg.of(QUANTIZERS):
        body, out = segment.body, b""
        while len(body) >= 65:
            table = [min(65535, level * (others if at else first)) for at, level in enumerate(body[1:65])]
            out, body = out + bytes([body[0] | 0x10]) + struct.pack(">64H", *table), body[65:]
        segment.body = out + body


def adobe(jpeg: Jpeg, random: Random) -> None:
    jpeg.segments = [segment for segment in jpeg.segments if segment.marker not in (ADOBE, JFIF)]
    if random.random() < 0.8:
        body = b"Adobe\0\x64\0\0\0\0" + bytes([random.choice([0, 1, 2, 3])])
        jpeg.segments.insert(random.choice([0, len(jpeg.segments)]), Segment(ADOBE, body))
    if random.random() < 0.3:
        jpeg.segments.insert(0, Segment(JFIF, b"JFIF\0\1\1\0\0\1\0\1\0\0"))


def names(jpeg: Jpeg, random: Random) -> None:
    """Components named as some decoders take for red, green and blue."""
    body, scans = bytearray(jpeg.frame.body), bytearray(jpeg.scans)
    if body[5] == 3 and scans[4] == 3:
        for index, name in enumerate(random.choice([b"RGB", b"rgb", b"\0\1\2", b"\1\2\2", b"YCc"])):
            body[6 + 3 * index] = scans[5 + 2 * index] = name
        jpeg.frame.body, jpeg.scans = bytes(body), bytes(scans)
    if random.random() < 0.5:
        jpeg.segments = [segment for segment in jpeg.segments if segment.marker != JFIF]


def profile(jpeg: Jpeg, random: Random) -> None:
    inks = jpeg.frame.body[5] == 4 and random.random() < 0.7
    _add_profile(jpeg, random, icc.inks(random) if inks else icc.any_profile(random))


def numbered_profile(jpeg: Jpeg, random: Random) -> None:
    _add_profile(jpeg, random, icc.numbered(random))


def _add_profile(jpeg: Jpeg, random: Random, body: bytes) -> None:
    parts = _parts(body, random.choice([1, 1, 2, 3]))
    jpeg.insert(random, [Segment(PROFILE, part) for part in parts])


def hidden_profile(jpeg: Jpeg, random: Random) -> None:
    """A profile whose parts are numbered, ordered or filled as they should not be."""
    parts = _parts(icc.colours(random), random.choice([1, 2, 3]))
    name = b"ICC_PROFILE\0"
    other = _parts(icc.colours(random), 1)[0]
    match random.randrange(9):
        case 0:
            parts.insert(0, name + bytes([1, len(parts)]))
        case 1:
            parts.insert(0, name + bytes([random.choice([0, 5, 255]), len(parts)]) + other[14:])
        case 2:
            parts.insert(0, name + bytes([1, random.choice([0, 2, 255])]))
        case 3:
            parts.reverse()
        case 4:
            parts.append(parts[0])
        case 5:
            parts.insert(random.choice([0, len(parts)]), other)
        case 6:
            parts = [part[:12] + bytes([part[12] - 1]) + part[13:] for part in parts]
        case 7:
            parts = [part[:13] + bytes([part[13] + 1]) + part[14:] for part in parts]
        case _:
            parts.insert(0, name[: random.choice([11, 12])] + b"\1")
    jpeg.insert(random, [Segment(PROFILE, part) for part in parts])


def _parts(body: bytes, count: int) -> list[bytes]:
    length = -(-len(body) // count)
    parts = [body[at : at + length] for at in range(0, len(body), length)]
    return [b"ICC_PROFILE\0" + bytes([at + 1, len(parts)]) + part for at, part in enumerate(parts)]
