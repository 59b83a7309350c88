"""The hash agrees with a reference, and separates photos that a package ships."""

from collections.abc import Callable
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance
from scipy.fft import dctn
from tests.helpers.photos import photo
from tests.helpers.support import encoded

from moderate.blocking.block_list import DEFAULT_DISTANCE
from moderate.blocking.perceptual_hash import distance, picture_hash
from moderate.images.decode import decode
from moderate.images.views import View

PHOTOS = {
    name: photo(name)
    for name in ("astronaut", "camera", "chelsea", "coffee", "coins", "hubble_deep_field", "page", "rocket")
}
SAME: dict[str, Callable[[Image.Image], bytes]] = {
    "as a good JPEG": lambda picture: encoded(picture, "JPEG", quality=90),
    "as a bad JPEG": lambda picture: encoded(picture, "JPEG", quality=30),
    "as WebP": lambda picture: encoded(picture, "WEBP", quality=50),
    "at half its size": lambda picture: encoded(picture.reduce(2), "BMP"),
    "squeezed": lambda picture: encoded(picture.resize((300, 200)), "BMP"),
    "in grey": lambda picture: encoded(picture.convert("L"), "BMP"),
    "brighter": lambda picture: encoded(ImageEnhance.Brightness(picture).enhance(1.2), "BMP"),
    "darker": lambda picture: encoded(ImageEnhance.Brightness(picture).enhance(0.7), "BMP"),
    "cropped by 1% on each side": lambda picture: encoded(cropped(picture, 0.01), "BMP"),
}


def cropped(picture: Image.Image, part: float) -> Image.Image:
    x, y = round(picture.width * part), round(picture.height * part)
    return picture.crop((x, y, picture.width - x, picture.height - y))


@cache
def png_of(name: str) -> bytes:
    return encoded(PHOTOS[name], "PNG")


def view_of(data: bytes, size: int = 224) -> View:
    return decode(data, size).views[0]


@cache
def hash_of(data: bytes, size: int = 224) -> int:
    found = picture_hash(view_of(data, size))
    assert found is not None
    return found


def reference(view: View, size: int) -> int:
    grey: NDArray[np.float64] = np.frombuffer(view, np.uint8).reshape(size, size, 3) @ np.array([0.299, 0.587, 0.114])
    waves = dctn(grey)[1:9, 1:9].ravel()
    return int("".join("01"[int(wave > np.median(waves))] for wave in waves), 2)


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("size", [224, 299])
def test_it_is_made_of_scipys_cosine_transform(name: str, size: int) -> None:
    view = view_of(png_of(name), size)
    assert picture_hash(view) == reference(view, size)


@pytest.mark.parametrize("changed", SAME)
@pytest.mark.parametrize("name", PHOTOS)
def test_a_changed_copy_is_near_its_original(name: str, changed: str) -> None:
    copy = SAME[changed](PHOTOS[name])
    assert distance(hash_of(png_of(name)), hash_of(copy)) <= DEFAULT_DISTANCE


def test_different_photos_are_twice_as_far_apart_as_copies_may_be() -> None:
    hashes = [hash_of(png_of(name)) for name in PHOTOS]
    assert min(distance(one, other) for one, other in combinations(hashes, 2)) > 2 * DEFAULT_DISTANCE


def test_models_of_different_sizes_know_each_others_hashes() -> None:
    for name in PHOTOS:
        assert distance(hash_of(png_of(name)), hash_of(png_of(name), 299)) <= DEFAULT_DISTANCE // 2


def test_a_flat_picture_has_none() -> None:
    noise = np.random.default_rng(0).integers(100, 104, (224, 224, 3), np.uint8)
    for flat in (np.zeros_like(noise), np.full_like(noise, 255), noise):
        assert picture_hash(flat.tobytes()) is None
