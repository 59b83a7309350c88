"""Animated PNG files: frames, their controls and their order."""

import struct
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from PIL import Image
from tests.helpers.crafted import COLOUR, COLOUR_ALPHA, GREY, GREY_ALPHA, PALETTE, PNG_SIGNATURE, png_pixels
from tests.shown.formats import png, png_colours
from tests.shown.formats.drafts import ANYWHERE, SELDOM, Kind, Mutation, Tail, alpha, picture
from tests.shown.formats.png_file import Chunk

# Chromium shows frames in these, but where a page reads the frames it takes them for those of BT.709.
_LOST_PRIMARIES = (6, 7)


@dataclass
class ApngFrame:
    levels: Any
    at: tuple[int, int] = (0, 0)
    delay: tuple[int, int] = (100, 1000)
    disposal: int = 0
    blend: int = 0
    size: tuple[int, int] | None = None
    parts: int = 1


@dataclass
class Apng:
    size: tuple[int, int]
    frames: list[ApngFrame]
    default: Any = None
    """A picture that is not part of the animation."""
    colour: int = COLOUR_ALPHA
    depth: int = 8
    count: int | None = None
    plays: int = 0
    chunks: list[Chunk] = field(default_factory=list)
    swap: tuple[int, int] | None = None
    renumber: int = 0
    end: bool = True
    late_control: bool = False
    tail: Tail = field(default_factory=Tail)

    def file(self) -> bytes:
        head = Chunk(b"IHDR", struct.pack(">IIBBBBB", *self.size, self.depth, self.colour, 0, 0, 0))
        count = len(self.frames) if self.count is None else self.count
        control = Chunk(b"acTL", struct.pack(">II", count, self.plays))
        out: list[Chunk] = []
        if self.default is not None:
            out.append(Chunk(b"IDAT", png_pixels(self.default, self.depth)))
        sequence = 0
        for index, frame in enumerate(self.frames):
            size = frame.size or frame.levels.shape[1::-1]
            numbers = (sequence, *size, *frame.at, *frame.delay, frame.disposal, frame.blend)
            out.append(Chunk(b"fcTL", struct.pack(">IIIIIHHBB", *numbers)))
            sequence += 1
            pixels = png_pixels(frame.levels, self.depth)
            length = -(-len(pixels) // frame.parts)
            for at in range(0, len(pixels), length):
                part = pixels[at : at + length]
                if index == 0 and self.default is None:
                    out.append(Chunk(b"IDAT", part))
                else:
                    out.append(Chunk(b"fdAT", struct.pack(">I", sequence) + part))
                    sequence += 1 + self.renumber
        if self.swap and len(out) > max(self.swap):
            a, b = self.swap
            out[a], out[b] = out[b], out[a]
        before = [*self.chunks, control] if not self.late_control else self.chunks
        out = [*out[:2], control, *out[2:]] if self.late_control else out
        chunks = [head, *before, *out, *([Chunk(b"IEND")] if self.end else [])]
        return self.tail.applied(PNG_SIGNATURE + b"".join(chunk.written() for chunk in chunks))


def draft(random: Random, side: int) -> Apng:
    first = picture(random, side)
    colour = random.choice([COLOUR_ALPHA, COLOUR_ALPHA, COLOUR_ALPHA, COLOUR, PALETTE, GREY, GREY_ALPHA])
    base = first.quantize(random.choice([4, 30, 256]))
    frames = []
    for index in range(random.choice([1, 2, 2, 3, 5, 8])):
        levels = _levels(random, picture(random, side).resize(first.size), colour, base)
        left, top = random.randrange(first.width), random.randrange(first.height)
        part = index > 0 and random.random() < 0.4
        frames.append(
            ApngFrame(
                levels[top:, left:] if part else levels,
                (left, top) if part else (0, 0),
                (random.choice([0, 1, 10, 100, 1000]), 1000),
                random.choice([0, 0, 1, 2]),
                random.choice([0, 1]),
            )
        )
    default = _levels(random, first, colour, base) if random.random() < 0.25 else None
    chunks = []
    if colour == PALETTE:
        chunks = [Chunk(b"PLTE", bytes(base.getpalette("RGB") or []))]
        if random.random() < 0.5:
            chunks.append(Chunk(b"tRNS", bytes(random.choice([0, 255, 255, 100]) for _ in range(4))))
    return Apng(first.size, frames, default, colour, chunks=chunks)


def _levels(random: Random, image: Image.Image, colour: int, palette: Image.Image) -> Any:
    if colour == PALETTE:
        return np.asarray(image.quantize(palette=palette, dither=Image.Dither.NONE))
    levels = np.asarray(image if colour in (COLOUR, COLOUR_ALPHA) else image.convert("L"))
    if colour in (COLOUR, GREY):
        return levels
    clear = random.random() < 0.4
    opaque = alpha(random, levels.shape[:2]) if clear else np.full(levels.shape[:2], 255, np.uint8)
    return np.dstack([levels, opaque])


def controls(apng: Apng, random: Random) -> None:
    for frame in apng.frames:
        frame.disposal, frame.blend = random.choice([0, 1, 2, 2]), random.choice([0, 1, 1])
        frame.delay = (random.choice([0, 1, 65535]), random.choice([0, 1, 100, 1000]))
    if random.random() < 0.1:
        apng.frames[-1].disposal, apng.frames[-1].blend = random.choice([(3, 0), (0, 2)])


def places(apng: Apng, random: Random) -> None:
    frame = random.choice(apng.frames)
    frame.at = (random.choice([0, 1, 20, 0xFFFFFFFF]), random.choice([0, 1, 20]))


def sizes(apng: Apng, random: Random) -> None:
    frame = random.choice(apng.frames)
    height, width = frame.levels.shape[:2]
    frame.size = random.choice([(0, 0), (width, max(1, height - 3)), (width + 1, height), (width, height + 8)])


def count(apng: Apng, random: Random) -> None:
    apng.count = max(0, len(apng.frames) + random.choice([-1, 1, -2, 100, -100]))


def swap(apng: Apng, random: Random) -> None:
    first = random.randrange(2 * len(apng.frames))
    apng.swap = (first, first + random.choice([1, 2]))


def split(apng: Apng, random: Random) -> None:
    random.choice(apng.frames).parts = random.choice([2, 5])


def further(apng: Apng, random: Random) -> None:
    colours = (png_colours.gammas, png_colours.primaries, png_colours.hidden_gamma, png_colours.number_colours)
    chunks = random.choice([*colours, png.turned, png.others])(random)
    apng.chunks += [chunk for chunk in chunks if chunk.kind != b"cICP" or chunk.body[0] not in _LOST_PRIMARIES]


def long(apng: Apng, random: Random) -> None:
    levels = apng.frames[0].levels[:32, :32]
    apng.size, apng.default = levels.shape[1::-1], None
    apng.frames = [ApngFrame(levels, delay=(20, 1000)) for _ in range(random.choice([18, 60, 150]))]
    for at in random.sample(range(len(apng.frames)), random.choice([1, 2])):
        apng.frames[at] = ApngFrame(np.rot90(levels, 2), delay=(20, 1000))


def fade(apng: Apng, random: Random) -> None:
    """One picture that turns into another, too little from frame to frame to be noticed."""
    if apng.colour == PALETTE:
        return
    first = apng.frames[0].levels[:32, :32].astype(np.float32)
    apng.size, apng.default = first.shape[1::-1], None
    shares = np.linspace(0, 1, random.choice([20, 40, 120]))
    apng.frames = [
        ApngFrame((first * (1 - share) + first[::-1, ::-1] * share).astype(np.uint8), delay=(20, 1000))
        for share in shares
    ]


def palette_edits(apng: Apng, random: Random) -> None:
    for edit in random.sample([png_colours.short_palette, png_colours.transparency_of_palette, png.duplicate], 2):
        edit(apng, random)


def ending(apng: Apng, random: Random) -> None:
    match random.randrange(3):
        case 0:
            apng.end = False
        case 1:
            apng.late_control = True
        case _:
            apng.renumber = 1


KIND = Kind(
    "APNG",
    "png",
    draft,
    (
        *ANYWHERE,
        Mutation("controls", controls),
        Mutation("places", places, weight=SELDOM),
        Mutation("sizes", sizes, weight=SELDOM),
        Mutation("count", count, weight=SELDOM),
        Mutation("swapped", swap, weight=SELDOM),
        Mutation("split", split),
        Mutation("colours", further, "colour description"),
        Mutation("many frames", long, "skipped frame"),
        Mutation("fade", fade, "skipped frame"),
        Mutation("palette", palette_edits, "palette index"),
        Mutation("ending", ending, weight=SELDOM),
    ),
    sides=(32, 40, 48, 64, 64, 64),
    weight=12,
)
