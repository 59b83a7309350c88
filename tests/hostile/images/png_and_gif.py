"""PNGs and GIFs whose structure is odd: huge numbers, too many parts."""

import struct
import zlib
from collections.abc import Sequence

from tests.helpers.crafted import (
    GREYS,
    PALETTE,
    Control,
    GifFrame,
    apng,
    chunk,
    gif,
    gif_frame,
    gif_head,
    png,
    png_header,
    png_pixels,
)
from tests.hostile.images.catalogue import hostile
from tests.hostile.images.making import (
    DOT,
    GREY_SQUARE,
    zeros,
)

from moderate.images.limits import (
    TooManyFrames,
    TooManyPixels,
    UndecodableImage,
)


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


@hostile(None)
def png_whose_transparency_hides_it_from_pillow_alone() -> bytes:
    return png(GREY_SQUARE, 8, PALETTE, chunk(b"PLTE", GREYS), after=chunk(b"tRNS", bytes(256)))


@hostile(None)
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


@hostile(None, heavy=True)
def gif_of_4_million_blocks() -> bytes:
    return gif_head((1, 1)) + gif_frame(GifFrame(DOT)) + b"!\xfe" + b"\x01a" * 4_000_000


@hostile(UndecodableImage, heavy=True)
def gif_of_3000000_empty_extensions() -> bytes:
    return gif_head((1, 1)) + b"!\xfe\0" * 3_000_000 + gif_frame(GifFrame(DOT)) + b";"
