"""A WebP is judged as browsers show it, whatever its header says."""

from typing import Any

import pytest
from PIL import Image
from tests.helpers.crafted import animated
from tests.helpers.support import arrays, encoded

from moderate.images.decode import decode
from moderate.images.limits import UndecodableImage
from moderate.images.pictures import Frames

SIZE = 32
FLAGS, HAS_ALPHA = 20, 0x10


def opaque(data: bytes) -> bytes:
    """Returns `data` with a header that denies transparency."""
    return data[:FLAGS] + bytes([data[FLAGS] & ~HAS_ALPHA]) + data[FLAGS + 1 :]


def half_covered(**options: Any) -> bytes:
    """The picture is drawn in alpha alone. Pillow sees one colour, if it believes the header."""
    picture = Image.new("RGBA", (SIZE, SIZE), "black")
    picture.paste((0, 0, 0, 0), (0, 0, SIZE, SIZE // 2))
    return encoded(picture, "WEBP", **options)


def test_a_still_that_denies_its_transparency_is_refused() -> None:
    """Some viewers believe the header, others what they find."""
    data = half_covered(quality=80)
    assert len(decode(data, SIZE).views) == 3
    with pytest.raises(UndecodableImage):
        decode(opaque(data), SIZE)


def test_an_animation_that_denies_its_transparency_is_judged_with_it() -> None:
    first, second = (Image.new("RGBA", (SIZE, SIZE)) for _ in range(2))
    first.paste("red", (0, 0, SIZE, 8))
    second.paste("blue", (0, 0, SIZE, 8))
    found = decode(opaque(animated([first, second], "WEBP", [100, 100])), SIZE)
    assert found.frames == Frames(judged=2, total=2)
    assert [round(view[16:].mean()) for view in arrays(found)] == [255, 0, 128, 255, 0, 128]


@pytest.mark.parametrize("options", [{"quality": 80}, {"lossless": True}])
def test_a_still_without_alpha_is_one_view(options: dict[str, Any]) -> None:
    assert len(decode(encoded(Image.new("RGB", (SIZE, SIZE)), "WEBP", exif=b"Exif\0\0", **options), SIZE).views) == 1


def hidden(*, frames: int) -> bytes:
    """Returns colours under an alpha of 0 everywhere, encoded without loss."""
    picture = Image.effect_noise((SIZE, SIZE), 90).convert("RGBA")
    picture.putalpha(0)
    # A still without metadata gets no extended header, which would state what is in it.
    exif = Image.Exif()
    exif[0x010E] = "a description"
    others = [picture.rotate(90 * turn) for turn in range(1, frames)]
    return encoded(picture, "WEBP", lossless=True, exact=True, exif=exif, save_all=frames > 1, append_images=others)


@pytest.mark.parametrize("frames", [1, 3])
def test_colours_under_an_alpha_that_the_file_denies_are_refused(frames: int) -> None:
    """Chromium shows the colours."""
    decode(hidden(frames=frames), SIZE)
    with pytest.raises(UndecodableImage) as raised:
        decode(opaque(hidden(frames=frames)), SIZE)
    assert raised.value.detail == "MisleadingWebp: transparency that its header denies"
