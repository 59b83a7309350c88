"""GIF files: screens, palettes, frames and what stands between them."""

import struct
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from PIL import Image
from tests.helpers.crafted import blocks, gif_pixels
from tests.shown.formats import lzw
from tests.shown.formats.drafts import ANYWHERE, SELDOM, Kind, Mutation, Tail, picture


@dataclass
class GifFrame:
    levels: Any
    at: tuple[int, int] = (0, 0)
    size: tuple[int, int] | None = None
    palette: bytes = b""
    disposal: int = 0
    transparent: int | None = None
    delay: int = 10
    controlled: bool = True
    interlaced: bool = False
    code_size: int = 8
    cut: float = 1.0
    packed_by: int | None = None
    """What chooses how to compress; else nothing is compressed."""
    before: bytes = b""

    def written(self) -> bytes:
        height, width = self.levels.shape
        flags = self.disposal << 2 | (self.transparent is not None)
        control = b"!\xf9\x04" + struct.pack("<BHBB", flags, self.delay, self.transparent or 0, 0)
        bits = _bits(self.palette)
        place = b"," + struct.pack("<HHHH", *self.at, *(self.size or (width, height)))
        place += bytes([(0x80 | bits if self.palette else 0) | 0x40 * self.interlaced])
        levels = self.levels
        if self.interlaced:
            rows = [*range(0, height, 8), *range(4, height, 8), *range(2, height, 4), *range(1, height, 2)]
            levels = levels[rows]
        if self.packed_by is not None:
            packed = lzw.compressed(levels.ravel().tolist(), Random(self.packed_by))
        else:
            written = gif_pixels(levels)
            packed = b"".join(written[at + 1 : at + 1 + written[at]] for at in range(1, len(written) - 1, 256))
        data = bytes([self.code_size]) + b"".join(blocks(packed[: int(len(packed) * self.cut)])) + b"\0"
        return self.before + (control if self.controlled else b"") + place + self.palette + data


@dataclass
class Gif:
    screen: tuple[int, int]
    palette: bytes
    frames: list[GifFrame]
    background: int = 0
    version: bytes = b"89a"
    flags: int = 0
    after: bytes = b";"
    tail: Tail = field(default_factory=Tail)

    def file(self) -> bytes:
        flags = (0xF0 | _bits(self.palette) if self.palette else 0x70) | self.flags
        head = b"GIF" + self.version + struct.pack("<HHBBB", *self.screen, flags, self.background, 0) + self.palette
        return self.tail.applied(head + b"".join(frame.written() for frame in self.frames) + self.after)


def _bits(palette: bytes) -> int:
    return max(0, (len(palette) // 3 - 1).bit_length() - 1)


def _padded(palette: bytes) -> bytes:
    return palette.ljust(3 * (2 << _bits(palette)), b"\0")


def draft(random: Random, side: int) -> Gif:
    count = random.choice([1, 1, 2, 3, 5, 9])
    first = picture(random, side)
    base = first.quantize(random.choice([4, 16, 100, 256]))
    palette = _padded(bytes(base.getpalette("RGB") or [0, 0, 0, 255, 255, 255]))
    frames = [GifFrame(np.asarray(base), delay=random.choice([0, 1, 5, 10, 100]))]
    for _ in range(count - 1):
        levels = np.asarray(picture(random, side).resize(first.size).quantize(palette=base, dither=Image.Dither.NONE))
        left, top = random.randrange(first.width), random.randrange(first.height)
        full = random.random() < 0.5
        frames.append(
            GifFrame(
                levels if full else levels[top:, left:],
                (0, 0) if full else (left, top),
                disposal=random.choice([0, 0, 1, 2, 3]),
                transparent=random.choice([None, None, int(levels[0, 0])]),
                delay=random.choice([0, 1, 5, 10, 100]),
            )
        )
    return Gif(first.size, palette, frames)


def no_palettes(gif: Gif, random: Random) -> None:
    if len(gif.frames) > 1 and random.random() < 0.5:
        for frame in gif.frames[1:]:
            frame.palette = gif.palette if random.random() < 0.7 else b""
    gif.palette = b""


def short_palette(gif: Gif, random: Random) -> None:
    gif.palette = gif.palette[: 3 * random.choice([2, 4, 8, 16, 32, 64])]


def local_palette(gif: Gif, random: Random) -> None:
    for frame in gif.frames:
        if random.random() < 0.6:
            frame.palette = random.randbytes(3 * random.choice([2, 4, 8, 64, 256]))


def background(gif: Gif, random: Random) -> None:
    gif.background = random.randrange(256)
    gif.screen = tuple(side + random.choice([0, 8, 40]) for side in gif.screen)  # type: ignore[assignment]


def screen(gif: Gif, random: Random) -> None:
    gif.screen = tuple(max(0, side + random.choice([-20, -1, 1, 30, -side])) for side in gif.screen)  # type: ignore[assignment]


def offsets(gif: Gif, random: Random) -> None:
    for frame in random.sample(gif.frames, random.randint(1, len(gif.frames))):
        frame.at = (random.choice([0, 5, 30, 150]), random.choice([0, 5, 30]))


def frame_size(gif: Gif, random: Random) -> None:
    frame = random.choice(gif.frames)
    height, width = frame.levels.shape
    frame.size = random.choice([(0, 0), (width, 0), (width + 9, height), (width, height + 9), (width - 1, height)])
    frame.size = (max(0, frame.size[0]), frame.size[1])


def controls(gif: Gif, random: Random) -> None:
    for frame in gif.frames:
        frame.disposal = random.randrange(8)
        frame.transparent = random.choice([None, 0, random.randrange(256), int(frame.levels[0, 0])])
        frame.delay = random.choice([0, 1, 2, 10, 60000])
        frame.controlled = random.random() < 0.9


def thin(gif: Gif, random: Random) -> None:
    """Frames of few rows or of one column, interlaced or not."""
    for frame in gif.frames:
        rows, columns = random.choice([(1, None), (1, None), (2, None), (3, None), (None, 1), (None, None)])
        frame.levels, frame.interlaced = frame.levels[:rows, :columns], random.random() < 0.6


def long(gif: Gif, random: Random) -> None:
    """Many frames, nearly all alike; one that is not may be on screen longest or shortest."""
    first, count = gif.frames[0], random.choice([18, 40, 80, 200])
    levels = first.levels[:32, :32]
    gif.screen = levels.shape[1::-1]
    gif.frames = [GifFrame(levels, delay=random.choice([2, 3])) for _ in range(count)]
    colours = max(2, len(gif.palette) // 3)
    for at in random.sample(range(count), random.choice([1, 1, 3])):
        other = np.random.default_rng(random.getrandbits(32)).integers(0, colours, (4, 4)).astype(np.uint8)
        odd = np.kron(other, np.ones((8, 8), np.uint8))[: levels.shape[0], : levels.shape[1]]
        gif.frames[at] = GifFrame(odd, delay=2)


def film(gif: Gif, random: Random) -> None:
    """More pictures than anybody judges."""
    numbers = np.random.default_rng(random.getrandbits(32))
    colours = max(2, len(gif.palette) // 3)
    gif.screen = (32, 32)
    gif.frames = [
        GifFrame(np.kron(numbers.integers(0, colours, (4, 4)), np.ones((8, 8))).astype(np.uint8), delay=4)
        for _ in range(random.choice([20, 60, 110]))
    ]


def drift(gif: Gif, random: Random) -> None:
    """A picture that changes a little from frame to frame, until nothing of it is left."""
    levels = gif.frames[0].levels[:32, :32]
    gif.screen = levels.shape[1::-1]
    other = levels[::-1, ::-1]
    gif.frames = [GifFrame(levels, delay=2)]
    across = random.choice([levels.shape[1], 8, 16])
    for row in range(0, levels.shape[0], random.choice([1, 2])):
        gif.frames += [
            GifFrame(other[row : row + 2, left : left + across], (left, row), delay=2)
            for left in range(0, levels.shape[1], across)
        ]
    gif.frames += gif.frames[:1] * random.choice([0, 30])


def between(gif: Gif, random: Random) -> None:
    frame = random.choice(gif.frames)
    frame.before += random.choice(
        [b"\0", b"\0\0\0", b"!\xfe\x05hello\0", b"!\xf9\x04\x01\x05\0\x03\0", b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0",
         b"!\x01\x0c" + bytes(12) + b"\x02hi\0", b"!\xaa\x01x\0", b"xyz", b"!\xf9\x05\x09\x05\0\x03\0\0"]
    )  # fmt: skip


def compression(gif: Gif, random: Random) -> None:
    for frame in gif.frames:
        frame.packed_by = random.getrandbits(32)


def pixels(gif: Gif, random: Random) -> None:
    frame = random.choice(gif.frames)
    match random.randrange(3):
        case 0:
            frame.cut = random.choice([0.1, 0.5, 0.9, 0.99])
        case 1:
            frame.code_size = random.choice([7, 9, 11, 12, 0])
        case _:
            frame.interlaced = True


def _set(name: str, values: list[object]) -> Mutation:
    return Mutation(name, lambda gif, random: setattr(gif, name, random.choice(values)))


KIND = Kind(
    "GIF",
    "gif",
    draft,
    (
        *ANYWHERE,
        Mutation("no palettes", no_palettes, "palette index"),
        Mutation("short palette", short_palette, "palette index"),
        Mutation("local palette", local_palette, "palette index"),
        Mutation("background", background),
        Mutation("screen", screen),
        Mutation("offsets", offsets),
        Mutation("frame size", frame_size, weight=SELDOM),
        Mutation("controls", controls),
        Mutation("thin frames", thin, weight=SELDOM),
        Mutation("many frames", long, "skipped frame"),
        Mutation("film", film, "skipped frame"),
        Mutation("drift", drift, "skipped frame"),
        Mutation("between frames", between),
        Mutation("compression", compression),
        Mutation("pixels", pixels),
        _set("version", [b"87a"]),
        _set("flags", [0x08, 0x07]),
        _set("after", [b"", b"\0;", b";;", b"!", b";" + bytes(20)]),
    ),
    sides=(32, 40, 48, 64, 64, 64),
    weight=16,
)
