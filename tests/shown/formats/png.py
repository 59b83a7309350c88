"""PNG files: what they start as, and what may be done to them."""

import struct
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
from tests.helpers.crafted import COLOUR, COLOUR_ALPHA, GREY, GREY_ALPHA, PALETTE, png_pixels
from tests.shown.formats import exif, icc, png_colours
from tests.shown.formats.drafts import ANYWHERE, SELDOM, Kind, Mutation, alpha, picture, seen_on_grey
from tests.shown.formats.png_file import Chunk, Png

_TEXT = b"Comment\0hello"


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


def turned(random: Random) -> list[Chunk]:
    return [Chunk(b"eXIf", exif.turning(random))]


def others(random: Random) -> list[Chunk]:
    return [
        random.choice(
            [
                Chunk(b"sRGB", bytes([random.randrange(6)])),
                Chunk(b"tEXt", _TEXT),
                Chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + exif.XMP),
                Chunk(b"tEXt", b"Raw profile type exif\0\nexif\n" + exif.turning(random).hex().encode()),
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
    match random.randrange(6):
        case 5:
            # A window smaller than what the data refer back to.
            png.pixels = struct.pack(">H", (first := random.randrange(7) << 12 | 0x800) + 31 - first % 31)
            png.pixels += zlib.compress(raw, 9)[2:]
            return
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
            png.size = (png.size[0], max(1, png.size[1] + random.choice([-7, 1, 9])))
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
    Mutation("short palette", png_colours.short_palette, "palette index"),
    Mutation("long palette", png_colours.long_palette, "palette index"),
    Mutation("palette for others", png_colours.palette_for_others, "palette index"),
    Mutation("transparency", png_colours.transparency, "grey page"),
    Mutation("gamma", _adding(png_colours.gammas), "colour description"),
    Mutation("primaries", _adding(png_colours.primaries), "colour description"),
    Mutation(
        "profile",
        _adding(lambda random: [png_colours.profile_chunk(icc.any_profile(random), random)]),
        "colour description",
    ),
    Mutation(
        "cicp tag",
        _adding(lambda random: [png_colours.profile_chunk(icc.numbered(random), random)]),
        "colour description",
    ),
    Mutation("hidden gamma or profile", _adding(png_colours.hidden_gamma), "profile gaps"),
    Mutation("cICP", _adding(png_colours.number_colours), "colour description"),
    Mutation("transparent HDR", png_colours.transparent_hdr, "colour description", weight=SELDOM),
    Mutation("orientation", _adding(turned), "orientation"),
    Mutation("another chunk", _adding(others)),
    Mutation("shuffled", shuffle),
    Mutation("duplicated", duplicate),
    Mutation("postponed", postpone),
    Mutation("damaged chunk", damage, weight=SELDOM),
    Mutation("pixel data", pixel_data),
    Mutation("split", split),
    Mutation("header", header, weight=SELDOM),
    Mutation("interlaced", interlaced),
)


KIND = Kind("PNG", "png", draft, MUTATIONS, weight=20)
