"""Nothing can hide in the pixels that a careless resize would pick, in whatever mode they are stored.

The attack: a large picture, dark but for one pixel of every few, and those are just the pixels that a
resize by sampling shows the model. Here they make up a checkerboard; they could make up any picture.
"""

import io
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.helpers.crafted import COLOUR, GREY_ALPHA, jpeg_beyond_range, png
from tests.helpers.photos import photo as photo_of
from tests.helpers.support import arrays, encoded

from moderate.images.decode import decode

SIZE = 56
MOST_CONTRAST = 20
OF_TWO_FILTERS = 6
"""Levels in the mean by which two sound filters may differ on a picture full of edges."""

Dots = NDArray[np.bool_]


def hidden_checkerboard(factor: int, dot: int = 1) -> Dots:
    """Returns where the light pixels are: squares of `dot` pixels in the middle of every other cell."""
    cell = np.zeros((factor, factor), bool)
    start = (factor - dot + 1) // 2
    cell[start : start + dot, start : start + dot] = True
    return np.kron(np.indices((SIZE, SIZE)).sum(0) % 2, cell).astype(bool)


def grey(dots: Dots) -> Image.Image:
    return Image.fromarray(np.where(dots, 255, 0).astype(np.uint8))


def with_alpha(dots: Dots, mode: str) -> Image.Image:
    """Returns white dots on black, half transparent."""
    return Image.merge("LA", (grey(dots), Image.new("L", dots.shape[::-1], 128))).convert(mode)


def in_alpha(dots: Dots, mode: str) -> Image.Image:
    """Returns a black picture that is transparent except for the dots."""
    return Image.merge("LA", (Image.new("L", dots.shape[::-1]), grey(dots))).convert(mode)


STORED: dict[str, Callable[[Dots], bytes]] = {
    "L": lambda dots: encoded(grey(dots), "PNG"),
    "1": lambda dots: encoded(grey(dots).convert("1"), "PNG"),
    "RGB": lambda dots: encoded(grey(dots).convert("RGB"), "PNG"),
    "P": lambda dots: encoded(grey(dots).convert("P"), "PNG"),
    "P with tRNS": lambda dots: encoded(grey(dots).convert("P"), "PNG", transparency=bytes([255, *[0] * 255])),
    "P with one transparent colour": lambda dots: encoded(grey(dots).convert("P"), "PNG", transparency=0),
    "L with tRNS": lambda dots: encoded(grey(dots), "PNG", transparency=0),
    "1 with tRNS": lambda dots: encoded(grey(dots).convert("1"), "PNG", transparency=0),
    "RGB with tRNS": lambda dots: encoded(grey(dots).convert("RGB"), "PNG", transparency=(0, 0, 0)),
    "LA": lambda dots: encoded(with_alpha(dots, "LA"), "PNG"),
    "LA, in alpha": lambda dots: encoded(in_alpha(dots, "LA"), "PNG"),
    "RGBA": lambda dots: encoded(with_alpha(dots, "RGBA"), "PNG"),
    "RGBA, in alpha": lambda dots: encoded(in_alpha(dots, "RGBA"), "PNG"),
    "I;16": lambda dots: png(np.where(dots, 65535, 0), 16),
    "16-bit RGB": lambda dots: png(np.where(dots, 65535, 0)[:, :, np.newaxis].repeat(3, 2), 16, COLOUR),
    "16-bit LA": lambda dots: png(np.dstack([np.where(dots, 65535, 0), np.full(dots.shape, 65535)]), 16, GREY_ALPHA),
    "CMYK": lambda dots: encoded(grey(dots).convert("RGB").convert("CMYK"), "JPEG", quality=100),
    "JPEG": lambda dots: encoded(grey(dots).convert("RGB"), "JPEG", quality=100, subsampling=0),
    "progressive JPEG": lambda dots: encoded(grey(dots), "JPEG", quality=100, progressive=True),
    "GIF": lambda dots: encoded(grey(dots), "GIF"),
    "GIF, transparent": lambda dots: encoded(grey(dots), "GIF", transparency=0),
    "BMP": lambda dots: encoded(grey(dots).convert("1"), "BMP"),
    "WEBP": lambda dots: encoded(grey(dots).convert("RGB"), "WEBP", lossless=True),
    "WEBP, in alpha": lambda dots: encoded(in_alpha(dots, "RGBA"), "WEBP", lossless=True),
    "AVIF": lambda dots: encoded(grey(dots).convert("RGB"), "AVIF", quality=100, subsampling="4:4:4"),
}
ATTACKS = {
    "4x": hidden_checkerboard(4),
    "5x": hidden_checkerboard(5),
    "8x, one pixel": hidden_checkerboard(8),
    "8x, all that a bilinear filter samples": hidden_checkerboard(8, dot=2),
    "17x": hidden_checkerboard(17, dot=4),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("mode", STORED)
def test_a_hidden_checkerboard_is_as_faint_as_it_is_to_the_eye(mode: str, attack: str) -> None:
    for view in arrays(decode(STORED[mode](ATTACKS[attack]), SIZE)):
        assert np.ptp(view) <= MOST_CONTRAST


@pytest.mark.parametrize("mode", STORED)
def test_the_checkerboard_is_really_there(mode: str) -> None:
    """A resize by sampling would see nothing else."""
    with Image.open(io.BytesIO(STORED[mode](ATTACKS["4x"]))) as image:
        sampled = image.convert("RGBA").resize((SIZE, SIZE), Image.Resampling.NEAREST)
    assert np.ptp(np.asarray(sampled), axis=(0, 1)).max() > 200


@pytest.mark.parametrize("shape", [(SIZE // 2, SIZE * 20), (SIZE * 20, SIZE // 2), (SIZE - 1, SIZE * 4)])
def test_every_pixel_counts_too_where_only_one_side_shrinks(shape: tuple[int, int]) -> None:
    """Any single lit row or column leaves a trace."""
    long_axis = int(shape[1] > shape[0])
    for lit in range(0, max(shape), 7):
        levels = np.zeros(shape, np.uint8)
        levels[(lit, slice(None)) if long_axis == 0 else (slice(None), lit)] = 255
        (view,) = arrays(decode(encoded(Image.fromarray(levels), "PNG"), SIZE))
        assert 255 / 40 < view.max() < 255 / 2


OTHERS = ("PNG", "BMP", "WEBP")
"""Formats that keep each pixel, and are decoded to bytes of their own."""
QUICKLY = {"lossless": True, "quality": 0, "method": 0}
"""What WebP needs for that, and its least effort; the others know none of these."""


@pytest.mark.parametrize("side", [SIZE, 3 * SIZE, 1500, 1999])
def test_the_same_pixels_make_the_same_view_however_they_are_stored(side: int) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (side, 2000), np.uint8)
    palette = Image.fromarray(levels, "L").convert("P")
    palette.putpalette(np.random.default_rng(1).integers(0, 256, 768, np.uint8).tobytes())
    jpeg = encoded(palette.convert("RGB"), "JPEG", quality=80)
    stored = [encoded(palette, "PNG"), *(encoded(palette.convert("RGB"), kind, **QUICKLY) for kind in OTHERS)]
    assert len({decode(data, SIZE).views for data in stored}) == 1
    with Image.open(io.BytesIO(jpeg)) as opened:
        assert decode(jpeg, SIZE).views == decode(encoded(opened, "PNG", compress_level=1), SIZE).views


@pytest.mark.parametrize("size", [(4032, 3024), (4000, 3000), (1155, 866), (640, 480)])
def test_whole_steps_that_are_shrunk_first_change_a_view_by_less_than_a_level(size: tuple[int, int]) -> None:
    photo = photo_of("astronaut").resize(size)
    (view,) = arrays(decode(encoded(photo, "BMP"), 224))
    at_once = np.asarray(photo.resize((224, 224), Image.Resampling.BOX)).astype(int)
    assert np.abs(view - at_once).mean() < 1


def test_a_jpeg_whose_coefficients_leave_the_range_is_judged_as_it_is_shown() -> None:
    """Decoded at a fraction of its size, each block would be its mean before clamping: another picture."""
    clamped = jpeg_beyond_range(photo_of("astronaut").resize((448, 448)), factor=12)
    with Image.open(io.BytesIO(clamped)) as opened:
        shown = np.asarray(opened.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BOX)).astype(int)
    with Image.open(io.BytesIO(clamped)) as opened:
        opened.draft("RGB", (SIZE, SIZE))
        steered = np.asarray(opened.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BOX)).astype(int)
    assert np.abs(steered - shown).mean() > 20
    (view,) = arrays(decode(clamped, SIZE))
    assert np.abs(view - shown).mean() < OF_TWO_FILTERS
