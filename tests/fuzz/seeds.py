"""Writes what the fuzzer starts from, a small image of every kind, and the photo by which it measures time.

`python -m tests.fuzz.seeds FOLDER PHOTO`
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from tests.helpers.avif import nclx
from tests.helpers.crafted import COLOUR_ALPHA, Control, GifFrame, animated, apng, bmp, gif, png
from tests.helpers.heic import aperture, flat, grid_of, turn
from tests.helpers.photos import reference_photo
from tests.helpers.support import encoded

PHOTO = Image.effect_noise((24, 16), 60).convert("RGB")
TURNS = [PHOTO.rotate(turn) for turn in (0, 90, 180)]
SQUARE = np.arange(16).reshape(4, 4)
EXIF = Image.Exif()
EXIF[0x0112] = 6

SEEDS = {
    "jpeg": encoded(PHOTO, "JPEG", exif=EXIF),
    "progressive.jpeg": encoded(PHOTO, "JPEG", progressive=True),
    "cmyk.jpeg": encoded(PHOTO.convert("CMYK"), "JPEG"),
    "png": encoded(PHOTO, "PNG", exif=EXIF),
    "palette.png": encoded(PHOTO.quantize(8), "PNG", transparency=0),
    "deep.png": png(np.dstack([SQUARE * 257] * 4), 16, COLOUR_ALPHA),
    "apng": apng([(SQUARE, Control(disposal=2)), (SQUARE, Control(over=True))], default=SQUARE),
    "gif": gif([GifFrame(SQUARE, disposal=3, transparent=0), GifFrame(SQUARE, at=(1, 1))], (5, 5)),
    "animated.gif": animated(TURNS, "GIF", [40] * 3),
    "webp": encoded(PHOTO, "WEBP"),
    "lossless.webp": encoded(PHOTO.convert("RGBA"), "WEBP", lossless=True),
    "animated.webp": animated(TURNS, "WEBP", [40] * 3),
    "avif": encoded(PHOTO, "AVIF"),
    "animated.avif": animated(TURNS, "AVIF", [40] * 3),
    "heic": encoded(PHOTO, "HEIF", exif=EXIF),
    "alpha.heic": encoded(PHOTO.convert("RGBA").rotate(45), "HEIF"),
    "grid.heic": grid_of(flat(), 2, 2, aperture(100, 100), turn(1), nclx(9, 16)),
    "bmp": encoded(PHOTO, "BMP"),
    "run-length.bmp": bmp(b"\4\1\0\0" * 4 + b"\0\1", (4, 4), 8, palette=bytes(1024), colours=256, compression=1),
}


def main(folder: Path, photo: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in SEEDS.items():
        (folder / name).write_bytes(data)
    reference_photo(photo.parent).replace(photo)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
