"""Which pictures stand for others, and pictures that follow what is shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from tests.helpers.crafted import film

from moderate.images.distinct import Distinct
from moderate.images.shrinking import Shrunk

SIDE = 224


def flat(level: int, *, half_lighter_by: int = 0) -> Image.Image:
    picture = Image.new("RGB", (SIDE, SIDE), (level,) * 3)
    picture.paste((level + half_lighter_by,) * 3, (0, 0, SIDE, SIDE // 2))
    return picture


def kept(*pictures: Image.Image) -> list[bool]:
    distinct = Distinct()
    return [distinct.add(picture) for picture in pictures]


def test_a_picture_two_levels_away_is_stood_for_and_one_further_away_is_not() -> None:
    assert kept(flat(100), flat(102), flat(98), flat(100, half_lighter_by=4)) == [True, False, False, False]
    assert kept(flat(100), flat(103)) == [True, True]
    assert kept(flat(100), flat(102, half_lighter_by=1)) == [True, True]


def test_only_judged_pictures_stand_for_others_so_that_none_drifts_away() -> None:
    assert kept(*(flat(100 + step) for step in range(7))) == [True, False, False, True, False, False, True]


def test_a_picture_is_compared_with_all_judged_ones_however_long_ago() -> None:
    pictures = [picture.resize((SIDE, SIDE)).convert("RGB") for picture in film(90)]
    assert kept(*pictures, *reversed(pictures)) == [True] * 90 + [False] * 90


def test_a_picture_under_a_fine_pattern_does_not_stand_for_the_picture_itself() -> None:
    """The pattern changes no mean over an area, but all that the judge sees."""
    plain = Image.effect_noise((SIDE, SIDE), 60).convert("RGB").filter(ImageFilter.BoxBlur(8))
    rows, columns = np.mgrid[:SIDE, :SIDE]
    checked = np.asarray(plain) + np.where((rows // 2 + columns // 2) % 2, 4, -4)[..., np.newaxis]
    assert kept(Image.fromarray(checked.astype(np.uint8)), plain) == [True, True]


def drawn(image: Image.Image, size: int) -> Shrunk:
    shrunk = Shrunk(image.size, size)
    shrunk.draw(image, (0, 0, *image.size))
    return shrunk


SIDES = st.integers(1, 90)
BOXES = st.tuples(*[st.floats(0, 1)] * 4, st.sampled_from([(255, 0, 0, 255), (0, 255, 0, 99), (0, 0, 0, 0)]))


@given(SIDES, SIDES, st.lists(BOXES, max_size=4))
def test_drawing_what_changes_comes_to_the_same_as_drawing_all(
    width: int, height: int, boxes: list[tuple[float, float, float, float, tuple[int, int, int, int]]]
) -> None:
    canvas = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 4), np.uint8))
    found = drawn(canvas, 16)
    for x0, y0, x1, y1, colour in boxes:
        area = round(x0 * width), round(y0 * height), round(x1 * width), round(y1 * height)
        area = min(area[0], area[2]), min(area[1], area[3]), max(area[0], area[2]), max(area[1], area[3])
        canvas.paste(colour, area)
        found.draw(canvas, area)
    whole = drawn(canvas, 16)
    assert apart(found.picture(), whole.picture()) <= 2
    assert apart(found.view(), whole.view()) <= 2


def apart(one: Image.Image, other: Image.Image) -> int:
    """In levels, of what either page shows; each is rounded several times."""
    shown = [np.asarray(each.convert("RGBA").convert("RGBa")).astype(int) for each in (one, other)]
    return int(np.abs(shown[0] - shown[1]).max())


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (64, 64), (63, 65), (1000, 3)])
def test_every_pixel_counts(mode: str, size: tuple[int, int]) -> None:
    dark = Image.new(mode, size, 0 if mode == "L" else (0, 0, 0, 255)[: len(mode)])
    for x, y in ((0, 0), (size[0] - 1, size[1] - 1), (size[0] // 2, size[1] // 3)):
        lit = dark.copy()
        lit.paste(255 if mode == "L" else (255,) * len(mode), (x, y, x + 1, y + 1))
        assert drawn(lit, 64).picture() != drawn(dark, 64).picture()
