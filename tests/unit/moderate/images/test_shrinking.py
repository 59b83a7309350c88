"""Pictures that are held as they were drawn, whatever becomes of what they were drawn from."""

import numpy as np
import pytest
from PIL import Image

from moderate.images.shrinking import Shrunk

SIZE = 64
MODES = ["L", "RGB", "RGBX", "RGBA"]
# Less than the size, hardly more than it, and so much more that whole steps are taken.
SIDES = [(40, 30), (100, 70), (500, 420)]


def noise(mode: str, sides: tuple[int, int]) -> Image.Image:
    width, height = sides
    levels = np.random.default_rng(1).integers(0, 256, (height, width, len(mode)), np.uint8)
    return Image.frombytes(mode, sides, levels.tobytes())


def all_of(shrunk: Shrunk, sides: tuple[int, int]) -> list[tuple[str, bytes]]:
    part = shrunk.part((0, 0, sides[0], sides[1] // 2))
    shown = shrunk.picture(), shrunk.view(), shrunk.fine().image, part
    return [(image.mode, image.tobytes()) for image in shown]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sides", SIDES)
def test_a_canvas_that_changes_later_changes_nothing_that_was_drawn(mode: str, sides: tuple[int, int]) -> None:
    canvas = noise(mode, sides)
    shrunk = Shrunk(sides, SIZE)
    shrunk.draw(canvas, (0, 0, *sides))
    before = all_of(shrunk, sides)
    canvas.paste(0, (0, 0, *sides))
    assert all_of(shrunk, sides) == before


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sides", SIDES)
def test_a_picture_that_nobody_changes_comes_to_the_same_and_stays_as_it_is(mode: str, sides: tuple[int, int]) -> None:
    picture = noise(mode, sides)
    as_canvas = Shrunk(sides, SIZE)
    as_canvas.draw(picture, (0, 0, *sides))
    before = picture.tobytes()
    assert all_of(Shrunk.of(picture, SIZE), sides) == all_of(as_canvas, sides)
    assert picture.tobytes() == before
