"""How large an image may be before it is decoded, and the errors that say so."""

from modest.errors import PublicError

ANIMATED = "a GIF, WebP, AVIF or animated PNG"
PROFILED = "a picture with an unusual colour profile or gamma"

# Megapixels at which a picture of each kind takes up to 270 MiB to decode: tests/hostile holds that.
# A 12 MP photo (4032 x 3024) passes in every format.
MAX_MEGAPIXELS = {
    "a baseline JPEG": 50.0,
    "a progressive JPEG": 25.0,
    "a progressive CMYK JPEG": 22.0,
    "a PNG or BMP": 30.0,
    ANIMATED: 16.0,
    PROFILED: 25.0,
}
# More than JPEG or GIF can say. Each row costs time of its own, so a PNG of 1 x 30,000,000 takes 2 s.
MAX_SIDE = 65_535
MAX_SCANS = 100
MAX_FRAMES = 2000
# Megapixels, over all frames, that decode in about a second.
MAX_ANIMATION_MEGAPIXELS = {"GIF": 100.0, "PNG": 80.0, "WEBP": 100.0, "AVIF": 30.0}

PIXELS_PER_MEGAPIXEL = 1_000_000


class UndecodableImage(PublicError):
    """The bytes begin like an image, but no picture comes out."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(
            "The image is damaged or incomplete and cannot be decoded. Send it again whole.", detail=detail
        )


class DecoderDied(UndecodableImage):
    """The process that was decoding the image crashed, hung or answered nonsense; `detail` says which."""


class TooManyPixels(PublicError):
    """The picture would take more memory to decode than one image may."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"The image has too many pixels: {kind} may have {MAX_MEGAPIXELS[kind]:g} megapixels, "
            f"and {MAX_SIDE:,} on a side. Send a smaller one."
        )


class TooManyFrames(PublicError):
    """The animation would take longer to decode than one image may; it is never judged in part."""

    def __init__(self, image_format: str) -> None:
        super().__init__(
            f"The animation is too long to be judged whole: at most {MAX_FRAMES} frames and, in this format, "
            f"{MAX_ANIMATION_MEGAPIXELS[image_format]:g} megapixels over all of them. Send a shorter or smaller one."
        )


def area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def check_pixels(size: tuple[int, int], kind: str) -> None:
    if max(size) > MAX_SIDE or area(size) > MAX_MEGAPIXELS[kind] * PIXELS_PER_MEGAPIXEL:
        raise TooManyPixels(kind)


def check_length(image_format: str, frames: int, pixels: int) -> None:
    if frames > MAX_FRAMES or pixels > MAX_ANIMATION_MEGAPIXELS[image_format] * PIXELS_PER_MEGAPIXEL:
        raise TooManyFrames(image_format)
