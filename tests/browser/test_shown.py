"""What Chromium shows of an image is among what is judged of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops
from tests.browser.chromium import ask_chromium
from tests.helpers.colours import darkened, with_gamma
from tests.helpers.crafted import COLOUR, COLOUR_ALPHA, Control, GifFrame, animated, apng, bmp_with_profile, gif, png
from tests.helpers.photos import photo
from tests.helpers.profiles import (
    DISPLAY_P3,
    SRGB,
    SRGB_CURVE,
    UPSIDE_DOWN,
    grey_profile,
    rgb_profile,
    table_profile,
)
from tests.helpers.support import arrays, encoded

from moderate.images.decode import decode

SIZE = 256
FIELDS = 8
MOST = 4.0
"""In levels of 255, in the mean: what codecs, filters and Chromium's own arithmetic differ by."""

MOST_BY_AN_ORDINARY_PROFILE = 6.0
"""Ordinary profiles are not drawn."""

PHOTO = photo("astronaut").crop((32, 0, 480, 448)).resize((SIZE, SIZE))
NEGATIVE = ImageChops.invert(PHOTO)
INVERTED = rgb_profile(SRGB, UPSIDE_DOWN)
LEVELS = np.asarray(PHOTO)
GREYS = np.asarray(PHOTO.convert("L"))
CLEAR = np.dstack([LEVELS, np.where(GREYS > 100, 255, 60)])
LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": 95},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 95, "speed": 10},
}


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


FILES: dict[str, bytes] = {
    **{f"{kind} plain": encoded(PHOTO, kind, **how) for kind, how in LOSSLESS.items()},
    **{
        f"{kind} turned {orientation}": encoded(PHOTO, kind, exif=turned(orientation), **how)
        for kind, how in LOSSLESS.items()
        for orientation in (3, 6, 7)
    },
    **{f"{kind} upside down": encoded(NEGATIVE, kind, icc_profile=INVERTED, **how) for kind, how in LOSSLESS.items()},
    "JPEG of Display P3": encoded(PHOTO, "JPEG", quality=95, icc_profile=rgb_profile(DISPLAY_P3, SRGB_CURVE)),
    "JPEG grey, upside down by its own": encoded(
        NEGATIVE.convert("L"), "JPEG", quality=95, icc_profile=grey_profile(UPSIDE_DOWN)
    ),
    "JPEG grey, upside down by colours": encoded(NEGATIVE.convert("L"), "JPEG", quality=95, icc_profile=INVERTED),
    "JPEG with a profile of grey": encoded(NEGATIVE, "JPEG", quality=95, icc_profile=grey_profile(UPSIDE_DOWN)),
    "JPEG of inks": encoded(PHOTO.convert("CMYK"), "JPEG", quality=95),
    "JPEG of white ink": encoded(
        Image.new("CMYK", (64, 64), (255, 255, 255, 255)),
        "JPEG",
        icc_profile=table_profile(b"CMYK", [(0, 128, 128)] + [(255, 128, 128)] * 15),
    ),
    "JPEG progressive": encoded(PHOTO, "JPEG", quality=95, progressive=True),
    "PNG by a table": encoded(
        NEGATIVE, "PNG", icc_profile=table_profile(b"RGB ", [(255 - 85 * n.bit_count(), 128, 128) for n in range(8)])
    ),
    "PNG dark but for its gamma": with_gamma(darkened(PHOTO, 4), 4 / 2.2),
    "PNG bright but for its gamma": with_gamma(darkened(PHOTO, 0.25), 0.25 / 2.2),
    "PNG of palette": encoded(PHOTO.quantize(200), "PNG"),
    "PNG of palette, partly clear": encoded(PHOTO.quantize(200), "PNG", transparency=bytes(range(200))),
    "PNG of 16 bits": png(GREYS.astype(int) * 257, 16),
    "PNG of 16 bits, in colour": png(LEVELS.astype(int) * 257, 16, COLOUR),
    "PNG partly clear": png(CLEAR, 8, COLOUR_ALPHA),
    "PNG of two levels": encoded(PHOTO.convert("1"), "PNG"),
    "PNG animated": animated([PHOTO, NEGATIVE], "PNG", [100_000, 100]),
    "PNG animated, with another default": apng(
        [(GREYS, Control()), (255 - GREYS, Control())], default=np.full((SIZE, SIZE), 128)
    ),
    "WEBP partly clear": encoded(Image.fromarray(CLEAR.astype(np.uint8)), "WEBP", lossless=True, exact=True),
    "AVIF partly clear": encoded(Image.fromarray(CLEAR.astype(np.uint8)), "AVIF", quality=95, speed=10),
    "GIF plain": encoded(PHOTO.quantize(256), "GIF"),
    "GIF clear around its frame": gif([GifFrame(GREYS[:64, :64], at=(100, 100))], (SIZE, SIZE), background=0),
    "GIF with a clear level": gif([GifFrame(GREYS, transparent=200)], (SIZE, SIZE)),
    "BMP plain": encoded(PHOTO, "BMP"),
    "BMP upside down": bmp_with_profile(NEGATIVE, INVERTED),
    "GIF with a comment": encoded(PHOTO.quantize(256), "GIF", comment=b"hello"),
    "BMP of palette": encoded(PHOTO.quantize(200), "BMP"),
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("shown")
    given: dict[str, dict[str, str]] = {}
    for number, (name, data) in enumerate(FILES.items()):
        path: Path = folder / str(number)
        path.write_bytes(data)
        given[name] = {"path": str(path), "type": f"image/{name.split()[0].lower()}"}
    found: dict[str, Any] = ask_chromium("shown.mjs", {"files": given})
    return found


@pytest.mark.parametrize("name", FILES)
def test_what_chromium_shows_is_judged(shown: dict[str, Any], name: str) -> None:
    wanted = np.array(shown[name])
    fields = [
        view.reshape(FIELDS, SIZE // FIELDS, FIELDS, SIZE // FIELDS, 3).mean((1, 3)).reshape(-1, 3)
        for view in arrays(decode(FILES[name], SIZE))
    ]
    most = MOST_BY_AN_ORDINARY_PROFILE if "Display P3" in name else MOST
    assert min(np.abs(seen - wanted).mean() for seen in fields) < most


def test_chromium_heeds_profiles(shown: dict[str, Any]) -> None:
    """What all this rests on: it shows the negative as the photo."""
    for kind in LOSSLESS:
        upside_down, plain = (np.array(shown[f"{kind} {how}"]) for how in ("upside down", "plain"))
        assert np.abs(upside_down - plain).mean() < MOST
