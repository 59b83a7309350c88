"""What browsers draw where a file says less than its pixels need: each picture is judged, or the file is refused."""

import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.helpers.crafted import (
    COLOUR,
    GREY,
    PALETTE,
    Control,
    GifFrame,
    apng,
    chunk,
    gif,
    png,
    png_header,
)
from tests.helpers.support import arrays, encoded

from moderate.images.decode import decode
from moderate.images.limits import UndecodableImage

SIZE = 32

FOUR_COLOURS = bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0])
LAST, BLACK = (255, 255, 0), (0, 0, 0)


def colours_shown(data: bytes) -> set[tuple[int, ...]]:
    """The colours in the middle of each view, where the pixels point beyond the palette."""
    return {tuple(int(level) for level in view[SIZE // 2, SIZE // 2]) for view in arrays(decode(data, SIZE))}


@pytest.mark.parametrize(("depth", "beyond"), [(8, 200), (4, 12), (8, 4)])
def test_an_index_beyond_a_png_s_palette_is_judged_as_each_browser_draws_it(depth: int, beyond: int) -> None:
    """Chromium draws the last colour, Firefox black."""
    levels = np.full((SIZE, SIZE), beyond)
    assert colours_shown(png(levels, depth, PALETTE, chunk(b"PLTE", FOUR_COLOURS))) == {LAST, BLACK}


def test_a_short_palette_that_is_long_enough_for_its_pixels_is_one_view() -> None:
    data = png(np.full((SIZE, SIZE), 3), 8, PALETTE, chunk(b"PLTE", FOUR_COLOURS))
    assert colours_shown(data) == {LAST}
    assert len(decode(data, SIZE).views) == 1


def test_a_transparent_last_colour_is_transparent_beyond_the_palette_too() -> None:
    before = chunk(b"PLTE", FOUR_COLOURS) + chunk(b"tRNS", bytes([255, 255, 255, 0]))
    on_pages = {(255, 255, 255), (0, 0, 0), (128, 128, 128)}
    assert colours_shown(png(np.full((SIZE, SIZE), 200), 8, PALETTE, before)) == on_pages | {BLACK}


def test_an_animated_png_that_points_beyond_its_palette_is_refused() -> None:
    levels = np.full((8, 8), 200)
    data = apng([(levels, Control()), (levels, Control())], PALETTE, before=chunk(b"PLTE", FOUR_COLOURS))
    with pytest.raises(UndecodableImage):
        decode(data, SIZE)


@pytest.mark.parametrize("height", [2, 40])
def test_a_png_whose_pixels_end_before_the_picture_is_refused(height: int) -> None:
    """Pillow draws what is missing in black, Chromium nothing."""
    whole = png(np.full((height, 40), 255))
    header = png_header(40, height + 1)
    with pytest.raises(UndecodableImage) as raised:
        decode(header + whole[len(header) :], SIZE)
    assert raised.value.detail == "BreaksOff: fewer rows than announced"


@pytest.mark.parametrize(("depth", "colour", "channels"), [(1, GREY, 1), (8, COLOUR, 3), (16, GREY, 1)])
def test_a_png_that_ends_in_black_rows_is_whole(depth: int, colour: int, channels: int) -> None:
    levels = np.zeros((40, 40, channels) if channels > 1 else (40, 40), int)
    levels[:5] = 1
    assert decode(png(levels, depth, colour), SIZE).frames.total == 1


def test_an_interlaced_png_that_is_black_is_whole() -> None:
    assert decode(encoded(Image.new("RGB", (64, 64)), "PNG", interlace=1), SIZE).frames.total == 1


def short_gif(levels: Any, **frame: Any) -> bytes:
    return gif([GifFrame(levels, **frame)], (SIZE, SIZE), palette=FOUR_COLOURS).replace(
        struct.pack("<HHB", SIZE, SIZE, 0xF7), struct.pack("<HHB", SIZE, SIZE, 0x81), 1
    )


def test_a_gif_that_points_beyond_its_palette_is_judged_as_each_browser_draws_it() -> None:
    """Chromium draws black, Firefox begins the palette again."""
    assert colours_shown(short_gif(np.full((SIZE, SIZE), 3))) == {LAST}
    assert colours_shown(short_gif(np.full((SIZE, SIZE), 7))) == {BLACK, LAST}


def test_a_gif_that_points_beyond_its_palette_and_has_a_transparent_index_is_refused() -> None:
    with pytest.raises(UndecodableImage) as raised:
        decode(short_gif(np.full((SIZE, SIZE), 5), transparent=2), SIZE)
    assert raised.value.detail == "Disputed: a pixel that its palette has no colour for"


def test_a_transparent_index_needs_no_colour() -> None:
    levels = np.full((SIZE, SIZE), 3)
    levels[0] = 200
    assert decode(short_gif(levels, transparent=200), SIZE).frames.total == 1


@pytest.mark.parametrize("transparent", [None, 5])
def test_a_gif_frame_without_a_palette_is_black_in_chromium_and_white_in_firefox(transparent: int | None) -> None:
    frames = [GifFrame(np.full((SIZE, SIZE), 3), transparent=transparent)]
    bare = gif(frames, (SIZE, SIZE), palette=b"").replace(
        struct.pack("<HHB", SIZE, SIZE, 0xF7), struct.pack("<HHB", SIZE, SIZE, 0), 1
    )
    if transparent is None:
        assert colours_shown(bare) == {BLACK, (255, 255, 255)}
    else:
        with pytest.raises(UndecodableImage) as raised:
            decode(bare, SIZE)
        assert raised.value.detail == "Disputed: a frame without a palette"


@pytest.mark.parametrize(
    ("screen", "at", "version", "views"),
    [
        ((16, 16), (0, 0), b"GIF89a", 1),
        ((8, 8), (0, 0), b"GIF89a", 1),
        ((32, 32), (8, 8), b"GIF89a", 3),
        ((16, 16), (0, 0), b"GIF87a", 1),
        ((16, 16), (8, 0), b"GIF89a", 6),
        ((16, 16), (0, 8), b"GIF89a", 6),
        ((20, 8), (0, 0), b"GIF89a", 4),
        ((32, 32), (0, 0), b"GIF87a", 4),
    ],
)
def test_a_gif_is_judged_on_each_canvas_that_browsers_make_of_its_screen(
    screen: tuple[int, int], at: tuple[int, int], version: bytes, views: int
) -> None:
    data = gif([GifFrame(np.full((16, 16), 3), at=at)], screen).replace(b"GIF89a", version, 1)
    assert len(decode(data, SIZE).views) == views


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_the_error_for_a_file_cut_in_half_says_that_it_breaks_off(image_format: str) -> None:
    data = encoded(Image.effect_noise((100, 100), 90), image_format)
    with pytest.raises(UndecodableImage, match="breaks off"):
        decode(data[: len(data) // 2], SIZE)


@pytest.mark.parametrize("animated", [False, True])
def test_the_error_for_a_png_with_damaged_pixels_says_that_it_is_damaged(animated: bool) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (64, 64))
    whole = apng([(levels, Control())] * 2) if animated else png(levels)
    middle = len(whole) // 2
    with pytest.raises(UndecodableImage, match="is damaged, before the picture is complete") as raised:
        decode(whole[:middle] + b"\xff" * 400 + whole[middle + 400 :], SIZE)
    assert raised.value.detail.startswith("BreaksOff")
