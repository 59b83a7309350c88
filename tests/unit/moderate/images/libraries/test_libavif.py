"""What libavif decodes is filled in as Chromium does and as Firefox does, and stays within what the boxes say."""

import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.helpers.avif_planes import written
from tests.helpers.crafted import animated
from tests.helpers.support import arrays, encoded

from moderate.images.decode import decode
from moderate.images.libraries.libavif import AvifFile, UndecodableAvif, opened
from moderate.images.limits import CANVAS

SIDE = 32
RED, BRIGHTNESS = 100, 20
# By how much red grows with the second plane of colours, as JPEG has it.
SHARE = 1.402


def checkered(across: int, down: int, *alpha: Any) -> list[Any]:
    """Returns planes of one dark level whose red alternates from one colour to the next."""
    rows, columns = np.mgrid[: SIDE // down, : SIDE // across]
    red = 128 + np.where((rows + columns) % 2, RED, -RED)
    return [np.full((SIDE, SIDE), BRIGHTNESS), np.full_like(red, 128), red, *alpha]


@pytest.mark.parametrize(("subsampling", "down"), [("4:2:0", 2), ("4:2:2", 1)])
def test_halved_colours_are_blended_and_repeated(subsampling: str, down: int) -> None:
    with opened(written([checkered(2, down)], subsampling)) as file:
        blended, repeated = (np.asarray(each.convert("RGB"))[..., 0] for each in file.decode(0))
    dark, bright = 0, BRIGHTNESS + SHARE * RED
    assert repeated[:down, :4].ravel().tolist() == pytest.approx([dark, dark, bright, bright] * down, abs=1)
    # Three quarters of its own and one of the neighbour's, which is the opposite; in both directions if both are
    # halved.
    less = 0.5 * (1 if down == 1 else 0.5)
    both = [max(0, BRIGHTNESS + sign * less * SHARE * RED) for sign in (-1, 1)]
    assert sorted(blended[9, 9:11].tolist()) == pytest.approx(both, abs=2)


def test_whole_colours_need_no_filling_in() -> None:
    with opened(written([checkered(1, 1)], "4:4:4")) as file:
        assert len(file.decode(0)) == 1


@pytest.mark.parametrize("frames", [1, 3])
def test_both_pictures_are_judged_where_they_differ(frames: int) -> None:
    data = written([checkered(2, 2)] * frames, "4:2:0")
    reds = [view[..., 0].mean() for view in arrays(decode(data, SIDE))]
    assert max(reds) == pytest.approx((BRIGHTNESS + SHARE * RED) / 2, abs=1)
    assert min(reds) < max(reds) - 20


def test_a_picture_of_which_both_are_alike_is_judged_once() -> None:
    assert len(decode(encoded(Image.linear_gradient("L").convert("RGB"), "AVIF", subsampling="4:2:0"), SIDE).views) == 1


def modes(file: AvifFile) -> set[str]:
    return {image.mode for image in file.decode(0)}


def test_greys_and_alpha_are_kept() -> None:
    clear = np.full((SIDE, SIDE), 100)
    for data, mode in (
        (written([checkered(2, 2)], "4:2:0"), "RGBX"),
        (written([checkered(2, 2, clear)], "4:2:0"), "RGBA"),
        (encoded(Image.new("L", (9, 7), 77), "AVIF"), "L"),
    ):
        with opened(data) as file:
            assert modes(file) == {mode}
    with opened(encoded(Image.new("L", (9, 7), 77), "AVIF")) as file:
        assert file.size == (9, 7)
        assert np.asarray(file.decode(0)[0]).tolist() == [[77] * 9] * 7


def test_frames_are_decoded_in_any_order() -> None:
    levels = [40, 90, 200]
    data = animated([Image.new("RGB", (SIDE, SIDE), (level,) * 3) for level in levels], "AVIF", [40] * 3)
    with opened(data) as file:
        assert file.frames == len(levels)
        for frame in (2, 0, 1):
            assert file.decode(frame)[0].getpixel((3, 3))[0] == pytest.approx(levels[frame], abs=2)  # type: ignore[index]
        with pytest.raises(UndecodableAvif):
            file.decode(3)


@pytest.mark.parametrize("data", [b"", b"\0\0\0\x0cftypavif", encoded(Image.new("RGB", (64, 64)), "AVIF")[:-20]])
def test_what_is_damaged_is_refused(data: bytes) -> None:
    with pytest.raises(UndecodableAvif), opened(data) as file:
        file.decode(0)


def test_a_stream_that_is_larger_than_any_picture_may_be_is_refused_whatever_the_boxes_say() -> None:
    sides = (4096, 4096)
    assert sides[0] * sides[1] > CANVAS.megapixels * 1_000_000
    data = encoded(Image.new("RGB", sides), "AVIF", speed=10)
    claimed = data.replace(
        b"ispe" + bytes(4) + struct.pack(">II", *sides), b"ispe" + bytes(4) + struct.pack(">II", 64, 64)
    )
    assert claimed != data
    with opened(claimed) as file:
        assert file.size == (64, 64)
        with pytest.raises(UndecodableAvif):
            file.decode(0)
