"""Makes images that try to crash, stall, bloat or mislead a decoder, and says what each must lead to."""

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import cycle, islice, pairwise
from typing import Any

import numpy as np
from PIL import Image
from tests.helpers.avif import box, full_box
from tests.helpers.crafted import (
    COLOUR,
    COLOUR_ALPHA,
    GREY,
    GREY_ALPHA,
    GREYS,
    PALETTE,
    Control,
    GifFrame,
    animated,
    apng,
    bmp,
    chunk,
    film,
    gif,
    gif_frame,
    gif_head,
    jpeg_segment,
    jpeg_with,
    png,
    png_header,
    png_pixels,
)
from tests.helpers.profiles import table_profile
from tests.helpers.support import encoded

from moderate.images.limits import (
    MAX_VIEWS_OF_CALL,
    TooManyFrames,
    TooManyPixels,
    UndecodableImage,
    UnsupportedFormat,
)
from modest.errors import PublicError


@dataclass(frozen=True)
class Hostile:
    make: Callable[[], bytes]
    refusal: type[PublicError] | None
    """The error that it must lead to; None if it is judged."""
    heavy: bool
    """Whether it takes noticeable time or memory to make or to judge."""


HOSTILE: dict[str, Hostile] = {}

Make = Callable[[], bytes]


def hostile(refusal: type[PublicError] | None, *, heavy: bool = False) -> Callable[[Make], Make]:
    def register(make: Make) -> Make:
        add(make.__name__.replace("_", " "), make, refusal, heavy=heavy)
        return make

    return register


def add(name: str, make: Make, refusal: type[PublicError] | None, *, heavy: bool = False) -> None:
    HOSTILE[name] = Hostile(make, refusal, heavy)


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


@hostile(TooManyPixels)
def png_header_of_100000_x_100000() -> bytes:
    return png_header(100_000, 100_000) + chunk(b"IDAT", png_pixels(DOT)) + chunk(b"IEND")


@hostile(TooManyPixels)
def png_zeros_of_36_megapixels() -> bytes:
    return zeros(6000, 6000)


@hostile(None)
def png_of_20_texts_of_50_mb() -> bytes:
    return png(GREY_SQUARE, before=chunk(b"zTXt", b"text\0\0" + zlib.compress(bytes(50_000_000), 9)) * 20)


@hostile(None, heavy=True)
def png_with_a_profile_of_200_mb() -> bytes:
    return png(GREY_SQUARE, before=chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(200_000_000))))


def with_profile_of_tags(tags: Sequence[tuple[bytes, int, int]], content: bytes) -> bytes:
    """tags: a name each, a place behind the list of tags, and a length."""
    start = 132 + 12 * len(tags)
    head = struct.pack(">I12x4s4s12x4s", start + len(content), b"RGB ", b"XYZ ", b"acsp").ljust(128, b"\0")
    index = b"".join(struct.pack(">4sII", name, start + place, length) for name, place, length in tags)
    profile = head + struct.pack(">I", len(tags)) + index + content
    return png(GREY_SQUARE, before=chunk(b"iCCP", b"x\0\0" + zlib.compress(profile)))


@hostile(None)
def png_with_a_profile_of_1000_tags_of_15_mb() -> bytes:
    return with_profile_of_tags([(struct.pack(">I", tag), 0, 15_000_000) for tag in range(1000)], bytes(15_000_000))


@hostile(UndecodableImage)
def png_with_a_profile_of_100000_tags() -> bytes:
    return with_profile_of_tags([(struct.pack(">I", tag), 0, 15_000_000) for tag in range(100_000)], bytes(9_000_000))


@hostile(UndecodableImage)
def png_with_a_curve_of_7000000_points() -> bytes:
    curve = b"curv\0\0\0\0" + struct.pack(">I", 7_000_000) + bytes(14_000_000)
    return with_profile_of_tags([(name, 0, len(curve)) for name in (b"rTRC", b"gTRC", b"bTRC")], curve)


@hostile(UndecodableImage)
def png_of_200000_texts() -> bytes:
    return png(GREY_SQUARE, before=chunk(b"tEXt", b"a\0b") * 200_000)


@hostile(None)
def png_whose_text_poses_as_its_header() -> bytes:
    return png(GREY_SQUARE, before=chunk(b"tEXt", b"interlace\0" + b"1") + chunk(b"tEXt", b"transparency\0" + b"1"))


@hostile(UndecodableImage, heavy=True)
def png_of_600000_empty_pixel_chunks() -> bytes:
    pixels = chunk(b"IDAT") * 600_000 + chunk(b"IDAT", png_pixels(GREY_SQUARE))
    return png_header(32, 32) + pixels + chunk(b"IEND")


@hostile(UndecodableImage)
def png_whose_transparency_hides_it_from_pillow_alone() -> bytes:
    return png(GREY_SQUARE, 8, PALETTE, chunk(b"PLTE", GREYS), after=chunk(b"tRNS", bytes(256)))


@hostile(UndecodableImage)
def apng_of_4_billion_frames() -> bytes:
    return png_header(1, 1) + chunk(b"acTL", b"\xff" * 8) + chunk(b"IDAT", png_pixels(DOT)) + chunk(b"IEND")


@hostile(TooManyFrames, heavy=True)
def apng_of_6000_frames() -> bytes:
    return apng([(DOT, Control())] * 6_000)


@hostile(None, heavy=True)
def apng_of_1000_frames_with_exif_of_5_mb() -> bytes:
    return apng([(DOT, Control())] * 1000, before=chunk(b"eXIf", bytes(5_000_000)))


@hostile(UndecodableImage)
def apng_with_a_palette_of_5_mb() -> bytes:
    return apng([(DOT, Control())] * 100, PALETTE, before=chunk(b"PLTE", bytes(5_000_001)))


@hostile(TooManyPixels)
def apng_canvas_of_65535_x_65535() -> bytes:
    head = png_header(65535, 65535) + chunk(b"acTL", struct.pack(">II", 1, 0))
    control = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 65535, 65535, 0, 0, 1, 10, 0, 0))
    return head + control + chunk(b"IDAT", png_pixels(DOT)) + chunk(b"IEND")


@hostile(TooManyPixels)
def gif_screen_of_65535_x_65535() -> bytes:
    return gif([GifFrame(DOT)], (65535, 65535))


@hostile(TooManyPixels)
def gif_frame_of_65535_x_65535() -> bytes:
    return gif([GifFrame(DOT)], (1, 1)).replace(b"\x01\0\x01\0\0", b"\xff\xff\xff\xff\0")


@hostile(TooManyPixels)
def gif_second_frame_of_65535_x_65535() -> bytes:
    large = gif_frame(GifFrame(DOT, disposal=2)).replace(b"\x01\0\x01\0\0", b"\xff\xff\xff\xff\0")
    return gif_head((1, 1)) + gif_frame(GifFrame(DOT)) + large + b";"


@hostile(TooManyFrames)
def gif_of_20000_frames() -> bytes:
    return gif_head((1, 1)) + gif_frame(GifFrame(DOT)) * 20_000 + b";"


@hostile(UndecodableImage, heavy=True)
def gif_of_4_million_blocks() -> bytes:
    return gif_head((1, 1)) + gif_frame(GifFrame(DOT)) + b"!\xfe" + b"\x01a" * 4_000_000


@hostile(TooManyPixels)
def bmp_header_of_60000_x_60000() -> bytes:
    return bmp(b"", (60_000, 60_000), 24)


@hostile(UnsupportedFormat, heavy=True)
def bmp_of_4_million_runs() -> bytes:
    return bmp(b"\1\1" * 4_000_000, (100, 100), 8, palette=bytes(1024), colours=256, compression=1)


@hostile(TooManyPixels)
def jpeg_that_says_65500_x_65500() -> bytes:
    return jpeg_that_says(65500, 65500)


@hostile(None)
def jpeg_that_says_6000_x_6000() -> bytes:
    """Every viewer shows what there is of it, and grey for the rest."""
    return jpeg_that_says(6000, 6000)


@hostile(UndecodableImage)
def jpeg_of_1000_scans() -> bytes:
    return jpeg_of_scans(1000)


@hostile(UndecodableImage)
def jpeg_of_10000_scans() -> bytes:
    return jpeg_of_scans(10_000)


@hostile(TooManyPixels)
def jpeg_of_99_scans_above_its_cap() -> bytes:
    return jpeg_of_scans(98, (2134, 2133))


@hostile(None, heavy=True)
def jpeg_of_99_scans_at_its_cap() -> bytes:
    return jpeg_of_scans(98, (2133, 2133))


@hostile(None, heavy=True)
def jpeg_of_18_scans_at_its_cap() -> bytes:
    return jpeg_of_scans(17, (5000, 5000))


@hostile(TooManyPixels)
def jpeg_of_50_megapixels_one_colour_at_a_time() -> bytes:
    """It looks like a baseline JPEG, and is held whole in memory like a progressive one."""
    whole = jpeg_that_says(7000, 7000)
    scan = whole.index(b"\xff\xda")
    return whole[:scan] + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + whole[scan + 14 :]


@hostile(UndecodableImage, heavy=True)
def jpeg_of_2400000_empty_segments() -> bytes:
    return jpeg_with(GOOD, b"\xff\xe0\0\2" * 2_400_000)


@hostile(UndecodableImage, heavy=True)
def jpeg_of_150_exifs_that_turn_it_5400_times() -> bytes:
    entries = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) * 5400
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 5400) + entries
    return jpeg_with(GOOD, jpeg_segment(0xE1, exif) * 150)


@hostile(UndecodableImage, heavy=True)
def gif_of_3000000_empty_extensions() -> bytes:
    return gif_head((1, 1)) + b"!\xfe\0" * 3_000_000 + gif_frame(GifFrame(DOT)) + b";"


@hostile(UndecodableImage, heavy=True)
def webp_of_1200000_empty_chunks() -> bytes:
    whole = encoded(photo(), "WEBP", icc_profile=PROFILE[:100]) + b"JUNK\0\0\0\0" * 1_200_000
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


AVIF_TYPE = box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf")


@hostile(UndecodableImage, heavy=True)
def avif_of_1200000_empty_boxes() -> bytes:
    return AVIF_TYPE + box(b"free") * 1_200_000


def avif_of_an_item(places: bytes, uses: bytes) -> bytes:
    properties = box(b"iprp", box(b"ipco", box(b"free")), full_box(b"ipma", uses))
    return AVIF_TYPE + full_box(b"meta", full_box(b"pitm", b"\0\1"), box(b"iloc", places), properties)


@hostile(UndecodableImage)
def avif_of_items_in_millions_of_empty_parts() -> bytes:
    places = b"\1\0\0\0" + b"\0\0\0\x96" + struct.pack(">HHHH", 2, 0, 0, 65_535) * 150
    return avif_of_an_item(places, bytes(4))


@hostile(UndecodableImage, heavy=True)
def avif_of_items_with_ten_million_properties() -> bytes:
    uses = struct.pack(">I", 39_000) + (b"\0\1\xff" + b"\1" * 255) * 39_000
    return avif_of_an_item(b"", uses)


@hostile(UndecodableImage)
def avif_of_an_item_that_repeats_the_file_1000_times() -> bytes:
    places = b"\1\0\0\0" + b"\0\0\0\1" + struct.pack(">HHHH", 1, 0, 0, 1000)
    return avif_of_an_item(places, bytes(4)) + box(b"mdat", bytes(5_000_000))


@hostile(TooManyPixels)
def webp_header_of_6300_x_6300() -> bytes:
    return webp_header(6300, 6300)


@hostile(TooManyPixels)
def webp_header_of_16383_x_16383() -> bytes:
    return webp_header(16383, 16383)


@hostile(TooManyPixels)
def webp_canvas_of_16_million_squared() -> bytes:
    body = b"VP8X" + struct.pack("<IB3x", 10, 0) + b"\xff" * 6
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


@hostile(UnsupportedFormat)
def tiff_that_points_to_itself() -> bytes:
    return b"II*\0\x08\0\0\0" + b"\0\0" + b"\x08\0\0\0"


def zeros(width: int, height: int, depth: int = 1, colour: int = GREY, *, interlaced: bool = False) -> bytes:
    """Returns a PNG of nothing but zeros. With Adam7's seven passes it has a few bytes more."""
    channels = {GREY: 1, COLOUR: 3, PALETTE: 1, GREY_ALPHA: 2, COLOUR_ALPHA: 4}[colour]
    bits = width * height * depth * channels
    squeeze = zlib.compressobj(9)
    packed = b"".join(squeeze.compress(bytes(1 << 20)) for _ in range((bits // 8 + 4 * height + 4096 >> 20) + 1))
    header = bytearray(png_header(width, height, depth, colour))
    header[28] = interlaced
    header[29:33] = struct.pack(">I", zlib.crc32(header[12:29]))
    palette = chunk(b"PLTE", bytes(3)) if colour == PALETTE else b""
    return bytes(header) + palette + chunk(b"IDAT", packed + squeeze.flush()) + chunk(b"IEND")


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


def given(data: bytes) -> Make:
    return lambda: data


for name, content in {
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
    "PDF": b"%PDF-1.7\n",
    "FITS": b"SIMPLE  =                    T",
    "ICO": b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\0\0\0\0\x16\0\0\0",
    "HTML": b"<!doctype html><title>Not found</title>",
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "TIFF": encoded(photo(), "TIFF"),
    "nothing at all": b"",
}.items():
    add(name, given(content), UnsupportedFormat)


PROFILE = bytes(range(256)) * (5_000_000 // 256)
EXIF = {turn: photo().getexif() for turn in range(1, 9)}
for turn, exif in EXIF.items():
    exif[0x0112] = turn

for name, content in {
    "JPEG with a profile of 5 MB": encoded(photo(), "JPEG", icc_profile=PROFILE),
    "PNG with a profile of 5 MB": encoded(photo(), "PNG", icc_profile=PROFILE),
    "WebP with a profile of 5 MB": encoded(photo(), "WEBP", icc_profile=PROFILE),
    "PNG with a ZIP behind it": encoded(photo(), "PNG") + b"PK\x05\x06" + bytes(18),
    "CMYK JPEG": encoded(photo("CMYK"), "JPEG"),
    "palette PNG": encoded(photo("P"), "PNG"),
    "palette PNG with transparency": encoded(photo("P"), "PNG", transparency=bytes(range(256))),
    "RGB PNG with a transparent colour": encoded(photo(), "PNG", transparency=(0, 0, 0)),
    "LA PNG": encoded(photo("LA"), "PNG"),
    "RGBA PNG": encoded(photo("RGBA"), "PNG"),
    "16-bit grey PNG": png(GREY_SQUARE * 257, 16),
    "16-bit RGB PNG": png(np.dstack([GREY_SQUARE * 257] * 3), 16, COLOUR),
    "16-bit LA PNG": png(np.dstack([GREY_SQUARE * 257] * 2), 16, GREY_ALPHA),
    "16-bit RGBA PNG": png(np.dstack([GREY_SQUARE * 257] * 4), 16, COLOUR_ALPHA),
    "APNG with a default image": apng([(GREY_SQUARE, Control())], default=GREY_SQUARE // 2),
    "50000 x 1": encoded(Image.new("RGB", (50_000, 1)), "PNG"),
    "1 x 50000": encoded(Image.new("RGB", (1, 50_000)), "JPEG"),
    "1 x 1": encoded(Image.new("RGB", (1, 1)), "GIF"),
    **{f"JPEG of orientation {turn}": encoded(photo(), "JPEG", exif=exif) for turn, exif in EXIF.items()},
}.items():
    add(name, given(content), None)


ACCEPTED: dict[str, bytes] = {
    "JPEG": GOOD,
    "progressive JPEG": encoded(photo(), "JPEG", progressive=True),
    "PNG": encoded(photo(), "PNG"),
    "GIF": encoded(photo("P"), "GIF"),
    "BMP": encoded(photo(), "BMP"),
    "WebP": encoded(photo(), "WEBP"),
    "lossless WebP": encoded(photo(), "WEBP", lossless=True),
    "AVIF": encoded(photo(), "AVIF", speed=10),
}
SHOTS = [photo().rotate(turn) for turn in range(0, 90, 5)]
ANIMATED: dict[str, bytes] = {
    "animated GIF": animated([shot.quantize(64) for shot in SHOTS], "GIF", [40] * len(SHOTS)),
    "animated PNG": animated(SHOTS, "PNG", [40] * len(SHOTS)),
    "animated WebP": animated(SHOTS, "WEBP", [40] * len(SHOTS)),
    "animated AVIF": animated(SHOTS, "AVIF", [40] * len(SHOTS)),
}
for name, content in (ACCEPTED | ANIMATED).items():
    add(f"{name}, cut after its header", given(content[:40]), UndecodableImage)
    add(f"{name}, cut in half", given(content[: len(content) // 2]), UndecodableImage)
    add(f"{name}, cut 2 bytes before its end", given(content[:-2]), UndecodableImage)
for name, content in ANIMATED.items():
    middle = len(content) // 2
    add(f"{name} with a bad frame", given(content[:middle] + content[middle + 500 :]), UndecodableImage)


def at_cap(name: str, mode: str, size: tuple[int, int], image_format: str, **options: Any) -> None:
    """Returns noise, which takes longest to decode."""
    add(f"{name} at its cap", lambda: encoded(photo(mode, size), image_format, **options), None, heavy=True)


at_cap("baseline JPEG", "RGB", (8000, 6250), "JPEG", quality=20)
at_cap("narrow JPEG", "RGB", (447, 65_500), "JPEG", quality=50)
at_cap("CMYK JPEG", "CMYK", (5000, 4000), "JPEG", quality=10)
at_cap("narrow CMYK JPEG", "CMYK", (447, 50_000), "JPEG", quality=10)
at_cap("progressive JPEG", "RGB", (5000, 5000), "JPEG", quality=30, progressive=True, subsampling=0)
at_cap("narrow progressive JPEG", "RGB", (447, 55_900), "JPEG", quality=30, progressive=True, subsampling=0)
at_cap("progressive CMYK JPEG", "CMYK", (5000, 4400), "JPEG", quality=10, progressive=True)
at_cap("narrow progressive CMYK JPEG", "CMYK", (447, 49_200), "JPEG", quality=10, progressive=True)
at_cap("RGB PNG", "RGB", (6000, 5000), "PNG", compress_level=1)
at_cap("RGBA PNG", "RGBA", (6000, 5000), "PNG", compress_level=6)
at_cap("LA PNG", "LA", (6000, 5000), "PNG", compress_level=1)
at_cap("palette PNG", "P", (6000, 5000), "PNG", transparency=bytes(range(256)), compress_level=1)
at_cap("GIF", "P", (4000, 4000), "GIF")
at_cap("WebP", "RGB", (4000, 4000), "WEBP", method=0, quality=70)
at_cap("WebP with alpha", "RGBA", (4000, 4000), "WEBP", method=0, quality=30)
at_cap("lossless WebP", "RGBA", (4000, 4000), "WEBP", method=0, lossless=True, quality=0)
at_cap("AVIF", "RGB", (4000, 4000), "AVIF", speed=10, quality=60)
at_cap("AVIF with alpha", "RGBA", (4000, 4000), "AVIF", speed=10, quality=43, subsampling="4:4:4")


# A table of colours is slower than curves, and is always drawn.
TABLE = table_profile(b"RGB ", [(85 * number.bit_count(), 128, 128) for number in range(8)])
INKS = table_profile(b"CMYK", [(17 * number, 128, 128) for number in range(16)])
at_cap("narrow JPEG through a table", "RGB", (447, 27_400), "JPEG", quality=50, icc_profile=TABLE)
# Inks are drawn through their profile in two ways, so that they may have half of the pixels.
at_cap("narrow CMYK JPEG through a table", "CMYK", (447, 13_690), "JPEG", quality=10, icc_profile=INKS)
at_cap("JPEG through a table", "RGB", (3500, 3500), "JPEG", quality=20, icc_profile=TABLE)
at_cap("RGB PNG through a table", "RGB", (3500, 3500), "PNG", compress_level=1, icc_profile=TABLE)
at_cap("WebP through a table", "RGBA", (3300, 3300), "WEBP", method=0, quality=60, icc_profile=TABLE)
at_cap(
    "lossless WebP through a table", "RGBA", (3000, 3000), "WEBP", method=0, lossless=True, quality=0, icc_profile=TABLE
)
at_cap(
    "AVIF through a table", "RGBA", (2280, 2280), "AVIF", speed=10, quality=38, subsampling="4:4:4", icc_profile=TABLE
)


@hostile(None, heavy=True)
def png_of_zeros_at_its_cap_through_a_table_and_a_gamma() -> bytes:
    # Three pictures are drawn of it, two by curves, so that it may have half of the pixels.
    whole = zeros(2470, 2470, 8, COLOUR_ALPHA)
    shown = chunk(b"iCCP", b"x\0\0" + zlib.compress(TABLE)) + chunk(b"gAMA", (200_000).to_bytes(4, "big"))
    return whole[:33] + shown + whole[33:]


def animation(
    image_format: str,
    mode: str,
    frames: int,
    patch: int,
    size: tuple[int, int] = (1000, 1000),
    *,
    pictures: int = 40,
    **options: Any,
) -> bytes:
    """pictures: how many it has before it shows them again, so that time ends before the views do."""
    first, *rest = (photo(mode, size, patch=patch, seed=frame % pictures) for frame in range(frames))
    return encoded(first, image_format, save_all=True, append_images=rest, duration=40, **options)


def animation_at_cap(name: str, *frames: Any, **options: Any) -> None:
    make = partial(animation, name.split(maxsplit=1)[0], *frames, **options)
    add(f"animated {name} at its cap", make, None, heavy=True)


# Few frames that take many bytes, or many that take few.
animation_at_cap("GIF", "P", 60, 50, disposal=3)
animation_at_cap("GIF of large frames", "P", 48, 14, disposal=3)
animation_at_cap("PNG", "RGBA", 28, 50, blend=1, compress_level=1)
animation_at_cap("PNG that is hard to unpack", "RGBA", 29, 1000, blend=1)
animation_at_cap("PNG that is hard to unpack and replaces", "RGBA", 114, 1000, blend=0)
animation_at_cap("PNG that replaces", "RGBA", 90, 60, blend=0, compress_level=1)
animation_at_cap("WEBP", "RGBA", 72, 50, method=0, quality=40)
animation_at_cap("WEBP of large frames", "RGBA", 48, 22, method=0, quality=40)
animation_at_cap("AVIF", "RGBA", 42, 60, speed=10, quality=40, subsampling="4:4:4")
animation_at_cap("AVIF of large frames", "RGBA", 12, 7, speed=10, quality=50, subsampling="4:4:4")
animation_at_cap("WEBP through a table", "RGBA", 16, 9, (800, 800), method=0, quality=40, icc_profile=TABLE)
animation_at_cap("AVIF through a table", "RGBA", 16, 9, (440, 440), speed=10, quality=40, icc_profile=TABLE)
animation_at_cap("PNG through a table", "RGBA", 16, 9, (830, 830), blend=0, compress_level=1, icc_profile=TABLE)
add("animated GIF of 84 MP", partial(animation, "GIF", "P", 84, 26, disposal=3), TooManyFrames, heavy=True)
add("animated WebP of 9 MB", partial(animation, "WEBP", "RGB", 80, 17, method=0, quality=30), TooManyFrames, heavy=True)
add(
    "animated AVIF of 9 MB",
    partial(animation, "AVIF", "RGBA", 30, 8, speed=10, quality=50, subsampling="4:4:4"),
    TooManyFrames,
    heavy=True,
)
add(
    "AVIF of 9 MB",
    lambda: encoded(photo("RGBA", (4000, 4000)), "AVIF", speed=10, quality=60, subsampling="4:4:4"),
    TooManyPixels,
    heavy=True,
)


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


add("PNG of predicted rows at its cap", partial(predicted, 457, 65_535, 8), None, heavy=True)
add("PNG of predicted rows at its cap, 16 bits", partial(predicted, 305, 65_535, 16), None, heavy=True)
add("PNG of 25 MP, 16 bits", partial(zeros, 5000, 5000, 16, COLOUR_ALPHA), TooManyPixels, heavy=True)


@hostile(None, heavy=True)
def gif_of_a_few_dots_on_a_canvas_at_its_cap() -> bytes:
    """Every other dot is where the canvas ends: an area around two of them would be all of it."""
    return gif([GifFrame(DOT, at, disposal=2) for at in [(0, 0), (3999, 3999)] * 3], (4000, 4000))


# What follows is quickly drawn, and looking at it takes the time.
FAR_APART = [(0, 0), (2399, 2399)] * 1000


@hostile(None, heavy=True)
def gif_of_2000_dots_on_a_large_canvas() -> bytes:
    return gif([GifFrame(DOT, at, disposal=2) for at in FAR_APART], (2400, 2400))


@hostile(None, heavy=True)
def gif_of_2000_pictures() -> bytes:
    return gif([GifFrame(np.asarray(each)) for each in film(2000)], (16, 16))


@hostile(None, heavy=True)
def gif_that_goes_to_and_fro_among_as_many_pictures_as_are_judged() -> bytes:
    return gif([GifFrame(np.asarray(each)) for each in film(MAX_VIEWS_OF_CALL)] * 12, (16, 16))


@hostile(None, heavy=True)
def apng_of_2000_frames_of_which_each_is_two_levels_from_the_last() -> bytes:
    return apng([(np.full((16, 16), abs(2 * (index % 250) - 250)), Control()) for index in range(2000)])


def narrow_film(frames: int) -> bytes:
    """Each frame is one pixel wide and as high as may be, and changes all of it."""
    levels = np.full((65_535, 1), 1, np.uint8)
    film = [gif_frame(GifFrame(levels * level, transparent=0)) for level in (50, 150, 250)]
    return gif_head((1, 65_535)) + b"".join(islice(cycle(film), frames)) + b";"


add("GIF of 100 frames of 1 x 65,535", partial(narrow_film, 100), None, heavy=True)


def see_through(side: int, frames: int, *, before: bytes = b"") -> bytes:
    """Goes to and fro among pictures that look different on each page."""
    pictures = [np.dstack([np.asarray(each), np.asarray(each)[::-1]]) for each in film(40, side)]
    return apng([(pictures[frame % 40], Control()) for frame in range(frames)], GREY_ALPHA, before=before)


THROUGH_TABLE = chunk(b"iCCP", b"x\0\0" + zlib.compress(TABLE))
TURNED = chunk(b"eXIf", EXIF[6].tobytes()[6:])
for side, frames in ((16, 2000), (64, 2000), (224, 800), (672, 120), (1340, 30)):
    add(f"APNG of {frames} see-through frames of {side} x {side}", partial(see_through, side, frames), None, heavy=True)
for side, frames in ((16, 2000), (224, 300)):
    add(
        f"APNG of {frames} see-through frames of {side} x {side}, turned and through a table",
        partial(see_through, side, frames, before=THROUGH_TABLE + TURNED),
        None,
        heavy=True,
    )


add(
    "PNG of 12.6 MP through a table",
    lambda: encoded(photo("RGB", (3600, 3500)), "PNG", compress_level=1, icc_profile=TABLE),
    TooManyPixels,
    heavy=True,
)
for depth, colour in ((1, GREY), (16, GREY), (8, COLOUR), (16, COLOUR), (8, COLOUR_ALPHA), (16, COLOUR_ALPHA)):
    add(
        f"PNG of zeros at its cap, colour type {colour}, {depth} bits",
        partial(zeros, 5000, 4000 if depth == 16 else 6000, depth, colour),
        None,
        heavy=True,
    )
add("interlaced PNG at its cap", partial(zeros, 6000, 5000, 8, COLOUR_ALPHA, interlaced=True), None, heavy=True)
add("PNG of 1 x 30,000,000", partial(zeros, 1, 30_000_000, 8, GREY_ALPHA), TooManyPixels, heavy=True)
add("PNG of 30,000,000 x 1", partial(zeros, 30_000_000, 1, 8, GREY_ALPHA), TooManyPixels, heavy=True)
add("PNG of 457 x 65,535", partial(zeros, 457, 65_535, 8, GREY_ALPHA), None, heavy=True)
add("PNG of 65,535 x 457", partial(zeros, 65_535, 457, 8, GREY_ALPHA), None, heavy=True)
add("PNG of 1 x 65,535", partial(zeros, 1, 65_535, 8, COLOUR_ALPHA), None)
