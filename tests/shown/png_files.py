"""PNG files: their chunks, and what may be done to them."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from tests.helpers.crafted import COLOUR, COLOUR_ALPHA, GREY, GREY_ALPHA, PALETTE, PNG_SIGNATURE, png_pixels
from tests.shown import exif, icc
from tests.shown.drafts import ANYWHERE, Kind, Mutation, Tail, alpha, picture, seen_on_grey

_TEXT = b"Comment\0hello"


@dataclass
class Chunk:
    kind: bytes
    body: bytes = b""
    crc: int | None = None
    length: int | None = None

    def written(self) -> bytes:
        crc = zlib.crc32(self.kind + self.body) if self.crc is None else self.crc
        length = len(self.body) if self.length is None else self.length
        return struct.pack(">I", length) + self.kind + self.body + struct.pack(">I", crc)


@dataclass
class Png:
    size: tuple[int, int]
    depth: int
    colour: int
    levels: Any
    chunks: list[Chunk]
    """All but IHDR, IDAT and IEND, which are the rest of the fields."""
    later: list[Chunk] = field(default_factory=list)
    pixels: bytes = b""
    parts: int = 1
    interlace: int = 0
    between: list[Chunk] = field(default_factory=list)
    end: bool = True
    tail: Tail = field(default_factory=Tail)

    def file(self) -> bytes:
        header = Chunk(b"IHDR", struct.pack(">IIBBBBB", *self.size, self.depth, self.colour, 0, 0, self.interlace))
        pixels = self.pixels or png_pixels(self.levels, self.depth)
        length = -(-len(pixels) // self.parts)
        data = [Chunk(b"IDAT", pixels[at : at + length]) for at in range(0, len(pixels), length)]
        data[1:1] = self.between
        chunks = [header, *self.chunks, *data, *self.later, *([Chunk(b"IEND")] if self.end else [])]
        return self.tail.applied(PNG_SIGNATURE + b"".join(chunk.written() for chunk in chunks))


def draft(random: Random, side: int) -> Png:
    image = picture(random, side)
    colour = random.choice([PALETTE, PALETTE, PALETTE, COLOUR, COLOUR, COLOUR_ALPHA, COLOUR_ALPHA, GREY, GREY_ALPHA])
    if colour == PALETTE:
        depth = random.choice([1, 2, 4, 8, 8, 8])
        few = image.quantize(random.randint(2, 1 << depth))
        return Png(image.size, depth, colour, np.asarray(few), [Chunk(b"PLTE", bytes(few.getpalette("RGB") or []))])
    grey = np.asarray(image.convert("L"))
    depth = random.choice([1, 2, 4, 8, 8, 16]) if colour == GREY else random.choice([8, 8, 8, 16])
    levels = np.asarray(image) if colour in (COLOUR, COLOUR_ALPHA) else grey
    if colour in (COLOUR_ALPHA, GREY_ALPHA):
        if random.random() < 0.3:
            levels, opaque = seen_on_grey(random, levels if levels.ndim == 3 else levels[:, :, np.newaxis])
        else:
            opaque = alpha(random, grey.shape)
        levels = np.dstack([levels, opaque])
    if depth == 16:
        levels = levels.astype(np.uint16) * 257
    elif depth < 8:
        levels = levels >> (8 - depth)
    return Png(image.size, depth, colour, levels, [])


def short_palette(png: Any, random: Random) -> None:
    for chunk in png.chunks:
        if chunk.kind == b"PLTE":
            chunk.body = chunk.body[: 3 * random.randint(1, max(1, len(chunk.body) // 3 - 1))]
            if random.random() < 0.1:
                chunk.body = chunk.body[:-1]


def long_palette(png: Png, random: Random) -> None:
    for chunk in png.chunks:
        if chunk.kind == b"PLTE":
            chunk.body += random.randbytes(3 * random.choice([1, 20, 257 - len(chunk.body) // 3]))


def palette_for_others(png: Png, random: Random) -> None:
    if png.colour != PALETTE:
        png.chunks.append(Chunk(b"PLTE", random.randbytes(3 * random.choice([1, 16, 256]))))
    elif random.random() < 0.3:
        png.chunks = [chunk for chunk in png.chunks if chunk.kind != b"PLTE"]


def transparency_of_palette(png: Any, random: Random) -> None:
    body = random.randbytes(random.choice([1, 2, 4, 16, 200, 256, 257, 0]))
    body = bytes(255 * (level > 127) for level in body) if random.random() < 0.3 else body
    png.chunks.append(Chunk(b"tRNS", body))


def transparency(png: Png, random: Random) -> None:
    if png.colour == PALETTE:
        transparency_of_palette(png, random)
        return
    if random.random() < 0.7 and png.colour in (GREY, COLOUR):
        pixel = png.levels[random.randrange(png.size[1]), random.randrange(png.size[0])]
        body = struct.pack(f">{pixel.size}H", *np.atleast_1d(pixel).tolist())
        body = bytes([body[0] | random.choice([0, 0, 1, 0x80])]) + body[1:]
    else:
        body = random.randbytes(random.choice([1, 2, 6, 7]))
    png.chunks.append(Chunk(b"tRNS", body))


def shuffle(png: Png, random: Random) -> None:
    random.shuffle(png.chunks)


def duplicate(png: Any, random: Random) -> None:
    if png.chunks:
        chunk = random.choice(png.chunks)
        body = bytes(255 - level for level in chunk.body) if random.random() < 0.7 else chunk.body
        png.chunks.insert(random.randint(0, len(png.chunks)), Chunk(chunk.kind, body))


def postpone(png: Png, random: Random) -> None:
    if png.chunks:
        chunk = png.chunks.pop(random.randrange(len(png.chunks)))
        random.choice([png.later, png.between]).append(chunk)


def damage(png: Png, random: Random) -> None:
    if not png.chunks:
        png.chunks.append(Chunk(b"tEXt", _TEXT))
    chunk = random.choice(png.chunks)
    if random.random() < 0.5:
        chunk.crc = random.getrandbits(32)
    else:
        chunk.body = chunk.body[: random.randint(0, len(chunk.body))]


def _adding(make: Callable[[Random], list[Chunk]]) -> Callable[[Png, Random], None]:
    return lambda png, random: png.chunks.extend(make(random))


def profile_chunk(profile: bytes, random: Random) -> Chunk:
    packed = zlib.compress(profile, random.choice([1, 9]))
    match random.randrange(12):
        case 0:
            packed = packed[: -random.choice([1, 4, 20])]
        case 1:
            packed = packed[:-4] + bytes(4)
        case 2:
            packed = packed + b"more"
    name = random.choice([b"icc", b"icc", b"icc", b"", b" x", b"n" * 80])
    return Chunk(b"iCCP", name + b"\0" + bytes([random.choice([0, 0, 0, 0, 1])]) + packed)


def gammas(random: Random) -> list[Chunk]:
    level = random.choice([45455, 45455, 100_000, 22_727, 10_000, 180_000, 55_556, 1, 0, 0xFFFFFFFF])
    return [Chunk(b"gAMA", struct.pack(">I", level))]


def primaries(random: Random) -> list[Chunk]:
    usual = [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000]
    match random.randrange(6):
        case 0:
            usual = [31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600]
        case 1:
            usual = usual[:2] + usual[4:] + usual[2:4]
        case 2:
            usual = [0] * 8
        case 3 | 4:
            usual = [max(1, value + random.choice([-11900, 11900, 0])) for value in usual]
    gamma = gammas(random) if random.random() < 0.7 else []
    return [*gamma, Chunk(b"cHRM", struct.pack(">8I", *usual))]


def hidden_gamma(random: Random) -> list[Chunk]:
    """A gamma behind a profile that viewers may reject, or a profile that is larger than what we unpack."""
    if random.random() < 0.5:
        return [profile_chunk(icc.tampered(icc.colours(random), random), random), *gammas(random)]
    large = icc.colours(random) + bytes(random.choice([7_990_000, 8_000_000, 8_100_000, 20_000_000]))
    size = random.choice([len(large), int.from_bytes(large[:4], "big")])
    return [Chunk(b"iCCP", b"icc\0\0" + zlib.compress(struct.pack(">I", size) + large[4:], 1))]


def number_colours(random: Random) -> list[Chunk]:
    cicp = icc.cicp(random)
    extra = [Chunk(b"sRGB", b"\0"), profile_chunk(icc.colours(random), random), *gammas(random)]
    return [*(random.sample(extra, 1) if random.random() < 0.3 else []), Chunk(b"cICP", cicp)]


def turned(random: Random) -> list[Chunk]:
    return [Chunk(b"eXIf", exif.turning(random))]


def others(random: Random) -> list[Chunk]:
    return [
        random.choice(
            [
                Chunk(b"sRGB", bytes([random.randrange(6)])),
                Chunk(b"tEXt", _TEXT),
                Chunk(b"bKGD", random.randbytes(random.choice([1, 2, 6]))),
                Chunk(b"sBIT", bytes([random.randint(1, 8)] * random.randint(1, 4))),
                Chunk(b"hIST", random.randbytes(32)),
                Chunk(b"ABCD", b"x"),
                Chunk(b"abCD", b"x"),
                Chunk(b"acTL", struct.pack(">II", random.choice([0, 1, 2]), 0)),
                Chunk(b"pHYs", struct.pack(">IIB", 100, 700, 0)),
            ]
        )
    ]


def pixel_data(png: Png, random: Random) -> None:
    raw = zlib.decompress(png_pixels(png.levels, png.depth))
    stride = len(raw) // png.size[1]
    match random.randrange(5):
        case 0:
            raw = raw[: stride * random.randint(1, png.size[1])]
        case 1:
            raw += random.randbytes(stride * random.randint(1, 5))
        case 2:
            rows = [bytes([random.choice([0, 0, 1, 2, 3, 4, 5])]) + raw[at + 1 : at + stride]
                    for at in range(0, len(raw), stride)]  # fmt: skip
            raw = b"".join(rows)
        case 3:
            png.pixels = zlib.compress(raw)[: -random.choice([1, 4, 30])]
            return
        case _:
            png.pixels = zlib.compress(raw) + zlib.compress(raw[::-1])
            return
    png.pixels = zlib.compress(raw)


def split(png: Png, random: Random) -> None:
    png.parts = random.choice([2, 3, 50])
    if random.random() < 0.3:
        png.between.append(random.choice([Chunk(b"tEXt", _TEXT), Chunk(b"IDAT"), Chunk(b"abCD")]))


def header(png: Png, random: Random) -> None:
    match random.randrange(4):
        case 0:
            png.depth = random.choice([1, 2, 4, 8, 16, 3])
            png.pixels = png_pixels(png.levels, 8)
        case 1:
            png.pixels = png_pixels(png.levels, png.depth)
            png.colour = random.choice([0, 2, 3, 4, 6, 5])
        case 2:
            png.pixels = png_pixels(png.levels, png.depth)
            png.size = (png.size[0], png.size[1] + random.choice([-7, 1, 9]))
        case _:
            png.end = False


def interlaced(png: Png, random: Random) -> None:
    del random
    out = []
    for left, top, right, down in (
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)
    ):  # fmt: skip
        part = png.levels[top::down, left::right]
        if part.size:
            out.append(zlib.decompress(png_pixels(part, png.depth)))
    png.interlace, png.pixels = 1, zlib.compress(b"".join(out))


MUTATIONS = (
    *ANYWHERE,
    Mutation("short palette", short_palette, "palette index"),
    Mutation("long palette", long_palette, "palette index"),
    Mutation("palette for others", palette_for_others, "palette index"),
    Mutation("transparency", transparency, "grey page"),
    Mutation("gamma", _adding(gammas), "colour description"),
    Mutation("primaries", _adding(primaries), "colour description"),
    Mutation("profile", _adding(lambda random: [profile_chunk(icc.any_profile(random), random)]), "colour description"),
    Mutation("cicp tag", _adding(lambda random: [profile_chunk(icc.numbered(random), random)]), "colour description"),
    Mutation("hidden gamma or profile", _adding(hidden_gamma), "profile gaps"),
    Mutation("cICP", _adding(number_colours), "colour description"),
    Mutation("orientation", _adding(turned), "orientation"),
    Mutation("another chunk", _adding(others)),
    Mutation("shuffled", shuffle),
    Mutation("duplicated", duplicate),
    Mutation("postponed", postpone),
    Mutation("damaged chunk", damage),
    Mutation("pixel data", pixel_data),
    Mutation("split", split),
    Mutation("header", header),
    Mutation("interlaced", interlaced),
)
KIND = Kind("PNG", "png", draft, MUTATIONS, weight=20)
