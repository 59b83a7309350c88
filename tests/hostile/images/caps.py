"""Images as large as their kind may be, or a little larger."""

import struct
import zlib
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from PIL import Image
from tests.helpers.avif import profile_box
from tests.helpers.crafted import (
    COLOUR,
    COLOUR_ALPHA,
    GREY,
    GREY_ALPHA,
    bmp,
    chunk,
    png,
)
from tests.helpers.heic import coded, deep, flat, grid_of
from tests.helpers.support import encoded
from tests.hostile.images.catalogue import add, hostile
from tests.hostile.images.making import (
    EXIF,
    INKS,
    TABLE,
    photo,
    predicted,
    zeros,
)

from moderate.images.heif.pictures import CodedPicture
from moderate.images.limits import (
    TooManyPixels,
)


def at_cap(name: str, mode: str, size: tuple[int, int], image_format: str, *, patch: int = 4, **options: Any) -> None:
    """Adds noise, which takes longest to decode."""
    add(
        f"{name} at its cap", lambda: encoded(photo(mode, size, patch=patch), image_format, **options), None, heavy=True
    )


at_cap("baseline JPEG", "RGB", (8000, 6250), "JPEG", quality=20)
at_cap("narrow JPEG", "RGB", (447, 65_500), "JPEG", quality=50)
at_cap("CMYK JPEG", "CMYK", (5000, 4000), "JPEG", quality=10)
at_cap("narrow CMYK JPEG", "CMYK", (447, 50_000), "JPEG", quality=10)
at_cap("progressive JPEG", "RGB", (5000, 4800), "JPEG", quality=30, progressive=True, subsampling=0)
at_cap("narrow progressive JPEG", "RGB", (447, 53_690), "JPEG", quality=30, progressive=True, subsampling=0)
at_cap("progressive CMYK JPEG", "CMYK", (5000, 4000), "JPEG", quality=10, progressive=True)
at_cap("narrow progressive CMYK JPEG", "CMYK", (447, 44_700), "JPEG", quality=10, progressive=True)
at_cap("RGB PNG", "RGB", (6000, 4500), "PNG", compress_level=1)
at_cap("RGBA PNG", "RGBA", (6000, 4500), "PNG", compress_level=6)
at_cap("wide RGBA PNG", "RGBA", (65_535, 411), "PNG", compress_level=6)
at_cap("widest RGBA PNG for libvips", "RGBA", (16_384, 1647), "PNG", compress_level=6)
at_cap("LA PNG", "LA", (6000, 4500), "PNG", compress_level=1)
at_cap("palette PNG", "P", (6000, 4500), "PNG", transparency=bytes(range(256)), compress_level=1)
at_cap("BMP of two colours", "1", (6000, 4500), "BMP")
at_cap("GIF", "P", (4000, 3750), "GIF")
at_cap("WebP", "RGB", (6000, 4000), "WEBP", method=0, quality=70)
at_cap("WebP with alpha", "RGBA", (6000, 4000), "WEBP", method=0, quality=30)
at_cap("lossless WebP", "RGBA", (6000, 4000), "WEBP", patch=8, method=2, lossless=True, quality=0)
at_cap("lossless WebP of many bytes", "RGBA", (5000, 3400), "WEBP", method=0, lossless=True, quality=0)
at_cap("AVIF", "RGB", (4000, 3750), "AVIF", speed=10, quality=60)
at_cap("AVIF with alpha", "RGBA", (4000, 3750), "AVIF", speed=10, quality=43, subsampling="4:2:0")


at_cap("narrow JPEG through a table", "RGB", (447, 27_400), "JPEG", quality=50, icc_profile=TABLE)
# Inks are drawn through their profile in two ways, so that they may have half of the pixels.
at_cap("narrow CMYK JPEG through a table", "CMYK", (447, 13_690), "JPEG", quality=10, icc_profile=INKS)
at_cap("JPEG through a table", "RGB", (3500, 3500), "JPEG", quality=20, icc_profile=TABLE)
at_cap("RGB PNG through a table", "RGB", (3500, 3500), "PNG", compress_level=1, icc_profile=TABLE)
at_cap("WebP through a table", "RGBA", (3080, 3080), "WEBP", method=0, quality=60, icc_profile=TABLE)
at_cap(
    "lossless WebP through a table", "RGBA", (2970, 2970), "WEBP", method=0, lossless=True, quality=0, icc_profile=TABLE
)
# Of halved colours, two pictures are drawn.
at_cap("AVIF through a table", "RGB", (2460, 2460), "AVIF", speed=10, quality=38, icc_profile=TABLE)


@cache
def noise(patch: int, **options: Any) -> CodedPicture:
    return coded(photo("RGB", (512, 512), patch=patch), **options)


def heic_at_cap(name: str, tile: Callable[[], CodedPicture], columns: int, rows: int, *properties: bytes) -> None:
    add(f"HEIC {name} at its cap", lambda: grid_of(tile(), columns, rows, *properties), None, heavy=True)


heic_at_cap("of flat tiles", lambda: flat(side=512), 10, 11)
heic_at_cap("of small tiles", flat, 50, 40)
for patch, quality, columns, rows in ((8, 1, 10, 10), (4, 1, 9, 9), (4, 20, 8, 7), (4, 50, 6, 6), (4, 80, 4, 6)):
    heic_at_cap(
        f"of noise, quality {quality}, patches of {patch}",
        partial(noise, patch, quality=quality),
        columns,
        rows,
    )
for patch, quality, columns, rows in ((8, 1, 10, 4), (4, 20, 9, 3), (4, 50, 7, 2), (4, 80, 3, 3)):
    heic_at_cap(
        f"of all colours, quality {quality}, patches of {patch}",
        partial(noise, patch, quality=quality, chroma=444),
        columns,
        rows,
    )
heic_at_cap("through a table", partial(noise, 4, quality=20), 4, 5, profile_box(TABLE))
at_cap("HEIC in one piece", "RGB", (4000, 4000), "HEIF", quality=5, exif=None, enc_params={"preset": "superfast"})
at_cap("HEIC with alpha", "RGBA", (2400, 2400), "HEIF", quality=20, exif=None, enc_params={"preset": "superfast"})
add(
    "HEIC of 10 bits and all colours at its cap",
    lambda: deep(photo("RGB", (2450, 2450)), chroma=444, quality=20),
    None,
    heavy=True,
)
add(
    "flat HEIC of 10 bits and all colours at its cap",
    lambda: deep(Image.new("RGB", (3000, 3000), "teal"), chroma=444),
    None,
    heavy=True,
)


@hostile(None, heavy=True)
def png_of_zeros_at_its_cap_through_a_table_and_a_gamma() -> bytes:
    # Three pictures are drawn of it, two by curves, so that it may have half of the pixels.
    whole = zeros(2210, 2210, 8, COLOUR_ALPHA)
    shown = chunk(b"iCCP", b"x\0\0" + zlib.compress(TABLE)) + chunk(b"gAMA", (200_000).to_bytes(4, "big"))
    return whole[:33] + shown + whole[33:]


add("PNG of predicted rows at its cap", partial(predicted, 411, 65_535, 8), None, heavy=True)
add("PNG of predicted rows at its cap, 16 bits", partial(predicted, 305, 65_535, 16), None, heavy=True)
add("PNG of 25 MP, 16 bits", partial(zeros, 5000, 5000, 16, COLOUR_ALPHA), TooManyPixels, heavy=True)


@hostile(None, heavy=True)
def jpeg_without_its_end_at_its_cap() -> bytes:
    """It is decoded twice, and drawn with transparent rows too."""
    return encoded(photo("RGB", (5000, 5000)), "JPEG", quality=40)[:-2]


@hostile(None, heavy=True)
def png_of_predicted_rows_at_its_cap_with_wrong_checksums() -> bytes:
    return with_wrong_checksums(predicted(136, 65_535, 8))


@hostile(TooManyPixels, heavy=True)
def png_of_predicted_rows_above_its_cap_with_wrong_checksums() -> bytes:
    return with_wrong_checksums(predicted(457, 65_535, 8))


def with_wrong_checksums(whole: bytes) -> bytes:
    return whole[:-20] + bytes(8) + whole[-12:]


@hostile(None, heavy=True)
def png_with_a_transparent_colour_in_16_bits_at_its_cap() -> bytes:
    levels = np.random.default_rng(0).integers(0, 0x10000, (2828, 200, 3)).repeat(14, 1)
    return png(levels, 16, COLOUR, chunk(b"tRNS", struct.pack(">3H", *levels[0, 0].tolist())))


add(
    "PNG of 12.6 MP through a table",
    lambda: encoded(photo("RGB", (3600, 3500)), "PNG", compress_level=1, icc_profile=TABLE),
    TooManyPixels,
    heavy=True,
)
for depth, colour in ((1, GREY), (16, GREY), (8, COLOUR), (16, COLOUR), (8, COLOUR_ALPHA), (16, COLOUR_ALPHA)):
    add(
        f"PNG of zeros at its cap, colour type {colour}, {depth} bits",
        partial(zeros, 5000, 4000 if depth == 16 else 5400, depth, colour),
        None,
        heavy=True,
    )
add("interlaced PNG at its cap", partial(zeros, 6000, 4500, 8, COLOUR_ALPHA, interlaced=True), None, heavy=True)
add("PNG of 1 x 30,000,000", partial(zeros, 1, 30_000_000, 8, GREY_ALPHA), TooManyPixels, heavy=True)
add("PNG of 30,000,000 x 1", partial(zeros, 30_000_000, 1, 8, GREY_ALPHA), TooManyPixels, heavy=True)
add("PNG of 411 x 65,535", partial(zeros, 411, 65_535, 8, GREY_ALPHA), None, heavy=True)
add("PNG of 65,535 x 411", partial(zeros, 65_535, 411, 8, GREY_ALPHA), None, heavy=True)
add("PNG of 1 x 65,535", partial(zeros, 1, 65_535, 8, COLOUR_ALPHA), None)


@hostile(None, heavy=True)
def lossless_webp_that_denies_its_transparency_at_its_cap() -> bytes:
    whole = encoded(photo("RGBA", (2236, 2236)), "WEBP", method=0, lossless=True, quality=0, exif=EXIF[1])
    return whole[:20] + bytes([whole[20] & ~0x10]) + whole[21:]


@hostile(None, heavy=True)
def bmp_of_10_mb_of_pixels_with_masks() -> bytes:
    masks = struct.pack("<4I", 0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)
    return bmp(bytes(range(256)) * 39_000, (1600, 1560), 32, compression=3, masks=masks)
