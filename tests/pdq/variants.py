"""What becomes of a picture on its way through the web, as files."""

import io
from collections.abc import Callable, Mapping
from functools import partial

from PIL import Image, ImageEnhance

_BRIGHTER, _DARKER = 1.2, 0.8


def as_bmp(picture: Image.Image) -> bytes:
    """Returns a file that has each pixel as it is."""
    return _saved(picture, "BMP")


def _saved(picture: Image.Image, form: str, **options: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def _as_jpeg(picture: Image.Image, quality: int) -> bytes:
    return _saved(picture, "JPEG", quality=quality)


def _scaled(picture: Image.Image, by: float) -> bytes:
    size = (max(1, round(picture.width * by)), max(1, round(picture.height * by)))
    return as_bmp(picture.resize(size, Image.Resampling.LANCZOS if by < 1 else Image.Resampling.BICUBIC))


def _lit(picture: Image.Image, by: float) -> bytes:
    return as_bmp(ImageEnhance.Brightness(picture).enhance(by))


def _cropped(picture: Image.Image, share: float) -> bytes:
    x, y = round(picture.width * share), round(picture.height * share)
    return as_bmp(picture.crop((x, y, picture.width - x, picture.height - y)))


VARIANTS: Mapping[str, Callable[[Image.Image], bytes]] = {
    **{f"JPEG of quality {quality}": partial(_as_jpeg, quality=quality) for quality in (95, 80, 50)},
    "half the size": partial(_scaled, by=0.5),
    "three quarters of the size": partial(_scaled, by=0.75),
    "twice the size": partial(_scaled, by=2),
    "brighter by a fifth": partial(_lit, by=_BRIGHTER),
    "darker by a fifth": partial(_lit, by=_DARKER),
    "cropped by 1 % on each side": partial(_cropped, share=0.01),
    "cropped by 2 % on each side": partial(_cropped, share=0.02),
}
