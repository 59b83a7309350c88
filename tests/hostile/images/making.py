"""Makes pictures and files of which hostile images consist."""

import struct
import zlib
from functools import cache
from itertools import cycle, islice, pairwise

import numpy as np
from PIL import Image
from tests.helpers.crafted import (
    COLOUR,
    COLOUR_ALPHA,
    GREY,
    GREY_ALPHA,
    GREYS,
    PALETTE,
    chunk,
    jpeg_segment,
    png_header,
)
from tests.helpers.profiles import table_profile
from tests.helpers.support import encoded


@cache
def photo(mode: str = "RGB", size: tuple[int, int] = (320, 240), *, patch: int = 4, seed: int = 0) -> Image.Image:
    """Returns noise in patches, which compresses as a photo does."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    shape = size[1] // patch + 1, size[0] // patch + 1, bands
    levels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    enlarged = levels.repeat(patch, 0).repeat(patch, 1)[: size[1], : size[0]].squeeze()
    image = Image.frombytes(mode, size, enlarged.tobytes())
    if mode == "P":
        image.putpalette(GREYS)
    return image


GOOD = encoded(photo(), "JPEG", quality=80)
DOT = np.zeros((1, 1), int)
GREY_SQUARE = np.full((32, 32), 128)


PROFILE = bytes(range(256)) * (5_000_000 // 256)
EXIF = {turn: photo().getexif() for turn in range(1, 9)}
for turn, exif in EXIF.items():
    exif[0x0112] = turn

# A table of colours is slower than curves, and is always drawn.
TABLE = table_profile(b"RGB ", [(85 * number.bit_count(), 128, 128) for number in range(8)])
INKS = table_profile(b"CMYK", [(17 * number, 128, 128) for number in range(16)])


def zeros(width: int, height: int, depth: int = 1, colour: int = GREY, *, interlaced: bool = False) -> bytes:
    """Returns a PNG of nothing but zeros. With Adam7's seven passes it has a few bytes more."""
    channels = {GREY: 1, COLOUR: 3, PALETTE: 1, GREY_ALPHA: 2, COLOUR_ALPHA: 4}[colour]
    bits = width * height * depth * channels
    packed = compressed_again(bytes(1 << 20), (bits // 8 + 4 * height + 4096 >> 20) + 1, 9)
    header = bytearray(png_header(width, height, depth, colour))
    header[28] = interlaced
    header[29:33] = struct.pack(">I", zlib.crc32(header[12:29]))
    palette = chunk(b"PLTE", bytes(3)) if colour == PALETTE else b""
    return bytes(header) + palette + chunk(b"IDAT", packed) + chunk(b"IEND")


def compressed_again(part: bytes, times: int, level: int) -> bytes:
    """Returns what zlib makes of a part that comes so many times, of which it compresses but one."""
    squeeze = zlib.compressobj(level, wbits=-zlib.MAX_WBITS)
    block = squeeze.compress(part) + squeeze.flush(zlib.Z_FULL_FLUSH)
    checksum = 1
    for _ in range(times):
        checksum = zlib.adler32(part, checksum)
    return b"\x78\1" + block * times + b"\3\0" + checksum.to_bytes(4)


def predicted(width: int, height: int, depth: int) -> bytes:
    """A PNG with alpha, each row of which is worked out from the one above (Paeth), and with some noise in it."""
    squeeze = zlib.compressobj(1)
    row = np.zeros(1 + width * 4 * depth // 8, np.uint8)
    row[0] = 4
    rows = np.tile(row, (height, 1))
    noisy = rows[:, 1 :: 4 * depth]
    noisy[:] = np.random.default_rng(0).integers(0, 256, noisy.shape, np.uint8)
    packed = squeeze.compress(rows.tobytes()) + squeeze.flush()
    return png_header(width, height, depth, COLOUR_ALPHA) + chunk(b"IDAT", packed) + chunk(b"IEND")


def jpeg_that_says(width: int, height: int) -> bytes:
    start = GOOD.index(b"\xff\xc0")
    return GOOD[: start + 5] + struct.pack(">HH", height, width) + GOOD[start + 9 :]


@cache
def flat_progressive(size: tuple[int, int]) -> bytes:
    return encoded(Image.new("RGB", size, "teal"), "JPEG", progressive=True, quality=60)


def jpeg_of_scans(count: int, size: tuple[int, int] = (4000, 4000)) -> bytes:
    """Each scan but the first states that no block becomes finer, in 60 bytes, and a decoder looks at each block.

    Up to 14 go over all frequencies, and more of them share these out. From 883 on, some replace others.
    """
    flat = flat_progressive(size)
    second = flat.index(b"\xff\xda", flat.index(b"\xff\xda") + 2)
    whole = flat[: flat.rindex(b"\xff\xc4", 0, second)]
    tables = jpeg_segment(0xC4, b"\x10" + b"\1" + bytes(15) + b"\xe0")
    groups = min(63, -(-count // 14))
    ends = [round(63 * group / groups) for group in range(groups + 1)]
    headers = [
        bytes([before + 1, last, 16 * (low + 1) * (low < 13) + low])
        for low in range(13, -1, -1)
        for before, last in pairwise(ends)
    ]
    scans = (b"\xff\xda\0\x08\1\1\0" + header + bytes(60) for header in islice(cycle(headers), count))
    return whole + tables + b"".join(scans) + b"\xff\xd9"


def webp_header(width: int, height: int) -> bytes:
    body = b"VP8L" + struct.pack("<I", 9) + b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(4)
    return b"RIFF" + struct.pack("<I", len(body) + 5) + b"WEBP" + body + b"\0"
