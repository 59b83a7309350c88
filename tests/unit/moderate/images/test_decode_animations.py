"""In animations of every format the right frames are judged, and not too many are decoded."""

import struct

import numpy as np
import pytest
from PIL import Image
from tests.helpers.crafted import GifFrame, animated, chunk, gif, png_header, png_pixels
from tests.helpers.support import arrays, encoded, png

from moderate.images.animation import Disposal, Frame
from moderate.images.decode import decode
from moderate.images.formats import FORMATS
from moderate.images.limits import MAX_FRAMES, AnimationCap, TooManyFrames, TooManyPixels, UndecodableImage
from moderate.images.pictures import Frames, Picture, draw_frames
from moderate.images.views import Presentations

SIZE = 32
ANIMATED = [each.name for each in FORMATS if each.animation_cap]
LIT, DARK = 250, 10


def pictures(count: int, lit: int) -> list[Image.Image]:
    """Returns dark pictures, each different from the one before it, and one that is lit."""
    found = []
    for index in range(count):
        picture = Image.new("RGB", (SIZE, SIZE), (LIT if index == lit else DARK,) * 3)
        picture.paste((index % 2 * 40,) * 3, (0, 0, 4, 4))
        found.append(picture)
    return found


def lit_views(data: bytes) -> int:
    return sum(bool(view[16, 16, 0] > 200) for view in arrays(decode(data, SIZE)))


@pytest.mark.parametrize("image_format", ANIMATED)
@pytest.mark.parametrize("lit", [1, 137, 498])
def test_one_long_frame_among_500_short_ones_is_judged(image_format: str, lit: int) -> None:
    durations = [5000 if index == lit else 40 for index in range(500)]
    data = animated(pictures(500, lit), image_format, durations)
    assert decode(data, SIZE).frames == Frames(judged=16, total=500)
    assert lit_views(data) == 1


@pytest.mark.parametrize("image_format", ANIMATED)
@pytest.mark.parametrize("lit", [0, 1, 15])
def test_of_16_frames_each_is_judged(image_format: str, lit: int) -> None:
    data = animated(pictures(16, lit), image_format, [40] * 16)
    assert decode(data, SIZE).frames == Frames(judged=16, total=16)
    assert lit_views(data) == 1


@pytest.mark.parametrize("image_format", ANIMATED)
@pytest.mark.parametrize("lit", [0, 99])
def test_the_first_and_the_last_of_many_are_judged_however_short(image_format: str, lit: int) -> None:
    durations = [20 if index == lit else 500 for index in range(100)]
    assert lit_views(animated(pictures(100, lit), image_format, durations)) == 1


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
    frames = [Image.new("1", (1000, 1000), index % 2).convert("RGB") for index in range(int(cap.megapixels) + 1)]
    data = animated(frames, image_format, [40] * len(frames))
    with pytest.raises(TooManyFrames, match=f"{cap.for_file(data).megapixels:g} megapixels"):
        decode(data, SIZE)


def test_a_frame_that_is_drawn_over_the_one_before_counts_as_two() -> None:
    size, cap = (100, 100), AnimationCap(0.04)

    def draw(*, blended: bool) -> Picture:
        frame = Frame(png(size=size), (0, 0), size, 40, Disposal.KEEP, blended=blended)
        return draw_frames(size, [frame] * 2, SIZE, Presentations(), cap)

    assert draw(blended=False).frames.total == 2
    with pytest.raises(TooManyFrames):
        draw(blended=True)


def test_a_gif_canvas_that_is_too_large_is_refused_before_it_is_made() -> None:
    with pytest.raises(TooManyPixels, match="may have at most 16 megapixels"):
        decode(gif([GifFrame(np.zeros((1, 1), int))], (65535, 65535)), SIZE)


def test_an_apng_canvas_that_is_too_large_is_refused_before_it_is_made() -> None:
    header = png_header(4001, 4000) + chunk(b"acTL", struct.pack(">II", 1, 0))
    control = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 4001, 4000, 0, 0, 1, 10, 0, 0))
    with pytest.raises(TooManyPixels, match="may have at most 16 megapixels"):
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


def test_a_webp_that_announces_frames_it_does_not_hold_is_refused() -> None:
    data = animated(pictures(20, 3), "WEBP", [40] * 20)
    with pytest.raises(UndecodableImage):
        decode(data + b"ANMF" + struct.pack("<I", 16) + bytes(16), SIZE)


def test_an_avif_that_times_fewer_frames_than_it_holds_is_refused() -> None:
    """Frames without a time would never be chosen."""
    data = animated(pictures(20, 19), "AVIF", [40] * 20)
    timed = data.index(b"stts") + 12
    assert data[timed : timed + 4] == struct.pack(">I", 20)
    with pytest.raises(UndecodableImage):
        decode(data[:timed] + struct.pack(">I", 10) + data[timed + 4 :], SIZE)


@pytest.mark.parametrize("image_format", ANIMATED)
def test_a_single_picture_is_one_frame(image_format: str) -> None:
    assert decode(encoded(pictures(1, 0)[0], image_format), SIZE).frames == Frames(judged=1, total=1)
