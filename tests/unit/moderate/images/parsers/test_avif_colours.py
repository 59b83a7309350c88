"""What an AVIF says about its colours is found where viewers look for it, and nowhere else."""

import pytest
from PIL import ImageChops
from tests.helpers.avif import avif, box, nclx, peak_box, profile_box
from tests.helpers.colours import PHOTO, SIZE, brightened_by_gamma, nearest
from tests.helpers.crafted import animated
from tests.helpers.profiles import SRGB, UPSIDE_DOWN, rgb_profile

from moderate.images.colours.curves import PQ
from moderate.images.colours.descriptions import Icc, Numbered
from moderate.images.decode import decode
from moderate.images.limits import UndecodableImage
from moderate.images.parsers.avif import colours

LINEAR = (1, 8, 6)
INVERTED = rgb_profile(SRGB, UPSIDE_DOWN)
AS_LINEAR = brightened_by_gamma(PHOTO, 1)


def test_the_colour_box_counts_before_the_stream() -> None:
    assert list(colours(avif(PHOTO, [nclx(1, 13)], in_stream=LINEAR))) == [Numbered(1, 13)]


@pytest.mark.parametrize("properties", [[], [nclx(2, 2)], [nclx(1, 2)], [box(b"colr", b"none")]])
@pytest.mark.parametrize("in_meta", [False, True])
def test_the_stream_counts_where_no_box_says(properties: list[bytes], in_meta: bool) -> None:
    data = avif(PHOTO, properties, in_stream=LINEAR, in_meta=in_meta)
    assert Numbered(1, 8) in list(colours(data))
    assert nearest(AS_LINEAR, data) < 3


@pytest.mark.parametrize("kind", [b"prof", b"rICC"])
def test_a_profile_counts_beside_numbers(kind: bytes) -> None:
    data = avif(PHOTO, [nclx(1, 8), profile_box(INVERTED, kind)], in_stream=LINEAR)
    assert list(colours(data)) == [Numbered(1, 8), Icc(INVERTED)]
    assert nearest(ImageChops.invert(PHOTO), data) < 4


def test_a_box_of_no_picture_says_nothing() -> None:
    """The HDR version of a photo with a gain map has such a box, and the photo itself is in sRGB."""
    data = avif(PHOTO, [nclx(1, 13)], others=[nclx(9, PQ)])
    assert list(colours(data)) == [Numbered(1, 13)]
    assert len(decode(data, SIZE).views) == 1


def test_the_peak_of_an_hdr_picture_is_its_own() -> None:
    assert list(colours(avif(PHOTO, [nclx(9, PQ), peak_box(400)]))) == [Numbered(9, PQ, peak=400)]
    assert list(colours(avif(PHOTO, [nclx(9, PQ), peak_box(0)]))) == [Numbered(9, PQ)]


def test_an_animation_says_it_in_its_tracks() -> None:
    data = animated([PHOTO, ImageChops.invert(PHOTO)], "AVIF", [100, 100])
    at = data.rindex(b"colrnclx") + 10
    assert Numbered(1, 8) in list(colours(data[:at] + b"\0\x08" + data[at + 2 :]))


def test_an_animation_without_boxes_says_it_in_its_stream() -> None:
    data = animated([PHOTO, ImageChops.invert(PHOTO)], "AVIF", [100, 100])
    found = list(colours(data.replace(b"colrnclx", b"freenclx")))
    assert found
    assert set(found) == {Numbered(1, 13)}


@pytest.mark.parametrize("cut", range(40, 400, 30))
def test_an_incomplete_file_is_refused(cut: int) -> None:
    with pytest.raises(UndecodableImage):
        decode(avif(PHOTO, [nclx(1, 8)])[:cut], SIZE)
