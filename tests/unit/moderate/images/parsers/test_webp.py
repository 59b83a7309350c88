"""A WebP is judged as browsers show it, whatever its header says."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.helpers.crafted import animated
from tests.helpers.profiles import UPSIDE_DOWN, rgb_profile
from tests.helpers.support import arrays, encoded

from moderate.images.colours.spaces import BT_709
from moderate.images.decode import decode
from moderate.images.decoded import Frames
from moderate.images.limits import UndecodableImage

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


def test_a_still_that_denies_its_transparency_is_opaque() -> None:
    """Its alpha is stored beside its pixels, where browsers do not look for it then."""
    data = half_covered(quality=80)
    assert len(decode(data, SIZE).views) == 3
    (view,) = arrays(decode(opaque(data), SIZE))
    assert view.max() == 0


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


PICTURE = Image.effect_noise((SIZE, SIZE), 90).convert("RGBA")


def hidden(*, frames: int, alpha: int = 0, **options: Any) -> bytes:
    """Returns colours under one alpha everywhere, encoded without loss."""
    picture = PICTURE.copy()
    picture.putalpha(alpha)
    # A still without metadata gets no extended header, which would state what is in it.
    exif = Image.Exif()
    exif[0x010E] = "a description"
    if frames > 1:
        others = [picture.rotate(90 * turn) for turn in range(1, frames)]
        options |= {"save_all": True, "append_images": others}
    return encoded(picture, "WEBP", lossless=True, exact=True, exif=exif, **options)


@pytest.mark.parametrize("alpha", [0, 100, 255])
def test_a_still_that_denies_its_transparency_is_judged_with_the_light_of_each_page_added(alpha: int) -> None:
    """Chromium shows it so where the pixels have an alpha, and Firefox without the page."""
    data = opaque(hidden(frames=1, alpha=alpha))
    colours = np.asarray(PICTURE.convert("RGB")).astype(int)
    expected = [np.minimum(255, colours + round((255 - alpha) * page / 255)) for page in (255, 0, 128)]
    found = arrays(decode(data, SIZE))
    assert len(found) == (3 if alpha < 255 else 1)
    assert all(min(np.abs(view - shown).max() for view in found) == 0 for shown in expected)


def test_a_still_that_denies_its_transparency_and_has_a_profile_is_refused() -> None:
    with pytest.raises(UndecodableImage, match="says that it is opaque") as raised:
        decode(opaque(hidden(frames=1, icc_profile=rgb_profile(BT_709.colorants(), UPSIDE_DOWN))), SIZE)
    assert raised.value.detail == "MisleadingWebp: transparency that its header denies, and other colours"


def test_frames_with_an_alpha_that_the_file_denies_are_refused() -> None:
    """Chromium shows their colours, and Firefox the page behind them."""
    decode(hidden(frames=3), SIZE)
    with pytest.raises(UndecodableImage, match="says that it is opaque") as raised:
        decode(opaque(hidden(frames=3)), SIZE)
    assert raised.value.detail == "MisleadingWebp: transparency that its header denies"


@pytest.mark.parametrize("frames", [1, 3])
def test_a_file_that_says_it_is_larger_is_judged(frames: int) -> None:
    data = hidden(frames=frames)
    larger = data[:4] + (len(data) + 1000).to_bytes(4, "little") + data[8:]
    assert decode(larger, SIZE) == decode(data, SIZE)


@pytest.mark.parametrize("frames", [1, 3])
def test_the_error_for_a_file_that_ends_early_says_so(frames: int) -> None:
    with pytest.raises(UndecodableImage, match="breaks off"):
        decode(hidden(frames=frames)[:-40], SIZE)


def denied_by_pixels(data: bytes) -> bytes:
    """Returns `data`, whose pixels all say that they are opaque."""
    changed, at = bytearray(data), 0
    while (at := data.find(b"VP8L", at)) >= 0:
        at += 8
        changed[at + 4] &= ~HAS_ALPHA
    return bytes(changed)


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("whole", [lambda data: data, opaque])
def test_transparency_that_lossless_pixels_deny_is_refused(frames: int, whole: Callable[[bytes], bytes]) -> None:
    """Chromium adds the light of the page to the colours, or lets it through where Firefox does not."""
    data = hidden(frames=frames, alpha=128)
    with pytest.raises(UndecodableImage) as raised:
        decode(whole(denied_by_pixels(data)), SIZE)
    assert raised.value.detail == "DeniedTransparency: transparency that its pixels deny"


def test_lossless_pixels_that_are_as_opaque_as_they_say_are_judged() -> None:
    assert len(decode(denied_by_pixels(hidden(frames=1, alpha=255)), SIZE).views) == 1
    assert decode(hidden(frames=2, alpha=255), SIZE).views
