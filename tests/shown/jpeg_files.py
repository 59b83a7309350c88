"""JPEG files: their segments, and what may be done to them."""

import struct
from dataclasses import dataclass, field
from random import Random

from tests.helpers.support import encoded
from tests.shown import exif, icc
from tests.shown.drafts import ANYWHERE, Kind, Mutation, Tail, picture

_EXIF, _ICC, _ADOBE, _COMMENT = 0xE1, 0xE2, 0xEE, 0xFE
_QUANTIZERS, _HUFFMAN, _RESTARTS, _SCAN = 0xDB, 0xC4, 0xDD, 0xDA


@dataclass
class Segment:
    marker: int
    body: bytes
    length: int | None = None

    def written(self) -> bytes:
        length = len(self.body) + 2 if self.length is None else self.length
        return bytes([0xFF, self.marker]) + struct.pack(">H", length) + self.body


@dataclass
class Jpeg:
    segments: list[Segment]
    scans: bytes
    """All from the first scan on, but for the end marker."""
    side: int
    end: bytes = b"\xff\xd9"
    before: bytes = b""
    tail: Tail = field(default_factory=Tail)

    def file(self) -> bytes:
        segments = b"".join(segment.written() for segment in self.segments)
        return self.tail.applied(b"\xff\xd8" + self.before + segments + self.scans + self.end)

    def of(self, *markers: int) -> list[Segment]:
        return [segment for segment in self.segments if segment.marker in markers]

    @property
    def frame(self) -> Segment:
        return self.of(0xC0, 0xC1, 0xC2, 0xC3, 0xC9)[0]


def parsed(data: bytes, side: int) -> Jpeg:
    segments, position = [], 2
    while data[position + 1] != _SCAN:
        (length,) = struct.unpack_from(">H", data, position + 2)
        segments.append(Segment(data[position + 1], data[position + 4 : position + 2 + length]))
        position += 2 + length
    return Jpeg(segments, data[position:-2], side)


def draft(random: Random, side: int) -> Jpeg:
    image = picture(random, side)
    mode = random.choice(["RGB", "RGB", "RGB", "RGB", "L", "CMYK"])
    return parsed(
        encoded(
            image.convert(mode),
            "JPEG",
            quality=random.choice([30, 75, 90, 95]),
            subsampling=random.choice([0, 1, 2]) if mode == "RGB" else 0,
            progressive=random.random() < 0.3,
            restart_marker_blocks=random.choice([0, 0, 0, 4]),
        ),
        side,
    )


def scale_quantizers(jpeg: Jpeg, random: Random) -> None:
    """Levels far beyond 0 and 255, whose means are not those of what is shown."""
    first, others = random.choice([(1, 4), (1, 12), (3, 1), (8, 1), (3, 8), (20, 20), (2, 2)])
    for segment in jpeg.of(_QUANTIZERS):
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
    for segment in made.of(_QUANTIZERS):
        segment.body = segment.body[:1] + bytes(min(255, level * factor) for level in segment.body[1:65])
    jpeg.segments, jpeg.scans = made.segments, made.scans


def wide_quantizers(jpeg: Jpeg, random: Random) -> None:
    """Steps of 16 bits, of which no 8-bit picture needs any."""
    first, others = random.choice([(1, 1), (40, 1), (300, 1), (1, 30), (60, 8), (9, 9)])
    for segment in jpeg.of(_QUANTIZERS):
        body, out = segment.body, b""
        while len(body) >= 65:
            table = [min(65535, level * (others if at else first)) for at, level in enumerate(body[1:65])]
            out, body = out + bytes([body[0] | 0x10]) + struct.pack(">64H", *table), body[65:]
        segment.body = out + body


def adobe(jpeg: Jpeg, random: Random) -> None:
    jpeg.segments = [segment for segment in jpeg.segments if segment.marker not in (_ADOBE, 0xE0)]
    if random.random() < 0.8:
        body = b"Adobe\0\x64\0\0\0\0" + bytes([random.choice([0, 1, 2, 3])])
        jpeg.segments.insert(random.choice([0, len(jpeg.segments)]), Segment(_ADOBE, body))
    if random.random() < 0.3:
        jpeg.segments.insert(0, Segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"))


def names(jpeg: Jpeg, random: Random) -> None:
    """Components named as some decoders take for red, green and blue."""
    body, scans = bytearray(jpeg.frame.body), bytearray(jpeg.scans)
    if body[5] == 3 and scans[4] == 3:
        for index, name in enumerate(random.choice([b"RGB", b"rgb", b"\0\1\2", b"\1\2\2", b"YCc"])):
            body[6 + 3 * index] = scans[5 + 2 * index] = name
        jpeg.frame.body, jpeg.scans = bytes(body), bytes(scans)
    if random.random() < 0.5:
        jpeg.segments = [segment for segment in jpeg.segments if segment.marker != 0xE0]


def sampling(jpeg: Jpeg, random: Random) -> None:
    body = bytearray(jpeg.frame.body)
    body[7 + 3 * random.randrange(body[5])] = random.choice([0x11, 0x12, 0x21, 0x22, 0x41, 0x14, 0x31])
    jpeg.frame.body = bytes(body)


def dimensions(jpeg: Jpeg, random: Random) -> None:
    height, width = struct.unpack_from(">HH", jpeg.frame.body, 1)
    height, width = random.choice(
        [(height + 8, width), (max(1, height - 9), width), (0, width), (height, width + 16), (height, max(1, width - 8)),
         (height // 2 or 1, width)]
    )  # fmt: skip
    jpeg.frame.body = jpeg.frame.body[:1] + struct.pack(">HH", height, width) + jpeg.frame.body[5:]


def profile(jpeg: Jpeg, random: Random) -> None:
    inks = jpeg.frame.body[5] == 4 and random.random() < 0.7
    _add_profile(jpeg, random, icc.inks(random) if inks else icc.any_profile(random))


def numbered_profile(jpeg: Jpeg, random: Random) -> None:
    _add_profile(jpeg, random, icc.numbered(random))


def _add_profile(jpeg: Jpeg, random: Random, body: bytes) -> None:
    parts = _parts(body, random.choice([1, 1, 2, 3]))
    _insert(jpeg, random, [Segment(_ICC, part) for part in parts])


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
    _insert(jpeg, random, [Segment(_ICC, part) for part in parts])


def _parts(body: bytes, count: int) -> list[bytes]:
    length = -(-len(body) // count)
    parts = [body[at : at + length] for at in range(0, len(body), length)]
    return [b"ICC_PROFILE\0" + bytes([at + 1, len(parts)]) + part for at, part in enumerate(parts)]


def orientation(jpeg: Jpeg, random: Random) -> None:
    count = random.choice([1, 1, 1, 1, 2])
    head = random.choice([b"Exif\0\0"] * 4 + [b"Exif\0\1", b"exif\0\0"])
    _insert(jpeg, random, [Segment(_EXIF, head + exif.turning(random)) for _ in range(count)])


def _insert(jpeg: Jpeg, random: Random, segments: list[Segment]) -> None:
    at = random.choice([0, 1, 1, len(jpeg.segments)])
    jpeg.segments[at:at] = segments


def another_segment(jpeg: Jpeg, random: Random) -> None:
    segment = random.choice(
        [
            Segment(_COMMENT, b"hello"),
            Segment(_RESTARTS, struct.pack(">H", random.choice([0, 1, 7, 1000]))),
            Segment(0xE2, b"MPF\0II*\0\x08\0\0\0" + bytes(30)),
            Segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"),
            Segment(0xDC, struct.pack(">H", 20)),
            Segment(0xCC, b"\0\1"),
            Segment(_QUANTIZERS, bytes([random.randrange(2)]) + bytes([random.choice([1, 16, 200])] * 64)),
        ]
    )
    _insert(jpeg, random, [segment])


def drop(jpeg: Jpeg, random: Random) -> None:
    jpeg.segments.remove(random.choice(jpeg.segments))


def shuffle(jpeg: Jpeg, random: Random) -> None:
    random.shuffle(jpeg.segments)


def duplicate(jpeg: Jpeg, random: Random) -> None:
    jpeg.segments.insert(random.randint(0, len(jpeg.segments)), random.choice(jpeg.segments))


def damage(jpeg: Jpeg, random: Random) -> None:
    segment = random.choice(jpeg.segments)
    if random.random() < 0.4:
        jpeg.segments.insert(0, Segment(_COMMENT, b"hello", 7 + random.choice([-7, -5, -1, 1])))
    else:
        at = random.randrange(len(segment.body))
        segment.body = segment.body[:at] + random.randbytes(1) + segment.body[at + 1 :]


def frame_marker(jpeg: Jpeg, random: Random) -> None:
    jpeg.frame.marker = random.choice([0xC0, 0xC1, 0xC2, 0xC3, 0xC9])


def fewer_scans(jpeg: Jpeg, random: Random) -> None:
    starts = [at for at in range(len(jpeg.scans)) if jpeg.scans[at : at + 2] == b"\xff\xda"]
    if len(starts) > 1:
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
        Mutation("quantizers", scale_quantizers, "scaled decoding"),
        Mutation("wide quantizers", wide_quantizers, "scaled decoding"),
        Mutation("levels beyond range", beyond_range, "scaled decoding"),
        Mutation("Adobe marker", adobe),
        Mutation("component names", names),
        Mutation("sampling", sampling),
        Mutation("dimensions", dimensions),
        Mutation("profile", profile, "colour description"),
        Mutation("cicp tag", numbered_profile, "colour description"),
        Mutation("hidden profile", hidden_profile, "profile gaps"),
        Mutation("orientation", orientation, "orientation"),
        Mutation("another segment", another_segment),
        Mutation("dropped segment", drop),
        Mutation("shuffled", shuffle),
        Mutation("duplicated", duplicate),
        Mutation("damaged segment", damage),
        Mutation("frame marker", frame_marker),
        Mutation("fewer scans", fewer_scans),
        Mutation("ending", ending),
        Mutation("filling", fill),
    ),
    weight=20,
    sides=(32, 48, 64, 100, 128, 128, 256),
)
