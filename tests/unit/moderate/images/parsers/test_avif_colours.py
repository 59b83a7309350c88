"""What an AVIF says about its colours is found where viewers look for it, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageChops
from tests.helpers.avif import avif, box, nclx, peak_box, profile_box
from tests.helpers.colours import PHOTO, SIZE, brightened_by_gamma, nearest
from tests.helpers.crafted import animated
from tests.helpers.profiles import SRGB, UPSIDE_DOWN, curve, gamma, rgb_profile
from tests.helpers.support import arrays, encoded

from moderate.images.colours import avif_boxes
from moderate.images.colours.curves import PQ, UnusableColours
from moderate.images.colours.descriptions import Description, Numbered
from moderate.images.colours.icc import Icc
from moderate.images.decode import decode
from moderate.images.limits import UndecodableImage
from moderate.images.pictures import open_image

LINEAR = (1, 8, 6)
INVERTED = rgb_profile(SRGB, UPSIDE_DOWN)
AS_LINEAR = brightened_by_gamma(PHOTO, 1)


def colours(data: bytes) -> list[Description]:
    return list(avif_boxes.read(memoryview(data)).descriptions())


def test_the_colour_box_counts_before_the_stream() -> None:
    assert colours(avif(PHOTO, [nclx(1, 13)], in_stream=LINEAR)) == [Numbered(1, 13, settled=True)]


@pytest.mark.parametrize("properties", [[], [nclx(2, 2)], [nclx(1, 2)], [box(b"colr", b"none")]])
@pytest.mark.parametrize("in_meta", [False, True])
def test_the_stream_counts_where_no_box_says(properties: list[bytes], in_meta: bool) -> None:
    data = avif(PHOTO, properties, in_stream=LINEAR, in_meta=in_meta)
    assert Numbered(1, 8) in colours(data)
    assert nearest(AS_LINEAR, data) < 3


@pytest.mark.parametrize("kind", [b"prof", b"rICC"])
def test_a_profile_counts_beside_numbers(kind: bytes) -> None:
    data = avif(PHOTO, [nclx(1, 8), profile_box(INVERTED, kind)], in_stream=LINEAR)
    assert [type(each) for each in colours(data)] == [Icc, Numbered]
    assert nearest(ImageChops.invert(PHOTO), data) < 4


def test_numbers_beside_a_profile_are_drawn_only_if_they_change_much() -> None:
    """A browser that passes over the profile for a reason that is not known here would draw by them."""
    profile = profile_box(rgb_profile(SRGB, gamma(1.9)))
    alone, usual, linear = (avif(PHOTO, [*numbers, profile]) for numbers in ([], [nclx(1, 13)], [nclx(1, 8)]))
    assert decode(usual, SIZE) == decode(alone, SIZE)
    assert nearest(AS_LINEAR, alone) > 10
    assert nearest(AS_LINEAR, linear) < 3


def test_numbers_count_too_beside_a_profile_that_not_every_browser_accepts() -> None:
    data = avif(PHOTO, [nclx(1, 8), profile_box(INVERTED[:36] + b"ACSP" + INVERTED[40:])])
    assert {type(each) for each in colours(data)} == {Icc, Numbered}


def test_a_box_of_no_picture_says_nothing() -> None:
    """The HDR version of a photo with a gain map has such a box, and the photo itself is in sRGB."""
    data = avif(PHOTO, [nclx(1, 13)], others=[nclx(9, PQ)])
    assert colours(data) == [Numbered(1, 13, settled=True)]
    assert len(decode(data, SIZE).views) == 1


def test_the_peak_of_an_hdr_picture_is_its_own() -> None:
    assert colours(avif(PHOTO, [nclx(9, PQ), peak_box(400)])) == [Numbered(9, PQ, peak=400, settled=True)]
    assert colours(avif(PHOTO, [nclx(9, PQ), peak_box(0)])) == [Numbered(9, PQ, settled=True)]


def test_an_animation_says_it_in_its_tracks() -> None:
    data = animated([PHOTO, ImageChops.invert(PHOTO)], "AVIF", [100, 100])
    in_track = data.rindex(b"colrnclx")
    only_there = data[:in_track].replace(b"colrnclx", b"freenclx") + data[in_track:]
    assert colours(only_there) == [Numbered(1, 13, settled=True)]


@pytest.mark.parametrize("numbers", [(1, 7), (1, 17), (3, 13)])
def test_numbers_that_not_every_browser_knows_settle_nothing(numbers: tuple[int, int]) -> None:
    assert colours(avif(PHOTO, [nclx(*numbers)])) == [Numbered(*numbers)]


def test_a_profile_that_an_animation_has_in_one_place_settles_nothing() -> None:
    frames = {"save_all": True, "append_images": [ImageChops.invert(PHOTO)], "speed": 10}
    data = encoded(PHOTO, "AVIF", icc_profile=rgb_profile(SRGB, UPSIDE_DOWN), **frames)
    (profile, *_) = colours(data)
    assert profile.settled
    (profile, *_) = colours(data.replace(b"colrprof", b"freeprof", 1))
    assert not profile.settled


def test_an_animation_whose_stream_contradicts_its_boxes_is_refused() -> None:
    """Firefox believes the stream, and Chromium its matrix."""
    data = animated([PHOTO, ImageChops.invert(PHOTO)], "AVIF", [100, 100])
    said = avif_boxes.read(memoryview(data))
    other = [header._replace(colours=header.colours._replace(primaries=9)) for header in said.headers]
    with pytest.raises(UnusableColours, match="contradict"):
        list(replace(said, headers=other).descriptions())


def test_an_animation_whose_boxes_name_no_matrix_is_refused() -> None:
    """Chromium would guess it."""
    data = animated([PHOTO, ImageChops.invert(PHOTO)], "AVIF", [100, 100])
    decode(data, SIZE)
    with pytest.raises(UndecodableImage):
        decode(data.replace(b"colrnclx", b"freenclx"), SIZE)


def test_numbers_that_contradict_each_other_are_refused() -> None:
    data = animated([PHOTO, ImageChops.invert(PHOTO)], "AVIF", [100, 100])
    in_track = data.rindex(b"nclx\0\1\0\x0d")
    with pytest.raises(UnusableColours, match="contradict"):
        colours(data[:in_track] + b"nclx\0\1\0\x08" + data[in_track + 8 :])


def test_an_animation_without_boxes_says_it_in_its_stream() -> None:
    data = animated([PHOTO, ImageChops.invert(PHOTO)], "AVIF", [100, 100])
    found = colours(data.replace(b"colrnclx", b"freenclx"))
    assert found
    assert set(found) == {Numbered(1, 13)}


SPREAD = [min(255, max(0, round((level - 16) * 255 / 219))) for level in range(256)]
"""What becomes of levels that are taken for ones of 16 to 235."""


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_an_animation_of_whole_range_is_judged_as_chromium_spreads_it_too(mode: str) -> None:
    picture, spread = PHOTO.convert(mode), PHOTO.convert(mode).convert("RGB").point(SPREAD * 3)
    frames = {"save_all": True, "append_images": [ImageChops.invert(PHOTO).convert(mode)], "quality": 95, "speed": 10}
    whole = encoded(picture, "AVIF", range="full", **frames)
    assert nearest(PHOTO.convert(mode).convert("RGB"), whole) < 2
    assert nearest(spread, whole) < 3
    assert len(decode(whole, SIZE).views) == 4
    limited = encoded(picture.convert("RGB"), "AVIF", range="limited", **frames)
    assert len(decode(limited, SIZE).views) == 2


@pytest.mark.parametrize("matrix", [0, 6])
def test_red_green_and_blue_of_part_range_are_judged_as_firefox_takes_them_too(matrix: int) -> None:
    data = avif(PHOTO, [nclx(1, 13, matrix, whole_range=False)], subsampling="4:4:4")
    with open_image(data, "AVIF") as image:
        spread = image.convert("RGB")
    assert nearest(spread, data) < 2
    taken_as_stored = nearest(spread.point([16 + round(level * 219 / 255) for level in range(256)] * 3), data)
    assert taken_as_stored < 2 if matrix == 0 else taken_as_stored > 5


@pytest.mark.parametrize("side", [256, 600])
def test_a_still_is_judged_with_its_alpha_as_chromium_spreads_it_too(side: int) -> None:
    photo = PHOTO.resize((side, side))
    picture = photo.convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(photo.size))
    on_white = Image.new("RGB", photo.size, (255, 255, 255))
    spread = on_white.copy()
    spread.paste(photo, mask=picture.getchannel("A").point(SPREAD))
    on_white.paste(photo, mask=picture.getchannel("A"))
    data = encoded(picture, "AVIF", quality=95, speed=10)
    assert nearest(on_white, data) < 2
    assert nearest(spread, data) < 2
    assert len(decode(data, SIZE).views) == 6
    assert len(decode(encoded(PHOTO.convert("RGBA"), "AVIF", speed=10), SIZE).views) == 1


@pytest.mark.parametrize("size", [(600, 600), (100, 2000)])
def test_a_still_is_judged_whose_alpha_is_opaque_once_it_is_shrunk(size: tuple[int, int]) -> None:
    opaque = PHOTO.resize(size)
    picture = opaque.convert("RGBA")
    picture.putpixel((0, 0), (*opaque.getpixel((0, 0)), 254))  # type: ignore[misc]
    data = encoded(picture, "AVIF", quality=100, speed=10)
    assert open_image(data, "AVIF").getpixel((0, 0))[3] == 254  # type: ignore[index]
    wanted, found = (arrays(decode(file, SIZE)) for file in (encoded(opaque, "PNG"), data))
    # The whole comes first, and the last square of a long picture last.
    for place in (0, -1):
        assert np.abs(wanted[place].astype(int) - found[place]).mean() < 2


@pytest.mark.parametrize("cut", range(40, 400, 30))
def test_an_incomplete_file_is_refused(cut: int) -> None:
    with pytest.raises(UndecodableImage):
        decode(avif(PHOTO, [nclx(1, 8)])[:cut], SIZE)


def test_a_steep_curve_is_refused_over_transparency_and_linear_light_is_not() -> None:
    steep, linear = (rgb_profile(SRGB, each) for each in (curve([0] * 128 + [65_535] * 128), gamma(1.0)))
    clear = PHOTO.copy()
    clear.putalpha(100)
    decode(encoded(clear, "AVIF", icc_profile=linear), SIZE)
    decode(encoded(PHOTO, "AVIF", icc_profile=steep), SIZE)
    with pytest.raises(UndecodableImage, match="a steep curve"):
        decode(encoded(clear, "AVIF", icc_profile=steep), SIZE)
