"""Ordinary images of every kind, and the same cut or damaged."""

import numpy as np
from PIL import Image
from tests.helpers.crafted import (
    COLOUR,
    COLOUR_ALPHA,
    GREY_ALPHA,
    Control,
    animated,
    apng,
    png,
)
from tests.helpers.support import encoded
from tests.hostile.images.catalogue import add, given
from tests.hostile.images.making import (
    EXIF,
    GOOD,
    GREY_SQUARE,
    PROFILE,
    photo,
)

from moderate.images.limits import (
    UndecodableImage,
)

for name, content in {
    "JPEG with a profile of 5 MB": encoded(photo(), "JPEG", icc_profile=PROFILE),
    "PNG with a profile of 5 MB": encoded(photo(), "PNG", icc_profile=PROFILE),
    "WebP with a profile of 5 MB": encoded(photo(), "WEBP", icc_profile=PROFILE),
    "PNG with a ZIP behind it": encoded(photo(), "PNG") + b"PK\x05\x06" + bytes(18),
    "CMYK JPEG": encoded(photo("CMYK"), "JPEG"),
    "palette PNG": encoded(photo("P"), "PNG"),
    "palette PNG with transparency": encoded(photo("P"), "PNG", transparency=bytes(range(256))),
    "RGB PNG with a transparent colour": encoded(photo(), "PNG", transparency=(0, 0, 0)),
    "LA PNG": encoded(photo("LA"), "PNG"),
    "RGBA PNG": encoded(photo("RGBA"), "PNG"),
    "16-bit grey PNG": png(GREY_SQUARE * 257, 16),
    "16-bit RGB PNG": png(np.dstack([GREY_SQUARE * 257] * 3), 16, COLOUR),
    "16-bit LA PNG": png(np.dstack([GREY_SQUARE * 257] * 2), 16, GREY_ALPHA),
    "16-bit RGBA PNG": png(np.dstack([GREY_SQUARE * 257] * 4), 16, COLOUR_ALPHA),
    "APNG with a default image": apng([(GREY_SQUARE, Control())], default=GREY_SQUARE // 2),
    "50000 x 1": encoded(Image.new("RGB", (50_000, 1)), "PNG"),
    "1 x 50000": encoded(Image.new("RGB", (1, 50_000)), "JPEG"),
    "1 x 1": encoded(Image.new("RGB", (1, 1)), "GIF"),
    **{f"JPEG of orientation {turn}": encoded(photo(), "JPEG", exif=exif) for turn, exif in EXIF.items()},
}.items():
    add(name, given(content), None)


ACCEPTED: dict[str, bytes] = {
    "JPEG": GOOD,
    "progressive JPEG": encoded(photo(), "JPEG", progressive=True),
    "PNG": encoded(photo(), "PNG"),
    "GIF": encoded(photo("P"), "GIF"),
    "BMP": encoded(photo(), "BMP"),
    "WebP": encoded(photo(), "WEBP"),
    "lossless WebP": encoded(photo(), "WEBP", lossless=True),
    "AVIF": encoded(photo(), "AVIF", speed=10),
    "HEIC": encoded(photo(), "HEIF", exif=None),
}
SHOTS = [photo().rotate(turn) for turn in range(0, 90, 5)]
ANIMATED: dict[str, bytes] = {
    "animated GIF": animated([shot.quantize(64) for shot in SHOTS], "GIF", [40] * len(SHOTS)),
    "animated PNG": animated(SHOTS, "PNG", [40] * len(SHOTS)),
    "animated WebP": animated(SHOTS, "WEBP", [40] * len(SHOTS)),
    "animated AVIF": animated(SHOTS, "AVIF", [40] * len(SHOTS)),
}
for name, content in (ACCEPTED | ANIMATED).items():
    add(f"{name}, cut after its header", given(content[:40]), UndecodableImage)
    add(f"{name}, cut in half", given(content[: len(content) // 2]), UndecodableImage)
    # Browsers show these without their end.
    is_shown = any(each in name for each in ("PNG", "JPEG", "GIF"))
    add(f"{name}, cut 2 bytes before its end", given(content[:-2]), None if is_shown else UndecodableImage)
for name, content in ANIMATED.items():
    middle = len(content) // 2
    add(f"{name} with a bad frame", given(content[:middle] + content[middle + 500 :]), UndecodableImage)
