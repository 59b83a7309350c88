"""WebP files: their chunks, flags and frames."""

import struct
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from PIL import Image
from tests.helpers.support import encoded
from tests.shown.formats import exif, icc
from tests.shown.formats.drafts import ANYWHERE, SELDOM, Kind, Mutation, Tail, alpha, picture, seen_on_grey

_PROFILED, _ALPHA, _EXIF, _ANIMATED = 0x20, 0x10, 0x08, 0x02


@dataclass
class Chunk:
    kind: bytes
    body: bytes
    size: int | None = None

    def written(self) -> bytes:
        size = len(self.body) if self.size is None else self.size
        return self.kind + struct.pack("<I", size) + self.body + b"\0" * (len(self.body) % 2)


@dataclass
class Webp:
    chunks: list[Chunk]
    size: tuple[int, int]
    excess: int = 0
    """How much larger the file says that it is than it is."""
    tail: Tail = field(default_factory=Tail)

    def file(self) -> bytes:
        content = b"WEBP" + b"".join(chunk.written() for chunk in self.chunks)
        return self.tail.applied(b"RIFF" + struct.pack("<I", max(0, len(content) + self.excess)) + content)

    def of(self, kind: bytes) -> list[Chunk]:
        return [chunk for chunk in self.chunks if chunk.kind == kind]

    def extended(self) -> Chunk:
        """Its VP8X chunk, which is made if it has none."""
        if not self.of(b"VP8X"):
            body = bytes(4) + _three(self.size[0] - 1) + _three(self.size[1] - 1)
            self.chunks.insert(0, Chunk(b"VP8X", body))
        return self.of(b"VP8X")[0]

    def flag(self, bits: int) -> None:
        chunk = self.extended()
        chunk.body = bytes([chunk.body[0] ^ bits]) + chunk.body[1:]


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def parsed(data: bytes) -> list[Chunk]:
    chunks, position = [], 12
    while position + 8 <= len(data):
        (size,) = struct.unpack_from("<I", data, position + 4)
        chunks.append(Chunk(data[position : position + 4], data[position + 8 : position + 8 + size]))
        position += 8 + size + size % 2
    return chunks


def draft(random: Random, side: int) -> Webp:
    image = picture(random, side)
    lossless = random.random() < 0.4
    if lossless and random.random() < 0.5:
        image = image.quantize(random.choice([2, 4, 16, 200])).convert("RGB")
    options: dict[str, Any] = {"lossless": lossless, "quality": random.choice([40, 80, 95]), "method": 0, "exact": True}
    if random.random() < 0.4:
        count = random.choice([2, 3, 5, 8])
        image = image.resize([min(96, side) for side in image.size])
        others = [_clear(random, picture(random, side).resize(image.size)) for _ in range(count - 1)]
        delays = [random.choice([0, 10, 50, 100, 1000]) for _ in range(count)]
        options |= {"save_all": True, "append_images": others, "duration": delays}
    return Webp(parsed(encoded(_clear(random, image), "WEBP", **options)), image.size)


def _clear(random: Random, image: Image.Image) -> Image.Image:
    what = random.random()
    if what < 0.55:
        return image
    levels = np.asarray(image)
    colours, opaque = seen_on_grey(random, levels) if what < 0.7 else (levels, alpha(random, levels.shape[:2]))
    return Image.fromarray(np.dstack([colours, opaque]))


def flags(webp: Webp, random: Random) -> None:
    webp.flag(random.choice([_ALPHA, _ALPHA, _ANIMATED, _PROFILED, _EXIF, 0x04, 0x01, 0xFF]))


def canvas(webp: Webp, random: Random) -> None:
    chunk = webp.extended()
    sides = [int.from_bytes(chunk.body[at : at + 3], "little") + random.choice([-9, 0, 1, 16]) for at in (4, 7)]
    chunk.body = chunk.body[:4] + b"".join(_three(max(0, side)) for side in sides)


def profile(webp: Webp, random: Random) -> None:
    _add_profile(webp, random, icc.any_profile(random))


def numbered_profile(webp: Webp, random: Random) -> None:
    _add_profile(webp, random, icc.numbered(random))


def _add_profile(webp: Webp, random: Random, body: bytes) -> None:
    if not webp.extended().body[0] & _PROFILED:
        webp.flag(_PROFILED)
    at = 1 if random.random() < 0.8 else len(webp.chunks)
    webp.chunks[at:at] = [Chunk(b"ICCP", body)] * random.choice([1, 1, 1, 2])


def orientation(webp: Webp, random: Random) -> None:
    if random.random() < 0.8 and not webp.extended().body[0] & _EXIF:
        webp.flag(_EXIF)
    head = random.choice([b"", b"", b"Exif\0\0"])
    webp.chunks.append(Chunk(b"EXIF", head + exif.turning(random)))


def order(webp: Webp, random: Random) -> None:
    chunk = webp.chunks.pop(random.randrange(len(webp.chunks)))
    webp.chunks.insert(random.randint(0, len(webp.chunks)), chunk)


def duplicate(webp: Webp, random: Random) -> None:
    webp.chunks.insert(random.randint(0, len(webp.chunks)), random.choice(webp.chunks))


def drop(webp: Webp, random: Random) -> None:
    if len(webp.chunks) > 1:
        webp.chunks.pop(random.randrange(len(webp.chunks)))


def unknown(webp: Webp, random: Random) -> None:
    webp.extended()
    body = random.choice([b"", random.randbytes(6), random.randbytes(7), exif.XMP])
    chunk = Chunk(random.choice([b"XYZ ", b"ALPH", b"XMP ", b"ANIM"]), body)
    webp.chunks.insert(random.randint(0, len(webp.chunks)), chunk)


def second(webp: Webp, random: Random) -> None:
    """Another still picture beside the first, or behind the frames of an animation."""
    other = parsed(encoded(picture(random, 48), "WEBP", lossless=random.random() < 0.5, method=0))[-1]
    webp.chunks.insert(random.randint(0, len(webp.chunks)), other)


def sizes(webp: Webp, random: Random) -> None:
    if random.random() < 0.5:
        webp.excess = random.choice([-20, -8, -1, 1, 2, 100, 1 << 20])
    else:
        chunk = random.choice(webp.chunks)
        chunk.size = max(0, len(chunk.body) + random.choice([-4, -1, 1, 2, 100]))


def frames(webp: Webp, random: Random) -> None:
    for chunk in webp.of(b"ANMF"):
        if random.random() < 0.6:
            body = bytearray(chunk.body)
            at = random.choice([(0, 3), (3, 6), None, None, None])
            if at:
                body[at[0] : at[1]] = _three(random.choice([0, 1, 5, 20, 200]))
            body[12:15] = _three(random.choice([0, 1, 10, 11, 100, 0xFFFFFF]))
            body[15] = random.choice([0, 1, 2, 3])
            chunk.body = bytes(body)


def frame_sizes(webp: Webp, random: Random) -> None:
    for chunk in webp.of(b"ANMF")[:1]:
        body = bytearray(chunk.body)
        body[6] = max(0, min(255, body[6] + random.choice([-3, 1, 8])))
        chunk.body = bytes(body)


def background(webp: Webp, random: Random) -> None:
    for chunk in webp.of(b"ANIM"):
        chunk.body = random.randbytes(4) + chunk.body[4:]


def mixed_frames(webp: Webp, random: Random) -> None:
    found = webp.of(b"ANMF")
    if found:
        places = [at for at, chunk in enumerate(webp.chunks) if chunk.kind == b"ANMF"]
        random.shuffle(found)
        for at, chunk in zip(places, found, strict=True):
            webp.chunks[at] = chunk


def scaling(webp: Webp, random: Random) -> None:
    """Bits of a lossy picture that ask for it to be shown larger, which nobody does."""
    for chunk in webp.of(b"VP8 "):
        body = bytearray(chunk.body)
        body[random.choice([7, 9])] |= random.choice([0x40, 0x80, 0xC0])
        chunk.body = bytes(body)


def fade(webp: Webp, random: Random) -> None:
    """One picture that turns into another, too little from frame to frame to be noticed."""
    image = picture(random, 32).resize((32, 32))
    other = image.transpose(Image.Transpose.ROTATE_180)
    stills = [Image.blend(image, other, share) for share in np.linspace(0, 1, random.choice([20, 40, 100]))]
    webp.chunks = parsed(
        encoded(stills[0], "WEBP", save_all=True, append_images=stills[1:], duration=20, method=0, lossless=True)
    )


def long(webp: Webp, random: Random) -> None:
    image = picture(random, 48).resize((32, 32))
    levels = np.asarray(image)
    stills = [Image.fromarray(np.roll(levels, at % 2, 1)) for at in range(random.choice([18, 60, 150]))]
    for at in random.sample(range(len(stills)), random.choice([1, 2])):
        stills[at] = Image.fromarray(255 - levels)
    webp.chunks = parsed(
        encoded(stills[0], "WEBP", save_all=True, append_images=stills[1:], duration=20, method=0, lossless=True)
    )


KIND = Kind(
    "WebP",
    "webp",
    draft,
    (
        *ANYWHERE,
        Mutation("flags", flags, "grey page"),
        Mutation("canvas", canvas, weight=SELDOM),
        Mutation("profile", profile, "colour description"),
        Mutation("cicp tag", numbered_profile, "colour description"),
        Mutation("orientation", orientation, "orientation"),
        Mutation("order", order),
        Mutation("duplicated", duplicate),
        Mutation("dropped chunk", drop),
        Mutation("unknown chunk", unknown),
        Mutation("second picture", second, weight=SELDOM),
        Mutation("sizes", sizes, weight=SELDOM),
        Mutation("frames", frames),
        Mutation("frame sizes", frame_sizes),
        Mutation("background", background),
        Mutation("mixed frames", mixed_frames),
        Mutation("scaling", scaling),
        Mutation("fade", fade, "skipped frame"),
        Mutation("many frames", long, "skipped frame"),
    ),
    weight=12,
)
