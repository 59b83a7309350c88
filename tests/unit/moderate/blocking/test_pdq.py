"""The hash is Meta's, finds changed copies, separates photos that a package ships, and takes any array."""

import io
from collections.abc import Callable
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps
from tests.helpers.photos import photo
from tests.helpers.support import encoded

from moderate.blocking.pdq import BYTES, MAX_DISTANCE, MIN_QUALITY, PdqHash, luma_of, pdq_hash

# By pdqhash 0.2.8. `make parity` compares them with the package, and many more.
REFERENCE = {
    "astronaut": ("2d6b1af3a956c529e79ca3d2526fa834d4196c81cedd04de0a26b855fc99b724", 100),
    "camera": ("dc9c9d3b746978f888f40ce6e5c3f70f7266623e8d989cb99f21f2010841e1c7", 100),
    "chelsea": ("5feb5321f01da156898e2bf629a5d3438412cdbd23f48942464526315db33ffd", 100),
    "coffee": ("8c629e779a663698b9a33866c026726c21a679f61eb6e1f8c79ba7e23c8299e0", 100),
    "coins": ("8ee552196df86aa552b514e6e505e0319aeb1aaea4a5d935dd4a675a1a56a555", 100),
    "hubble_deep_field": ("1c6715e46266634f72d42df2324ad397e70e86be9c665c59a42ec19c3369b919", 100),
    "page": ("965b26d62ed3636b192ccdddcc91d88c3925812979849815e37b1cce4732a6fb", 100),
    "rocket": ("8792786c87937064bf1bc0e43f1fc0e03f1cc2e33da4c2537cec821b2ce4f376", 100),
}
# Of a page of text, whose contours are finer than its points, a smaller copy is another picture.
PHOTOS = [name for name in REFERENCE if name != "page"]
SAME: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as a JPEG of quality 95": lambda picture: as_jpeg(picture, 95),
    "as a JPEG of quality 80": lambda picture: as_jpeg(picture, 80),
    "as a JPEG of quality 50": lambda picture: as_jpeg(picture, 50),
    "at half its size": lambda picture: scaled(picture, 0.5),
    "at three quarters of its size": lambda picture: scaled(picture, 0.75),
    "at twice its size": lambda picture: scaled(picture, 2),
    "in grey": lambda picture: picture.convert("L"),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.1),
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.8),
}
OTHER: dict[str, Callable[[Image.Image], Image.Image]] = {
    "mirrored": ImageOps.mirror,
    "turned": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "cropped by 20% on each side": lambda picture: ImageOps.crop(picture, round(0.2 * min(picture.size))),
}
NOTHING = PdqHash(bytes(BYTES), 0)


def as_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(encoded(picture, "JPEG", quality=quality)))


def scaled(picture: Image.Image, factor: float) -> Image.Image:
    return picture.resize((round(picture.width * factor), round(picture.height * factor)))


def hash_of(picture: Image.Image) -> PdqHash:
    return pdq_hash(luma_of(np.asarray(picture.convert("RGB"))))


@cache
def hash_of_photo(name: str) -> PdqHash:
    return hash_of(photo(name))


def apart(one: PdqHash, other: PdqHash) -> int:
    return (int.from_bytes(one.bits) ^ int.from_bytes(other.bits)).bit_count()


@pytest.mark.parametrize("name", REFERENCE)
def test_a_photo_has_the_digits_and_the_quality_that_the_reference_gives_it(name: str) -> None:
    found = hash_of_photo(name)
    assert (found.bits.hex(), found.quality) == REFERENCE[name]


@pytest.mark.parametrize("changed", SAME)
@pytest.mark.parametrize("name", PHOTOS)
def test_a_changed_copy_is_near_its_original(name: str, changed: str) -> None:
    assert apart(hash_of_photo(name), hash_of(SAME[changed](photo(name)))) <= MAX_DISTANCE


@pytest.mark.parametrize("changed", OTHER)
@pytest.mark.parametrize("name", REFERENCE)
def test_what_the_documentation_says_escapes_does(name: str, changed: str) -> None:
    assert apart(hash_of_photo(name), hash_of(OTHER[changed](photo(name)))) > MAX_DISTANCE


def test_different_photos_are_far_apart() -> None:
    hashes = [hash_of_photo(name) for name in REFERENCE]
    assert min(apart(one, other) for one, other in combinations(hashes, 2)) > 2 * MAX_DISTANCE


@pytest.mark.parametrize("side", [64, 224, 512])
def test_a_flat_picture_has_no_quality_and_one_with_few_contours_too_little(side: int) -> None:
    flat = np.full((side, side), 77, np.float32)
    assert pdq_hash(flat).quality == 0
    slope = np.tile(np.linspace(0, 255, side, dtype=np.float32), (side, 1))
    assert pdq_hash(slope).quality < MIN_QUALITY


@pytest.mark.parametrize("shape", [(0, 0), (0, 100), (100, 0), (1, 1), (1, 5000), (5000, 1), (4, 4), (4, 900)])
def test_a_picture_that_is_too_small_has_no_hash(shape: tuple[int, int]) -> None:
    assert pdq_hash(np.ones(shape, np.float32)) == NOTHING


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1e38, -1e-3, 255.1])
@pytest.mark.parametrize("side", [64, 100])
def test_a_picture_with_a_number_that_is_no_brightness_has_no_hash(number: float, side: int) -> None:
    luma = np.full((side, side), 9, np.float32)
    luma[-1, 3] = number
    assert pdq_hash(luma) == NOTHING


@pytest.mark.parametrize("shape", [(5, 5), (5, 20_000), (20_000, 5)])
def test_a_picture_of_any_shape_has_a_hash(shape: tuple[int, int]) -> None:
    luma: NDArray[np.float32] = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    found = pdq_hash(luma)
    assert found.quality > 0
    assert 0 < int.from_bytes(found.bits).bit_count() <= 4 * BYTES


@given(st.integers(5, 150), st.integers(5, 150), st.integers(0, 2**32))
def test_half_of_the_bits_are_set_and_the_picture_is_left_as_it_was(height: int, width: int, seed: int) -> None:
    luma = np.random.default_rng(seed).uniform(0, 255, (height, width)).astype(np.float32)
    before = luma.copy()
    found = pdq_hash(luma)
    assert len(found.bits) == BYTES
    assert 4 * BYTES - 8 <= int.from_bytes(found.bits).bit_count() <= 4 * BYTES
    assert 0 <= found.quality <= 100
    assert np.array_equal(luma, before)
