"""Says how large an image may be, and holds the errors that refuse one."""

from dataclasses import dataclass

from modest.errors import PublicError

# What decoding one image may add to its process: tests/hostile measures it, and the caps below keep to it.
MAX_PICTURE_BYTES = 270 * 1024 * 1024
# The longest side that a JPEG or a GIF can state. Each row costs time of its own: a PNG of 1 x 30,000,000 takes 2 s.
MAX_SIDE = 65_535
MAX_SCANS = 100
MAX_FRAMES = 2000
# Two renderings, turned or not, on a white, a black and a grey page; or any others that make no more.
MAX_VIEWS_OF_STILL = 12

PIXELS_PER_MEGAPIXEL = 1_000_000
_UNDECODABLE = "The image is damaged or incomplete and cannot be decoded. Send the complete file."


class UnsupportedFormat(PublicError):
    """The bytes are not an image in an accepted format."""


class UndecodableImage(PublicError):
    """The bytes begin like an image, but no picture comes out."""

    def __init__(self, detail: str = "", *, message: str = _UNDECODABLE) -> None:
        super().__init__(message, detail=detail)


class DecoderDied(UndecodableImage):
    """The process that was decoding the image crashed, hung or answered nonsense; `detail` says which."""


class BrokenRule(ValueError):
    """A file breaks a rule of its format, or shows different pictures in different viewers.

    Its text names the rule for the log, and quotes nothing of the file.
    """


class TooManyPixels(PublicError):
    """Decoding the picture would take more memory than one image may."""


class TooManyFrames(PublicError):
    """Decoding the animation would take longer than one image may; it is never judged in part."""


@dataclass(frozen=True, slots=True)
class PixelCap:
    """Says how many pixels one picture of a kind may have."""

    kind: str
    megapixels: float

    def check(self, size: tuple[int, int]) -> None:
        """Raises TooManyPixels."""
        if max(size) > MAX_SIDE or area(size) > self.megapixels * PIXELS_PER_MEGAPIXEL:
            raise self.exceeded()

    def shared(self, parts: int) -> "PixelCap":
        """Returns the cap of a picture whose pixels are worked on so many times over."""
        return PixelCap(self.kind, round(self.megapixels / parts, 1))

    def exceeded(self) -> TooManyPixels:
        return TooManyPixels(
            f"The image has too many pixels: {self.kind} may have {self.megapixels:g} megapixels "
            f"and {MAX_SIDE:,} pixels on a side. Send a smaller one."
        )


@dataclass(frozen=True, slots=True)
class AnimationCap:
    """Says how many pixels an animation may have in all its frames together: what decodes in about a second."""

    megapixels: float

    def check(self, frames: int, pixels: int) -> None:
        """Raises TooManyFrames."""
        if frames > MAX_FRAMES or pixels > self.megapixels * PIXELS_PER_MEGAPIXEL:
            raise self.exceeded()

    def exceeded(self) -> TooManyFrames:
        return TooManyFrames(
            f"The animation is too long to judge in full. It may have {MAX_FRAMES:,} frames and, in this format, "
            f"{self.megapixels:g} megapixels in all of them together. Send a shorter or smaller one."
        )


# A picture at its cap takes up to MAX_PICTURE_BYTES. A photo of 12 megapixels (4032 x 3024) passes in every format.
BASELINE_JPEG = PixelCap("a baseline JPEG", 50.0)
PROGRESSIVE_JPEG = PixelCap("a progressive JPEG", 25.0)
PROGRESSIVE_CMYK_JPEG = PixelCap("a progressive CMYK JPEG", 22.0)
PNG_OR_BMP = PixelCap("a PNG or BMP", 30.0)
CANVAS = PixelCap("a GIF, WebP, AVIF or animated PNG", 16.0)
# This one limits time, not memory.
PROFILED = PixelCap("a picture with an unusual colour profile or gamma", 20.0)

GIF_ANIMATION = AnimationCap(100.0)
PNG_ANIMATION = AnimationCap(80.0)
WEBP_ANIMATION = AnimationCap(100.0)
AVIF_ANIMATION = AnimationCap(30.0)


def area(size: tuple[int, int]) -> int:
    return size[0] * size[1]
