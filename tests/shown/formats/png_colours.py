"""What may be done to the colours of a PNG: palettes, transparency, profiles and the like."""

import struct
import zlib
from random import Random
from typing import Any

import numpy as np
from tests.helpers.crafted import COLOUR, COLOUR_ALPHA, GREY, PALETTE
from tests.shown.formats import icc
from tests.shown.formats.drafts import alpha
from tests.shown.formats.png_file import Chunk, Png


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


def profile_chunk(profile: bytes, random: Random) -> Chunk:
    packed = zlib.compress(profile, random.choice([1, 9]))
    match random.randrange(12):
        case 0:
            packed = packed[: -random.choice([1, 4, 20])]
        case 1:
            packed = packed[:-4] + bytes(4)
        case 2:
            packed = packed + b"more"
        case 3:
            # A larger window, and a dictionary.
            packed = random.choice([b"\x88\x1c", b"\x78\x20"]) + packed[2:]
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


def transparent_hdr(png: Png, random: Random) -> None:
    """Colours whose light goes beyond white, and how bright the picture says that it gets."""
    if png.colour == COLOUR:
        opaque = alpha(random, png.levels.shape[:2])
        png.levels = np.dstack([png.levels, opaque.astype(png.levels.dtype) * (257 if png.depth > 8 else 1)])
        png.colour = COLOUR_ALPHA
    numbers = bytes([random.choice(icc.PRIMARIES), random.choice(icc.HDR), 0, 1])
    tag = profile_chunk(icc.numbered(random, numbers), random)
    png.chunks.append(random.choice([Chunk(b"cICP", numbers), Chunk(b"cICP", numbers), tag]))
    if random.random() < 0.5:
        nits = random.choice([1, 80, 150, 203, 250, 400, 1000, 4000, 10_000, 20_000])
        png.chunks.append(Chunk(b"cLLI", struct.pack(">II", nits * 10_000, 0)))
