"""Still WebPs: the pixels are those that Pillow, and with it every viewer, decodes."""

from contextlib import suppress
from random import Random
from typing import Any

import pytest
from PIL import Image
from tests.helpers.support import encoded
from tests.hostile.images.making import photo

from moderate.images.libraries.libwebp import UndecodableWebp, decode
from moderate.images.limits import BrokenRule
from moderate.images.parsers.webp import without_other_chunks
from moderate.images.pictures import open_image

SIZE = 33, 20

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


def mutated(random: Random, data: bytes) -> bytes:
    """Returns `data` with a few bytes changed, left out or put in, most of them near its start."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(random.choice([64, len(changed)]))
        changed[place : place + random.randint(0, 2)] = random.randbytes(random.randint(0, 2))
    return bytes(changed)


def as_pillow_decodes_it(data: bytes) -> tuple[bool, bytes | None] | None:
    """Returns whether it may be transparent, and its pixels. None if there is no still of SIZE, or no pixels."""
    try:
        with open_image(data, "WEBP") as image:
            if image.size != SIZE or data[20] & 2:
                return None
            has_alpha = image.has_transparency_data
            with suppress(OSError):
                return has_alpha, image.convert("RGBA").tobytes()
            return has_alpha, None
    except (OSError, Image.DecompressionBombError):
        return None


def test_mutated_stills_are_decoded_as_pillow_decodes_them_and_refused_where_it_refuses_them() -> None:
    random, known = Random(1), list[bytes | None]()
    stills = [encoded(photo(mode, SIZE), "WEBP", **options) for mode in ("RGB", "RGBA") for options in OPTIONS.values()]
    while len(known) < 2000:
        data = mutated(random, random.choice(stills))
        if (found := as_pillow_decodes_it(data)) is None:
            continue
        has_alpha, pixels = found
        known.append(pixels)
        decoded = None
        with suppress(BrokenRule):
            decoded = decode(without_other_chunks(data), SIZE, has_alpha=has_alpha).convert("RGBA").tobytes()
        assert decoded == pixels
    assert known.count(None) > 20
