import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.helpers.support import encoded

from moderate.images.decode import decode
from moderate.images.decoded import Tile
from moderate.images.limits import MAX_VIEWS_OF_STILL
from moderate.images.squares import squares

COLOURS = ((200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30))


def strip(*, down: bool, side: int = 100) -> Image.Image:
    count = len(COLOURS)
    image = Image.new("RGB", (side, side * count) if down else (side * count, side))
    for number, colour in enumerate(COLOURS):
        left, top = (0, side * number) if down else (side * number, 0)
        image.paste(colour, (left, top, left + side, top + side))
    return image


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ((400, 300), 0),
        ((1000, 401), 0),
        ((1000, 400), 4),
        ((400, 1000), 4),
        ((100, 300), 5),
        ((100, 400), 7),
        ((600, 100), 11),
        ((100, 9000), 11),
        ((600, 63), 0),
    ],
)
def test_only_a_long_picture_has_squares_and_a_bounded_number_of_them(size: tuple[int, int], count: int) -> None:
    assert len(squares(size)) == count


@given(st.integers(64, 2000), st.floats(2.5, 30), st.booleans())
def test_squares_reach_from_one_end_to_the_other_and_overlap_by_half_if_they_are_not_too_many(
    short: int, aspect: float, down: bool
) -> None:
    long = round(short * aspect) + 1
    found = [area[1::2] if down else area[::2] for area in squares((short, long) if down else (long, short))]
    assert found[0][0] == 0
    assert found[-1][1] == long
    assert {end - start for start, end in found} == {short}
    if aspect <= 5.9:
        assert all(after[0] - before[0] <= short / 2 + 1 for before, after in pairwise(found))


@pytest.mark.parametrize("down", [True, False])
@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "BMP"])
def test_each_panel_of_a_strip_is_a_view_of_its_own(image_format: str, down: bool) -> None:
    picture = decode(encoded(strip(down=down), image_format), 8)
    whole, *tiles = picture.views
    assert [isinstance(view, Tile) for view in picture.views] == [False] + [True] * 7
    assert picture.whole == [whole]
    for colour, tile in zip(COLOURS, tiles[::2], strict=True):
        assert Image.frombytes("RGB", (8, 8), tile).getpixel((4, 4)) == pytest.approx(colour, abs=12)


def test_squares_are_turned_as_the_picture_is() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (400, 100), "white")
    image.paste("black", (0, 50, 400, 100))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif)
    tile = next(view for view in decode(buffer.getvalue(), 8).views if isinstance(view, Tile))
    left, right = (Image.frombytes("RGB", (8, 8), tile).convert("L").getpixel((x, 4)) for x in (1, 6))
    assert (left < 60, right > 200) == (True, True)  # type: ignore[operator]


def test_a_transparent_strip_has_as_many_squares_as_there_is_room_for() -> None:
    for times, count in ((1, 7), (2, MAX_VIEWS_OF_STILL - 3)):
        image = strip(down=True, side=80).convert("RGBA")
        image = image.resize((image.width, image.height * times))
        image.putalpha(128)
        views = decode(encoded(image, "PNG"), 8).views
        assert [isinstance(view, Tile) for view in views] == [False] * 3 + [True] * count
