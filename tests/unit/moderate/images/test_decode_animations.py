"""In animations of every format every distinct picture is judged, as far as the budget lasts."""

import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.helpers.crafted import (
    COLOUR_ALPHA,
    GREY_ALPHA,
    Control,
    GifFrame,
    animated,
    apng,
    chunk,
    film,
    gif,
    png_header,
    png_pixels,
)
from tests.helpers.profiles import SRGB, curve, rgb_profile
from tests.helpers.support import arrays, encoded, png

from moderate.images.animation import Disposal, Frame
from moderate.images.decode import decode
from moderate.images.decoded import Frames, Picture
from moderate.images.formats import FORMATS
from moderate.images.limits import (
    MAX_FRAMES,
    MAX_VIEWS_OF_CALL,
    AnimationCap,
    TooManyFrames,
    TooManyPixels,
    UndecodableImage,
)
from moderate.images.pictures import draw_frames
from moderate.images.shrinking import AS_STORED, Rendering, full_colour
from moderate.images.views import Presentations

SIZE = 32
ANIMATED = [each.name for each in FORMATS if each.animation_cap]
LIT, DARK = 250, 10


def pictures(count: int, lit: int) -> list[Image.Image]:
    """Returns dark pictures, each a little unlike the one before it, and one that is lit."""
    found = []
    for index in range(count):
        picture = Image.new("RGB", (SIZE, SIZE), (LIT if index == lit else DARK,) * 3)
        picture.paste((index % 2 * 40,) * 3, (0, 0, 4, 4))
        found.append(picture)
    return found


def lit_views(data: bytes) -> int:
    return sum(bool(view[16, 16, 0] > 200) for view in arrays(decode(data, SIZE)))


@pytest.mark.parametrize("image_format", ANIMATED)
@pytest.mark.parametrize("lit", [0, 1, 137, 499])
def test_one_other_picture_among_500_alike_is_judged_wherever_it_is_and_however_short(
    image_format: str, lit: int
) -> None:
    durations = [20 if index == lit else 500 for index in range(500)]
    data = animated(pictures(500, lit), image_format, durations)
    found = decode(data, SIZE)
    assert found.frames == Frames(judged=500, total=500)
    assert lit_views(data) == 1
    assert len(found.views) == 2


@pytest.mark.parametrize("image_format", ANIMATED)
def test_every_distinct_picture_is_judged_once(image_format: str) -> None:
    shown = film(40, SIZE)
    found = decode(animated(shown * 2, image_format, [40] * 80), SIZE)
    assert found.frames == Frames(judged=80, total=80)
    assert len(found.views) == 40


@pytest.mark.parametrize("image_format", ANIMATED)
def test_as_many_pictures_are_judged_as_the_budget_has_views(image_format: str) -> None:
    """The rest of a film is not even decoded."""
    found = decode(animated(film(300, SIZE), image_format, [40] * 300), SIZE)
    assert found.frames == Frames(judged=MAX_VIEWS_OF_CALL, total=300)
    assert len(found.views) == MAX_VIEWS_OF_CALL
    assert not found.frames.all_judged


def stills(count: int, side: int, megapixels: float, **options: Any) -> Picture:
    """Draws the same frame again and again."""
    size = (side, side)
    frame = Frame(png(size=size), (0, 0), size, Disposal.KEEP, blended=False)
    return draw_frames(size, [frame] * count, SIZE, Presentations(**options), AnimationCap(megapixels))


def test_looking_at_frames_ends_where_the_time_that_drawing_leaves_of_the_cap_ends() -> None:
    assert stills(10, 1000, 21).frames == Frames(judged=10, total=10)
    assert stills(10, 1000, 15).frames == Frames(judged=8, total=10)
    assert stills(10, 1000, 10.5).frames == Frames(judged=5, total=10)
    assert stills(1000, 1, 30).frames.judged < 1000
    with pytest.raises(TooManyFrames):
        stills(1000, 1, 0.01)


def test_rendering_what_changes_takes_from_that_time() -> None:
    drawn = AS_STORED, Rendering(full_colour, by_table=True)
    assert stills(10, 1000, 40).frames.judged == 10
    assert stills(10, 1000, 40, renderings=drawn).frames.judged == 4


def test_frames_of_which_each_drifts_from_the_last_are_judged_again_and_again() -> None:
    greys = [Image.new("L", (SIZE, SIZE), 2 * index) for index in range(100)]
    found = decode(animated(greys, "PNG", [40] * 100), SIZE)
    assert [int(view[0, 0, 0]) for view in arrays(found)] == list(range(0, 200, 4))


def test_what_a_profile_spreads_apart_is_judged_though_it_is_stored_alike() -> None:
    steep = rgb_profile(SRGB, curve([65535 * (level > 100) for level in range(256)]))
    frames = [Image.new("RGB", (SIZE, SIZE), (level,) * 3) for level in (100, 101)]
    found = decode(encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], icc_profile=steep), SIZE)
    assert sorted(round(view.mean()) for view in arrays(found)) == [0, 100, 255]


def test_colours_that_nobody_sees_make_no_new_picture() -> None:
    frames = [(np.dstack([np.full((8, 8, 3), level), np.zeros((8, 8))]), Control(disposal=1)) for level in (0, 90, 200)]
    assert len(decode(apng(frames, COLOUR_ALPHA), SIZE).views) == 3


def test_a_change_of_transparency_alone_makes_a_new_picture() -> None:
    frames = [(np.dstack([np.full((8, 8), 0), np.full((8, 8), alpha)]), Control()) for alpha in (255, 240)]
    assert [round(view.mean()) for view in arrays(decode(apng(frames, GREY_ALPHA), SIZE))] == [0, 15, 8]


@pytest.mark.parametrize("image_format", ANIMATED)
def test_transparent_animations_are_judged_on_white_on_black_and_on_grey(image_format: str) -> None:
    frames = [Image.new("RGBA", (SIZE, SIZE)) for _ in range(2)]
    frames[0].paste("red", (0, 0, SIZE, 8))
    frames[1].paste("blue", (0, 0, SIZE, 8))
    found = decode(animated(frames, image_format, [100, 100]), SIZE)
    assert found.frames == Frames(judged=2, total=2)
    assert [round(view[16:].mean(), -1) for view in arrays(found)] == [260, 0, 130, 260, 0, 130]


@pytest.mark.parametrize("image_format", ANIMATED)
def test_an_animation_of_too_many_frames_is_not_judged_in_part(image_format: str) -> None:
    size = (2, 2) if image_format in ("GIF", "PNG") else (16, 16)
    frames = [Image.new("L", size, 255 * (index % 2)).convert("RGB") for index in range(MAX_FRAMES + 1)]
    with pytest.raises(TooManyFrames, match="2,000 frames"):
        decode(animated(frames, image_format, [20] * len(frames)), SIZE)


@pytest.mark.parametrize("image_format", ANIMATED)
def test_an_animation_of_too_many_pixels_over_all_is_not_judged_in_part(image_format: str) -> None:
    (cap,) = (each.animation_cap for each in FORMATS if each.name == image_format)
    assert cap
    # A GIF of grey pictures need not look for the best colours.
    frames = [Image.new("L", (1000, 1000), 255 * (index % 2)) for index in range(int(cap.megapixels) + 1)]
    data = animated(frames, image_format, [40] * len(frames))
    with pytest.raises(TooManyFrames, match=f"{cap.for_file(data).megapixels:g} megapixels"):
        decode(data, SIZE)


@pytest.mark.parametrize("image_format", ANIMATED)
def test_an_animation_that_is_judged_alone_may_be_too_much_beside_others(image_format: str) -> None:
    frames = [Image.new("1", (1000, 1000), index % 2).convert("RGB") for index in range(8)]
    data = animated(frames, image_format, [40] * len(frames))
    assert decode(data, SIZE).frames == Frames(8, 8)
    with pytest.raises(TooManyFrames, match="in a call of 20 images"):
        decode(data, SIZE, images=20)


def test_a_frame_that_takes_more_work_counts_more() -> None:
    size, cap = (1000, 1000), AnimationCap(3.5)

    def draw(work: int) -> Picture:
        frame = Frame(png(size=size), (0, 0), size, Disposal.KEEP, blended=False, work=work)
        return draw_frames(size, [frame] * 2, SIZE, Presentations(), cap)

    assert draw(1).frames.total == 2
    with pytest.raises(TooManyFrames):
        draw(2)


def test_a_gif_canvas_that_is_too_large_is_refused_before_it_is_made() -> None:
    with pytest.raises(TooManyPixels, match="may have at most 15 megapixels"):
        decode(gif([GifFrame(np.zeros((1, 1), int))], (65535, 65535)), SIZE)


def test_an_apng_canvas_that_is_too_large_is_refused_before_it_is_made() -> None:
    header = png_header(4001, 4000) + chunk(b"acTL", struct.pack(">II", 1, 0))
    control = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 4001, 4000, 0, 0, 1, 10, 0, 0))
    with pytest.raises(TooManyPixels, match="may have at most 15 megapixels"):
        decode(header + control + chunk(b"IDAT", png_pixels(np.zeros((1, 1)))) + chunk(b"IEND"), SIZE)


def test_a_frame_that_is_larger_than_its_canvas_is_refused_before_it_is_decoded() -> None:
    small, large = GifFrame(np.zeros((2, 2), int)), GifFrame(np.zeros((1, 1), int))
    data = gif([small, large], (2, 2)).replace(b"\x01\0\x01\0\0", struct.pack("<HHB", 65535, 65535, 0))
    with pytest.raises(TooManyPixels):
        decode(data, SIZE)


@pytest.mark.parametrize("image_format", ANIMATED)
def test_one_damaged_frame_spoils_the_animation(image_format: str) -> None:
    """It may be the frame that matters: nothing is judged in part."""
    random = np.random.default_rng(0)
    noise = [Image.fromarray(random.integers(0, 256, (SIZE, SIZE, 3), np.uint8)) for _ in range(40)]
    data = animated(noise, image_format, [40] * 40)
    middle = len(data) // 2
    with pytest.raises(UndecodableImage):
        decode(data[:middle] + data[middle + 600 :], SIZE)


@pytest.mark.parametrize("image_format", ANIMATED)
def test_a_single_picture_is_one_frame(image_format: str) -> None:
    assert decode(encoded(pictures(1, 0)[0], image_format), SIZE).frames == Frames(judged=1, total=1)
