"""The points of a picture make the hash that Meta's code makes of all its pixels, in each way in which it is shown."""

import io
from itertools import chain

import numpy as np
import pytest
from PIL import Image, ImageOps
from tests.helpers.crafted import animated
from tests.helpers.photos import photo
from tests.helpers.profiles import SRGB, UPSIDE_DOWN, rgb_profile
from tests.helpers.support import encoded

from moderate.blocking.pdq import MAX_DISTANCE, PdqHash, hash_of_points, luma_of, pdq_hash
from moderate.images.decode import decode
from moderate.images.points_grid import BYTES
from moderate.images.squares import squares
from moderate.images.views import BACKGROUNDS

SIZE = 224
PHOTOS = ("astronaut", "chelsea", "coffee", "coins", "rocket")
# Windows of one pixel, of two, of an odd and an even number; sides that are reduced by whole steps, once and twice.
SIZES = [(100, 80), (130, 200), (300, 400), (512, 512), (640, 480), (700, 90), (1100, 1500), (1400, 1000), (2300, 1700)]
MOST_APART = 6


def hashes(data: bytes) -> list[PdqHash]:
    return [hash_of_points(points) for points in decode(data, SIZE, points=True).points]


def hash_of(picture: Image.Image) -> PdqHash:
    return pdq_hash(luma_of(np.asarray(picture.convert("RGB"))))


def apart(one: PdqHash, other: PdqHash) -> int:
    return (int.from_bytes(one.bits) ^ int.from_bytes(other.bits)).bit_count()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PHOTOS)
def test_a_decoded_file_has_the_hash_of_all_its_pixels(name: str, size: tuple[int, int]) -> None:
    picture = photo(name).resize(size)
    data = encoded(picture, "JPEG", quality=80)
    expected = hash_of(Image.open(io.BytesIO(data)))
    (found,) = hashes(data)[:1]
    assert apart(found, expected) <= MOST_APART
    assert abs(found.quality - expected.quality) <= 1


@pytest.mark.parametrize("image_format", ["PNG", "BMP", "WEBP", "AVIF", "HEIF", "GIF"])
def test_every_format_has_points(image_format: str) -> None:
    data = encoded(photo("coffee"), image_format)
    assert apart(hashes(data)[0], hash_of(photo("coffee"))) <= MOST_APART


@pytest.mark.parametrize("size", [(300, 200), (1500, 1100)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_has_the_hash_of_what_is_shown(orientation: int, size: tuple[int, int]) -> None:
    picture = photo("chelsea").resize(size)
    data = encoded(picture, "PNG", exif=turned(orientation))
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    found = hashes(data)
    assert len(found) == (1 if orientation == 1 else 2)
    assert apart(found[0], hash_of(picture)) <= MOST_APART
    assert apart(found[-1], hash_of(shown)) <= MOST_APART


def test_a_transparent_picture_has_the_hash_of_what_is_shown_on_each_page() -> None:
    picture = photo("astronaut")
    picture.putalpha(Image.radial_gradient("L").resize(picture.size))
    found = hashes(encoded(picture, "PNG"))
    for colour, each in zip(BACKGROUNDS, found, strict=True):
        page = Image.new("RGB", picture.size, colour)
        page.paste(picture, mask=picture)
        assert apart(each, hash_of(page)) <= MOST_APART


@pytest.mark.parametrize("size", [(512, 512), (1500, 1500)])
def test_a_picture_with_a_profile_has_a_hash_as_it_is_stored_and_one_in_its_colours(size: tuple[int, int]) -> None:
    picture = photo("astronaut").resize(size)
    found = hashes(encoded(picture, "PNG", icc_profile=rgb_profile(SRGB, UPSIDE_DOWN)))
    for shown, each in zip((picture, ImageOps.invert(picture)), found, strict=True):
        assert apart(each, hash_of(shown)) <= MAX_DISTANCE // 2


def test_each_judged_picture_of_an_animation_has_its_hash() -> None:
    frames = [photo(name).resize((320, 240)) for name in PHOTOS]
    for image_format in ("PNG", "WEBP"):
        found = hashes(animated(frames, image_format, [40] * len(frames)))
        assert len(found) == len(frames)
        assert all(apart(*pair) <= MOST_APART for pair in zip(found, map(hash_of, frames), strict=True))


def test_squares_of_a_long_picture_have_none() -> None:
    picture = photo("rocket").resize((1800, 300))
    found = decode(encoded(picture, "PNG"), SIZE, points=True)
    assert len(found.views) == 1 + len(squares(picture.size)) > 1
    (points,) = found.points
    assert apart(hash_of_points(points), hash_of(picture)) <= MOST_APART


@pytest.mark.parametrize("size", [(300, 200), (1500, 1100), (1800, 300), (1, 1)])
def test_views_are_the_same_with_points_and_without(size: tuple[int, int]) -> None:
    data = encoded(photo("astronaut").resize(size), "PNG", exif=turned(6))
    plain, with_points = decode(data, SIZE), decode(data, SIZE, points=True)
    assert plain == with_points
    assert plain.points == []
    assert [len(points) for points in with_points.points] == [BYTES] * len(with_points.whole)
    assert decode(data, SIZE).points == []


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 4), (4, 4)])
def test_a_picture_that_is_too_small_for_a_hash_has_none_of_any_quality(size: tuple[int, int]) -> None:
    noise = Image.effect_noise(size, 200).convert("RGB")
    assert {found.quality for found in hashes(encoded(noise, "PNG"))} == {0}


@pytest.mark.parametrize("size", [(5, 5), (5, 20_000), (20_000, 5), (6, 128), (129, 65), (1023, 1345), (64, 64)])
def test_a_picture_of_any_shape_has_points_that_are_levels_of_brightness(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    for picture in (Image.fromarray(noise), Image.new("RGB", size, "white"), Image.new("RGB", size)):
        points = decode(encoded(picture, "PNG"), SIZE, points=True).points
        levels = np.frombuffer(b"".join(points), np.float32)
        assert len(points) == 1
        assert 0 <= levels.min() <= levels.max() <= 255
    assert set(chain.from_iterable(points)) == {0}
