"""Still WebPs: the pixels are those that Pillow, and with it every viewer, decodes."""

from typing import Any

import pytest
from PIL import Image
from tests.helpers.support import encoded
from tests.hostile.images.making import photo

from moderate.images.libwebp import UndecodableWebp, decode
from moderate.images.pictures import open_image

OPTIONS: dict[str, dict[str, Any]] = {
    "lossy": {"quality": 60},
    "lossless": {"lossless": True},
    "with an exif": {"exif": photo().getexif()},
}


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (63, 17), (320, 240)])
@pytest.mark.parametrize("kind", OPTIONS)
def test_each_pixel_is_the_one_that_pillow_decodes(kind: str, size: tuple[int, int], mode: str) -> None:
    data = encoded(photo(mode, size), "WEBP", **OPTIONS[kind])
    with open_image(data, "WEBP") as image:
        found = decode(data, size, has_alpha=mode == "RGBA")
        assert found.convert(mode).tobytes() == image.convert(mode).tobytes()


@pytest.mark.parametrize("size", [(17, 63), (64, 17), (1, 1)])
def test_a_picture_of_another_size_than_its_header_says_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(UndecodableWebp):
        decode(encoded(photo("RGB", (63, 17)), "WEBP"), size, has_alpha=False)


@pytest.mark.parametrize("kind", OPTIONS)
def test_half_a_file_is_refused(kind: str) -> None:
    data = encoded(Image.effect_noise((64, 64), 99).convert("RGB"), "WEBP", **OPTIONS[kind])
    with pytest.raises(UndecodableWebp):
        decode(data[: len(data) // 2], (64, 64), has_alpha=False)
