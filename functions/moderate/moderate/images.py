"""Bytes of an image -> the pictures that a person looking at it would see, at the model's size."""

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin, Image
from PIL.PngImagePlugin import PngImageFile

from moderate.animation import choose_frames, display_time
from moderate.formats import recognise
from moderate.jpeg import count_scans
from modest.errors import PublicError

View = NDArray[np.uint8]
"""One picture to judge: RGB, shape (1, size, size, 3)."""

# Megapixels at which a picture of each kind takes about as much memory to decode as any other kind:
# 120 MB, measured in tests/hostile. A 12 MP photo (4032 x 3024) passes in every format.
MAX_MEGAPIXELS = {
    "baseline JPEG": 50.0,
    "progressive JPEG": 30.0,
    "opaque PNG or BMP": 30.0,
    "palette or transparent PNG or BMP": 20.0,
    "WebP or AVIF": 16.0,
    "GIF or animated PNG": 12.2,
}
MAX_SCANS = 100
# An animation is decoded whole, twice, so that its frames can be chosen by the time they are shown.
MAX_FRAMES = 2000
MAX_ANIMATION_MEGAPIXELS = 120.0

_PIXELS_PER_MEGAPIXEL = 1_000_000
_ORIENTATION_TAG = 0x0112
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_KEY_SCALE = {"L;2": 85, "L;4": 17}
_OPAQUE = 255
_WHITE = (255, 255, 255)
_BLACK = (0, 0, 0)

# Pillow allocates a WebP canvas while it opens the file, so its own limit must hold before ours can.
Image.MAX_IMAGE_PIXELS = int(max(MAX_MEGAPIXELS.values()) * _PIXELS_PER_MEGAPIXEL)
warnings.simplefilter("error", Image.DecompressionBombWarning)
# One image is decoded on one core; the batch is what runs side by side.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


class UndecodableImage(PublicError):
    """The bytes begin like an image, but no picture comes out."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(
            "The image is damaged or incomplete and cannot be decoded. Send it again whole.", detail=detail
        )


class TooManyPixels(PublicError):
    """The picture would take more memory to decode than one image may."""


class TooManyFrames(PublicError):
    """The animation would take longer to decode than one image may; it is never judged in part."""

    def __init__(self) -> None:
        super().__init__(
            f"The animation is too long to be judged whole: at most {MAX_FRAMES} frames and "
            f"{MAX_ANIMATION_MEGAPIXELS:.0f} megapixels over all of them. Send a shorter or smaller one."
        )


@dataclass(frozen=True, slots=True)
class Frames:
    judged: int
    total: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What a person may see of one image: each judged frame, on white and on black where it is not opaque."""

    views: tuple[View, ...]
    frames: Frames


def decode(data: bytes, size: int) -> Picture:
    """Decode to square RGB views of `size` pixels a side.

    Raises UnsupportedFormat, UndecodableImage, TooManyPixels, TooManyFrames.
    """
    image_format = recognise(data)
    if image_format == "JPEG" and count_scans(data) > MAX_SCANS:
        raise UndecodableImage(f"more than {MAX_SCANS} scans")
    try:
        with Image.open(io.BytesIO(data), formats=[image_format]) as image:
            return _decode_still(image, size) if _is_still(image) else _decode_animation(image, size)
    except PublicError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels("any image", max(MAX_MEGAPIXELS.values())) from None
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they like on damaged files
        raise UndecodableImage(type(error).__name__) from None


def _is_still(image: Image.Image) -> bool:
    # The further pictures of an MPO file are depth maps and second eyes that no viewer shows.
    return image.format in ("JPEG", "MPO") or not getattr(image, "is_animated", False)


def _decode_still(image: Image.Image, size: int) -> Picture:
    _check_size(image)
    _scale_transparent_key(image)
    image.draft("RGB", (size, size))
    image.load()
    return Picture(tuple(_views(image, size)), Frames(judged=1, total=1))


def _decode_animation(image: Image.Image, size: int) -> Picture:
    times = _display_times(image)
    chosen = choose_frames(times)
    views: list[View] = []
    for index in chosen:
        image.seek(index)
        image.load()
        views.extend(_views(image, size))
    return Picture(tuple(views), Frames(judged=len(chosen), total=len(times)))


def _display_times(image: Image.Image) -> list[float]:
    """Decode every frame once to learn how long each is shown, by the decoder that will judge them.

    A second parser of our own would be faster, and a place where a file can show it other frames.
    """
    times: list[float] = []
    pixels = 0
    while _seek(image, len(times)):
        _check_size(image)
        pixels += image.width * image.height
        if len(times) == MAX_FRAMES or pixels > MAX_ANIMATION_MEGAPIXELS * _PIXELS_PER_MEGAPIXEL:
            raise TooManyFrames
        image.load()
        times.append(display_time(image.info.get("duration")))
    return times


def _seek(image: Image.Image, index: int) -> bool:
    # WebP reports a damaged frame as the end of the file, so its own count is what ends it.
    if image.format != "GIF" and index >= getattr(image, "n_frames", 1):
        return False
    try:
        image.seek(index)
    except EOFError:
        if image.format != "GIF":
            raise
        return False
    return True


def _views(image: Image.Image, size: int) -> Iterator[View]:
    small = _shrink(_in_full_colour(image), size)
    transposition = _TRANSPOSITIONS.get(_orientation(image))
    if transposition is not None:
        small = small.transpose(transposition)
    if small.mode != "RGBA" or small.getchannel("A").getextrema() == (_OPAQUE, _OPAQUE):
        yield _as_view(small.convert("RGB"))
    else:
        yield _as_view(_on(_WHITE, small))
        yield _as_view(_on(_BLACK, small))


def _in_full_colour(image: Image.Image) -> Image.Image:
    """`image` in a mode that may be resized: L or RGB, or RGBA where anything in it is transparent.

    Pillow quietly resizes palette and bilevel pictures by picking single pixels, which hides whatever
    lies between them.
    """
    if image.mode.startswith("I;16"):
        return _from_16_bit(image)
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _scale_transparent_key(image: Image.Image) -> None:
    """Pillow widens grey levels to 8 bits but leaves the transparent one of a PNG in the file's own depth."""
    if "transparency" not in image.info or not isinstance(image, PngImageFile):
        return
    raw_mode = image.tile[0].args
    if raw_mode in _KEY_SCALE:
        image.info["transparency"] *= _KEY_SCALE[raw_mode]
    elif raw_mode == "RGB;16B":
        # One colour of 2^48 is transparent, and which pixels have it is lost in 8 bits.
        raise UndecodableImage("16-bit RGB with a transparent colour")


def _from_16_bit(image: Image.Image) -> Image.Image:
    """Pillow's own conversion clips at 255, which turns nearly all of a 16-bit picture white."""
    values = np.asarray(image)
    grey = Image.fromarray((values >> 8).astype(np.uint8))
    key = image.info.get("transparency")
    if key is None:
        return grey
    opaque = Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8))
    return Image.merge("RGBA", (grey, grey, grey, opaque))


def _shrink(image: Image.Image, size: int) -> Image.Image:
    """Every pixel of `image` counts: both filters widen with the factor by which they shrink."""
    if image.size == (size, size):
        return image
    shrinks_both = min(image.size) >= size
    return image.resize((size, size), Image.Resampling.BOX if shrinks_both else Image.Resampling.BILINEAR)


def _on(background: tuple[int, int, int], image: Image.Image) -> Image.Image:
    canvas = Image.new("RGB", image.size, background)
    canvas.paste(image, mask=image.getchannel("A"))
    return canvas


def _as_view(image: Image.Image) -> View:
    return np.asarray(image)[np.newaxis]


def _orientation(image: Image.Image) -> int:
    # Not image.getexif(): it also believes XMP and text chunks, which viewers do not.
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        return int(exif.get(_ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001 - damaged EXIF says nothing about the picture
        return 1


def _check_size(image: Image.Image) -> None:
    kind = _kind(image)
    limit = MAX_MEGAPIXELS[kind]
    if image.width * image.height > limit * _PIXELS_PER_MEGAPIXEL:
        raise _too_many_pixels(kind, limit)


def _kind(image: Image.Image) -> str:
    if image.format in ("JPEG", "MPO"):
        return "progressive JPEG" if image.info.get("progressive") else "baseline JPEG"
    if image.format in ("WEBP", "AVIF"):
        return "WebP or AVIF"
    if image.format == "GIF" or getattr(image, "is_animated", False):
        return "GIF or animated PNG"
    if image.mode == "P" or image.has_transparency_data:
        return "palette or transparent PNG or BMP"
    return "opaque PNG or BMP"


def _too_many_pixels(kind: str, limit: float) -> TooManyPixels:
    return TooManyPixels(f"The image has too many pixels: {kind} may have {limit:g} megapixels. Send a smaller one.")
