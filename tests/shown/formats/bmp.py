"""BMP files of every header, depth, palette and mask."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import numpy as np
from tests.shown.formats import icc
from tests.shown.formats.drafts import ANYWHERE, SELDOM, Kind, Mutation, Tail, alpha, picture

_INFO, _V4, _V5 = 40, 108, 124
_RGB, _RLE8, _RLE4, _FIELDS = 0, 1, 2, 3


@dataclass
class Bmp:
    size: tuple[int, int]
    bits: int
    pixels: bytes
    palette: bytes = b""
    header: int = _INFO
    top_down: bool = False
    planes: int = 1
    compression: int = _RGB
    colours: int = 0
    masks: tuple[int, int, int, int] | None = None
    space: bytes = b"BGRs"
    calibration: bytes = bytes(48)
    profile: bytes = b""
    offset: int = 0
    between: bytes = b""
    tail: Tail = field(default_factory=Tail)

    def file(self) -> bytes:
        width, height = self.size
        if self.header == 12:
            palette = b"".join(self.palette[at : at + 3] for at in range(0, len(self.palette), 4))
            fields = struct.pack("<IHHHH", 12, width, height, self.planes, self.bits)
        else:
            palette = self.palette
            fields = struct.pack(
                "<IiiHHIIiiII",
                self.header,
                width,
                -height if self.top_down else height,
                self.planes,
                self.bits,
                self.compression,
                len(self.pixels),
                2835,
                2835,
                self.colours,
                0,
            )
        masks = struct.pack("<4I", *(self.masks or (0, 0, 0, 0)))
        further = (masks + self.space + self.calibration).ljust(self.header - 40, b"\0")
        if self.header >= _V5 and self.profile:
            at = self.header + len(palette) + len(self.between) + len(self.pixels)
            further = further[:68] + struct.pack("<IIII", 4, at, len(self.profile), 0)
        if self.header > 12:
            fields += further[: self.header - 40]
        if self.header == _INFO and self.masks:
            fields += masks[:12]
        start = 14 + len(fields) + len(palette) + len(self.between)
        whole = fields + palette + self.between + self.pixels + self.profile
        head = b"BM" + struct.pack("<IHHI", 14 + len(whole), 0, 0, max(0, start + self.offset))
        return self.tail.applied(head + whole)


def draft(random: Random, side: int) -> Bmp:
    image = picture(random, side)
    bits = random.choice([1, 4, 8, 8, 8, 16, 24, 24, 32])
    header = random.choice([12, _INFO, _INFO, _INFO, 52, 56, 64, _V4, _V5])
    if bits <= 8:
        few = image.quantize(random.randint(2, 1 << bits) if bits > 1 else 2)
        colours = few.getpalette("RGB") or []
        entries = [bytes(colours[at : at + 3][::-1]) + b"\0" for at in range(0, len(colours), 3)]
        entries = entries[: 1 << bits] + [b"\0\0\0\0"] * ((1 << bits) - len(entries))
        return Bmp(image.size, bits, _rows(np.asarray(few)[::-1], bits), b"".join(entries), header)
    levels = np.asarray(image)[::-1].astype(np.uint32)
    if bits == 24:
        return Bmp(image.size, bits, _rows(levels[:, :, ::-1].reshape(image.height, -1), 8), header=header)
    if bits == 16:
        packed = (levels[:, :, 0] >> 3) << 10 | (levels[:, :, 1] >> 3) << 5 | levels[:, :, 2] >> 3
        return Bmp(image.size, bits, _rows(packed.astype("<u2").view(np.uint8).reshape(image.height, -1), 8),
                   header=header)  # fmt: skip
    opaque = random.choice([0, 255, 255])
    packed = levels[:, :, 0] << 16 | levels[:, :, 1] << 8 | levels[:, :, 2] | np.uint32(opaque << 24)
    return Bmp(image.size, bits, packed.astype("<u4").tobytes(), header=header)


def _rows(levels: np.ndarray, bits: int) -> bytes:
    if bits < 8:
        unpacked = np.unpackbits(levels.astype(np.uint8)[:, :, np.newaxis], axis=2)[:, :, 8 - bits :]
        levels = np.packbits(unpacked.reshape(levels.shape[0], -1), axis=1)
    padding = -levels.shape[1] % 4
    return np.pad(levels.astype(np.uint8), ((0, 0), (0, padding))).tobytes()


def few_colours(bmp: Bmp, random: Random) -> None:
    bmp.colours = random.randint(1, max(1, (1 << min(bmp.bits, 8)) - 1))
    if random.random() < 0.5:
        bmp.palette = bmp.palette[: 4 * bmp.colours]


def many_colours(bmp: Bmp, random: Random) -> None:
    bmp.colours = random.choice([256, 257, 300, 1 << 16, 0xFFFFFFFF])
    if random.random() < 0.5 and bmp.colours < 1000:
        bmp.palette = bmp.palette.ljust(4 * bmp.colours, b"\x40")


def short_palette(bmp: Bmp, random: Random) -> None:
    bmp.palette = bmp.palette[: 4 * random.randint(0, max(1, len(bmp.palette) // 4))]


def move_pixels(bmp: Bmp, random: Random) -> None:
    bmp.offset = random.choice([-4, -8, -64, -len(bmp.palette), -len(bmp.palette) // 2, 4, 64, -10_000])
    if bmp.offset > 0:
        bmp.between = random.randbytes(bmp.offset) if random.random() < 0.7 else b""
        bmp.offset = 0 if bmp.between else bmp.offset


def set_masks(bmp: Bmp, random: Random) -> None:
    bmp.bits = bmp.bits if bmp.bits in (16, 32) else random.choice([16, 32])
    bmp.compression = random.choice([_FIELDS, _FIELDS, _FIELDS, 6, _RGB])
    bmp.header = random.choice([_INFO, 52, 56, _V4, _V5])
    if bmp.bits == 16:
        bmp.masks = random.choice(
            [(0xF800, 0x7E0, 0x1F, 0), (0x7C00, 0x3E0, 0x1F, 0x8000), (0xF00, 0xF0, 0xF, 0xF000), (0xF, 0xF0, 0xF00, 0)]
        )
    else:
        bmp.masks = random.choice(
            [
                (0xFF0000, 0xFF00, 0xFF, 0),
                (0xFF0000, 0xFF00, 0xFF, 0xFF000000),
                (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
                (0xFF000000, 0xFF0000, 0xFF00, 0),
                (0x3FF00000, 0xFFC00, 0x3FF, 0),
                (0xFF, 0xFF, 0xFF, 0),
                (0, 0, 0, 0),
            ]
        )


def alpha_bytes(bmp: Bmp, random: Random) -> None:
    width, height = bmp.size
    if bmp.bits == 32 and len(bmp.pixels) == 4 * width * height:
        levels = np.frombuffer(bmp.pixels, np.uint8).reshape(height, width, 4).copy()
        levels[:, :, 3] = alpha(random, (height, width))
        bmp.pixels = levels.tobytes()


def reserved_palette_bytes(bmp: Bmp, random: Random) -> None:
    level = random.choice([0, 128, 255])
    bmp.palette = b"".join(bmp.palette[at : at + 3] + bytes([level]) for at in range(0, len(bmp.palette), 4))


def colour_space(bmp: Bmp, random: Random) -> None:
    bmp.header = random.choice([_V4, _V5])
    bmp.space = random.choice([b"BGRs", b" niW", b"\0\0\0\0", b"DEBM", b"KNIL"])
    ends = [int(value * (1 << 30)) for value in (0.64, 0.33, 0.03, 0.3, 0.6, 0.1, 0.15, 0.06, 0.79)]
    if random.random() < 0.4:
        ends = ends[3:] + ends[:3]
    gammas = [int(random.choice([1.0, 1.8, 2.2, 0.2, 5.0]) * 65536)] * 3
    bmp.calibration = struct.pack("<9i3I", *ends, *gammas)


def _profiled(make: Callable[[Random], bytes]) -> Callable[[Bmp, Random], None]:
    def profiled(bmp: Bmp, random: Random) -> None:
        bmp.header, bmp.space, bmp.profile = _V5, b"DEBM", make(random)

    return profiled


def run_lengths(bmp: Bmp, random: Random) -> None:
    if bmp.bits == 8:
        stride = (bmp.size[0] + 3) // 4 * 4
        rows = [bmp.pixels[at : at + bmp.size[0]] for at in range(0, len(bmp.pixels), stride)]
        skipped = b"\0\x02\x03\0" if random.random() < 0.5 else b""
        bmp.pixels = (
            b"".join(skipped + b"".join(bytes([1, level]) for level in row) + b"\0\0" for row in rows) + b"\0\1"
        )
        bmp.compression = _RLE8


def _set(name: str, values: list[object], weight: float = 1.0) -> Mutation:
    return Mutation(name, lambda bmp, random: setattr(bmp, name, random.choice(values)), weight=weight)


KIND = Kind(
    "BMP",
    "bmp",
    draft,
    (
        *ANYWHERE,
        Mutation("few colours", few_colours, "palette index"),
        Mutation("many colours", many_colours, "palette index"),
        Mutation("short palette", short_palette, "palette index"),
        Mutation("pixel offset", move_pixels, "BMP offset"),
        Mutation("masks", set_masks),
        Mutation("alpha bytes", alpha_bytes, "grey page"),
        Mutation("reserved palette bytes", reserved_palette_bytes),
        Mutation("colour space", colour_space, "colour description"),
        Mutation("profile", _profiled(icc.any_profile), "colour description"),
        Mutation("cicp tag", _profiled(icc.numbered), "colour description"),
        Mutation("run lengths", run_lengths, weight=SELDOM),
        _set("top_down", [True]),
        _set("planes", [0, 2, 3]),
        _set("compression", [0, 1, 2, 3, 4, 5, 6], SELDOM),
        _set("header", [12, 40, 52, 56, 64, 108, 124]),
        _set("bits", [1, 2, 4, 8, 16, 24, 32]),
    ),
    weight=10,
)
