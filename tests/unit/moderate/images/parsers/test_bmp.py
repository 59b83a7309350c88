"""Every BMP is read as viewers read it, even if Pillow alone would not."""

import struct
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image
from tests.helpers.colours import PHOTO, brightened_by_gamma, nearest
from tests.helpers.crafted import bmp, bmp_with_profile
from tests.helpers.profiles import UPSIDE_DOWN, gamma, grey_profile, rgb_profile, table_profile
from tests.helpers.support import arrays, encoded

from moderate.images.colours.spaces import BT_709
from moderate.images.decode import decode
from moderate.images.limits import UndecodableImage, UnsupportedFormat

SIZE = 8
LEVELS = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE), np.uint8)
GREYS = b"".join(bytes([level, level, level, 0]) for level in range(256))
BLACK_AND_WHITE = bytes(4) + b"\xff\xff\xff\0"
RUN_LENGTH_8 = 1
MASKS = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
BITFIELDS = 3


def views(data: bytes) -> list[list[list[int]]]:
    """Returns the levels of the red channel in every view."""
    return [view[:, :, 0].tolist() for view in arrays(decode(data, SIZE))]


def bottom_up(rows: np.ndarray) -> bytes:
    return rows[::-1].tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_every_mode_is_read(mode: str) -> None:
    image = Image.fromarray(LEVELS).convert(mode)
    assert views(encoded(image, "BMP")) == [np.asarray(image.convert("L")).tolist()]


@pytest.mark.parametrize("height", [SIZE, -SIZE])
def test_rows_may_go_up_or_down(height: int) -> None:
    rows = LEVELS if height < 0 else LEVELS[::-1]
    assert views(bmp(rows.tobytes(), (SIZE, height), 8, palette=GREYS)) == [LEVELS.tolist()]


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_black_and_white_is_read_in_every_depth(bits: int) -> None:
    """Pillow assumes one bit a pixel if there are two colours, and reads the rest as noise."""
    dots = (LEVELS >> 7).astype(np.uint8)
    spread = np.unpackbits(dots[:, :, np.newaxis], axis=2)[:, :, 8 - bits :].reshape(SIZE, -1)
    packed = np.packbits(spread, axis=1)
    padded = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 4)))
    data = bmp(bottom_up(padded), (SIZE, SIZE), bits, palette=BLACK_AND_WHITE, colours=2)
    assert views(data) == [(dots * 255).tolist()]


@pytest.mark.parametrize("alpha", [0, 1, 255])
def test_a_picture_is_seen_that_a_viewer_shows_who_ignores_alpha(alpha: int) -> None:
    """Browsers ignore alpha that is 0 everywhere; other viewers always do, or never."""
    pixels = np.dstack([LEVELS, LEVELS, LEVELS, np.full_like(LEVELS, alpha)])
    data = bmp(bottom_up(pixels), (SIZE, SIZE), 32, compression=BITFIELDS, masks=MASKS)
    assert LEVELS.tolist() in views(data)


def test_a_picture_is_seen_that_is_drawn_in_alpha_alone() -> None:
    pixels = np.dstack([np.zeros((SIZE, SIZE, 3), np.uint8), LEVELS])
    data = bmp(bottom_up(pixels), (SIZE, SIZE), 32, compression=BITFIELDS, masks=MASKS)
    assert (255 - LEVELS.astype(int)).tolist() in views(data)


def test_run_length_coding_is_refused() -> None:
    """What the runs leave out is black in some viewers; others show what is behind the picture."""
    rows = b"".join(b"".join(bytes([1, level]) for level in row) + b"\0\0" for row in LEVELS[::-1].tolist())
    data = bmp(rows + b"\0\1", (SIZE, SIZE), 8, palette=GREYS, colours=256, compression=RUN_LENGTH_8)
    with pytest.raises(UnsupportedFormat, match="run-length encoded"):
        decode(data, SIZE)


@pytest.mark.parametrize("bits", [16, 32])
def test_a_picture_is_seen_with_and_without_an_alpha_channel_that_only_some_viewers_see(bits: int) -> None:
    """Chromium alone draws by a mask of alpha in a file that otherwise has none."""
    highest = bits - 8
    pixels = np.dstack([np.zeros((SIZE, SIZE, bits // 8 - 1), np.uint8), LEVELS])
    masks = struct.pack("<4I", 0, 0, 0, 0xFF << highest)
    found = views(bmp(bottom_up(pixels), (SIZE, SIZE), bits, masks=masks))
    assert len(found) == 4
    if bits == 32:
        assert (255 - LEVELS.astype(int)).tolist() in found


COLOURS = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3))
PLACES = {
    16: [(4, 4, 4, 0), (5, 6, 5, 0), (3, 3, 2, 0), (4, 4, 4, 4)],
    32: [(8, 8, 8, 0), (10, 10, 10, 0), (8, 8, 8, 8), (1, 9, 16, 0)],
}


@pytest.mark.parametrize("in_header", [True, False], ids=["in the header", "behind it"])
@pytest.mark.parametrize(("bits", "widths"), [(bits, widths) for bits, found in PLACES.items() for widths in found])
def test_every_mask_is_read(bits: int, widths: tuple[int, ...], *, in_header: bool) -> None:
    if widths[3] and not in_header:
        widths = (*widths[:3], 0)
    pixels, masks, expected, shift = np.zeros((SIZE, SIZE), int), [], [], 0
    for width, levels in zip(widths, [*COLOURS.transpose(2, 0, 1), np.full((SIZE, SIZE), 255)], strict=True):
        most = (1 << width) - 1
        stored = levels * most // 255
        pixels |= stored << shift
        masks.append(most << shift)
        expected.append(stored * 255 / (most or 1))
        shift += width
    stated = struct.pack("<4I", *masks)
    rows = pixels[::-1].astype(f"<u{bits // 8}").tobytes()
    data = bmp(rows, (SIZE, SIZE), bits, compression=BITFIELDS, masks=stated)
    if not in_header:
        # Of the header that has no room for masks, and what would be room for them in this one.
        start = 14 + 40 + 12
        data = data[:10] + struct.pack("<II", start, 40) + data[18:start] + rows
    (view, *_) = arrays(decode(data, SIZE))
    assert np.abs(view - np.dstack(expected[:3])).max() <= 1


def test_a_colour_without_a_mask_is_black() -> None:
    pixels = np.dstack([LEVELS] * 4)
    masks = struct.pack("<4I", 0, 0xFF00, 0xFF, 0)
    data = bmp(bottom_up(pixels), (SIZE, SIZE), 32, compression=BITFIELDS, masks=masks)
    (view,) = arrays(decode(data, SIZE))
    assert [view[:, :, channel].tolist() for channel in range(3)] == [
        np.zeros_like(LEVELS).tolist(),
        *[LEVELS.tolist()] * 2,
    ]


def test_a_mask_with_gaps_is_refused() -> None:
    data = bmp(bytes(4 * 64), (8, 8), 32, compression=BITFIELDS, masks=struct.pack("<4I", 0xFF00F0, 0xFF00, 0xF, 0))
    with pytest.raises(UndecodableImage) as raised:
        decode(data, SIZE)
    assert raised.value.detail == "MisleadingBmp: a mask with gaps"


def test_what_points_beyond_the_palette_is_black() -> None:
    data = bmp(bottom_up(LEVELS), (SIZE, SIZE), 8, palette=GREYS[: 4 * 64], colours=64)
    assert views(data) == [np.where(LEVELS < 64, LEVELS, 0).tolist()]


SRGB_PRIMARIES = (0.64, 0.33, 0.03, 0.30, 0.60, 0.10, 0.15, 0.06, 0.79)


def calibrated(picture: Image.Image, exponent: float, primaries: Sequence[float]) -> bytes:
    """Returns a BMP with x, y and z of its primaries and the exponent of its levels in the header."""
    pixels = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGR")
    places = struct.pack("<9i", *(round(value * (1 << 30)) for value in primaries))
    masks = bytes(20) + places + struct.pack("<3I", *[round(exponent * 65_536)] * 3)
    return bmp(pixels, picture.size, 24, masks=masks)


@pytest.mark.parametrize("exponent", [1.0, 1.8, 4.0])
def test_a_calibrated_file_is_seen_as_firefox_shows_it(exponent: float) -> None:
    shown = brightened_by_gamma(PHOTO, 1 / exponent)
    data = calibrated(PHOTO, exponent, SRGB_PRIMARIES)
    assert nearest(shown, data) < 1
    assert nearest(PHOTO, data) == 0


def test_the_primaries_of_a_calibrated_file_count() -> None:
    swapped = Image.merge("RGB", [PHOTO.getchannel(band) for band in "GBR"])
    assert nearest(swapped, calibrated(PHOTO, 2.2, SRGB_PRIMARIES[6:] + SRGB_PRIMARIES[:6])) < 3


def test_a_calibration_without_primaries_says_nothing() -> None:
    assert decode(calibrated(PHOTO, 1.0, [0] * 9), 32) == decode(encoded(PHOTO, "BMP"), 32)


def test_a_calibration_with_an_exponent_of_0_is_refused() -> None:
    with pytest.raises(UndecodableImage, match="Viewers interpret"):
        decode(calibrated(PHOTO, 0.0, SRGB_PRIMARIES), 32)


PALETTED = bmp(bottom_up(LEVELS), (SIZE, SIZE), 8, palette=GREYS)


@pytest.mark.parametrize("start", [54, 57, 400])
def test_pixels_may_begin_inside_the_palette(start: int) -> None:
    """All of the palette counts, and its bytes are pixels too."""
    data = PALETTED[:10] + struct.pack("<I", start) + PALETTED[14:]
    shown = np.frombuffer(data[start : start + LEVELS.size], np.uint8).reshape(SIZE, SIZE)[::-1]
    assert views(data) == [shown.tolist()]


@pytest.mark.parametrize("start", [0, 53])
def test_pixels_that_begin_inside_the_header_are_refused(start: int) -> None:
    with pytest.raises(UndecodableImage) as raised:
        decode(PALETTED[:10] + struct.pack("<I", start) + PALETTED[14:], SIZE)
    assert raised.value.detail == "MisleadingBmp: pixels that begin inside the header"


def test_the_error_for_a_file_that_ends_early_says_so() -> None:
    with pytest.raises(UndecodableImage, match="breaks off"):
        decode(PALETTED[:-1], SIZE)


@pytest.mark.parametrize(
    "profile", [grey_profile(UPSIDE_DOWN), table_profile(b"CMYK", [(0, 128, 128)] * 16)], ids=["greys", "inks"]
)
def test_a_profile_of_greys_or_inks_is_refused(profile: bytes) -> None:
    """Firefox shows a third of such a picture, drawn out to its width, and Chromium takes alpha for an ink."""
    with pytest.raises(UndecodableImage) as raised:
        decode(bmp_with_profile(PHOTO, profile), SIZE)
    assert raised.value.detail == "MisleadingBmp: a profile of greys or inks"


CORE = struct.Struct("<IHHHH")
"""The oldest header."""


@pytest.mark.parametrize(
    ("header", "pixels"),
    [(struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0), 54), (CORE.pack(CORE.size, 1, 1, 1, 24), 26)],
    ids=["40 bytes", "12 bytes"],
)
def test_the_smallest_file_is_read(header: bytes, pixels: int) -> None:
    data = b"BM" + struct.pack("<III", pixels + 4, 0, pixels) + header + b"\7\7\7\0"
    assert decode(data, 1).views == (b"\7\7\7",)


def test_the_oldest_header_has_all_colours() -> None:
    palette = b"".join(bytes([level] * 3) for level in range(256))
    head = CORE.pack(CORE.size, SIZE, SIZE, 1, 8)
    start = 14 + len(head) + len(palette)
    data = b"BM" + struct.pack("<III", start + LEVELS.size, 0, start) + head + palette + bottom_up(LEVELS)
    assert views(data) == [LEVELS.tolist()]


@pytest.mark.parametrize("end", [2, 13, 18, 30, 53, 54, 60, -2])
def test_an_incomplete_file_is_refused(end: int) -> None:
    with pytest.raises(UndecodableImage):
        decode(encoded(Image.fromarray(LEVELS).convert("RGB"), "BMP")[:end], SIZE)


@pytest.mark.parametrize(
    ("compression", "alpha", "fault"),
    [
        (BITFIELDS, 0x81000000, "a mask with gaps"),
        (BITFIELDS, 0x80000001, "a mask with gaps"),
        # Chromium takes the usual one.
        (0, 0xFF, "a mask of alpha where the usual masks count"),
    ],
)
def test_a_mask_of_alpha_that_browsers_take_for_another_is_refused(compression: int, alpha: int, fault: str) -> None:
    masks = MASKS[:12] + struct.pack("<I", alpha)
    with pytest.raises(UndecodableImage) as raised:
        decode(bmp(bytes(4 * 64), (SIZE, SIZE), 32, compression=compression, masks=masks), SIZE)
    assert raised.value.detail == f"MisleadingBmp: {fault}"


def test_a_profile_before_the_pixels_which_firefox_passes_over_is_not_all_that_is_drawn() -> None:
    after = bmp_with_profile(PHOTO, rgb_profile(BT_709.colorants(), gamma(1.9)))
    profile = after[138 + 3 * PHOTO.width * PHOTO.height :]
    start = 138 + len(profile)
    header = after[:10] + struct.pack("<I", start) + after[14:126] + struct.pack("<I", 124) + after[130:138]
    before = header + profile + after[138 : -len(profile)]
    assert len(decode(after, SIZE).views) == 1
    assert len(decode(before, SIZE).views) == 2
