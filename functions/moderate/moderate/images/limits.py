"""Says how large an image may be, and holds the errors that refuse one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from moderate.images.room import ask_for
from modest.errors import PublicError

# What decoding one image may add to its process: tests/hostile measures it, and the caps below keep to it.
MAX_PICTURE_BYTES = 240 * 1024 * 1024
# The longest side that a JPEG or a GIF can state. Each row costs time of its own: a PNG of 1 x 30,000,000 takes 2 s.
MAX_SIDE = 65_535
# Chromium gives up at the 100th, and shows what it has by then.
MAX_SCANS = 99
# Of a file: segments, chunks, blocks. Each takes up to 4 microseconds to read, however small it is.
MAX_PARTS = 20_000
MAX_FRAMES = 2000
# Two renderings, turned or not, on a white, a black and a grey page; or any others that make no more.
MAX_VIEWS_OF_STILL = 12
# As many as ten animations of 16 frames make. One that is sent alone may have all of them: hardly any in packages needs
# more.
MAX_VIEWS_OF_CALL = 160

PIXELS_PER_MEGAPIXEL = 1_000_000
_BYTES_PER_MEGABYTE = 1_000_000
_UNDECODABLE = (
    "The image cannot be decoded: it is damaged or incomplete, or viewers show it differently. "
    "Export it again as a plain JPEG or PNG."
)
_BREAKS_OFF = (
    "The image breaks off: its file ends, or is damaged, before the picture is complete. "
    "Send the whole file, or export the picture again."
)


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

    Its text says what the file has, as in "two palettes", and quotes nothing of the file.
    """

    message = ""
    """What clients are to read, if the text alone does not say it."""


class Disputed(BrokenRule):
    """Viewers show different pictures. Each may be judged if it is known what they are."""


class BreaksOff(BrokenRule):
    """A part of the picture is missing."""

    message = _BREAKS_OFF


Part = TypeVar("Part")


def counted(parts: Iterable[Part]) -> Iterator[Part]:
    """Yields the parts that a file consists of. Raises BrokenRule if they are too many to look at."""
    for number, part in enumerate(parts):
        if number == MAX_PARTS:
            raise BrokenRule(f"more than {MAX_PARTS} parts")
        yield part


class TooManyPixels(PublicError):
    """The image has more pixels than can be decoded within the limits on memory and time."""


class TooManyFrames(PublicError):
    """Decoding the animation would take longer than one image may, or than was spent on it."""


@dataclass(frozen=True, slots=True)
class PixelCap:
    """Says how many pixels one picture of a kind may have."""

    kind: str
    megapixels: float
    bytes_per_pixel: float = 0
    """What decoding it takes at most; 0 if another cap says so."""
    lost_per_megabyte: float = 0
    """How many megapixels fewer it may have for each megabyte of its file, which takes time to unpack."""

    def for_file(self, data: bytes) -> "PixelCap":
        return self.for_bytes(len(data))

    def for_bytes(self, count: int) -> "PixelCap":
        return replace(self, megapixels=_left(self.megapixels, self.lost_per_megabyte, count))

    def check(self, size: tuple[int, int], *, more_bytes: int = 0) -> None:
        """Raises TooManyPixels, NeedsRoom.

        more_bytes: what the picture takes besides its pixels.
        """
        if max(size) > MAX_SIDE or area(size) > self.megapixels * PIXELS_PER_MEGAPIXEL:
            raise self.exceeded()
        ask_for(min(MAX_PICTURE_BYTES, round(area(size) * self.bytes_per_pixel) + more_bytes))

    def shared(self, parts: float, *, more_bytes: float = 0) -> "PixelCap":
        """Returns the cap of a picture whose pixels are worked on so many times over.

        more_bytes: what it takes besides for each pixel.
        """
        megapixels = round(self.megapixels / parts, 2)
        return replace(self, megapixels=megapixels, bytes_per_pixel=self.bytes_per_pixel + more_bytes)

    def exceeded(self) -> TooManyPixels:
        return TooManyPixels(
            f"The image has too many pixels: {self.kind} may have at most {self.megapixels:g} megapixels, "
            f"and at most {MAX_SIDE:,} pixels on a side. Send a smaller one."
        )


# An animation whose frames take all the time that drawing may take has a seventh of it again to look at some of them.
_BEYOND_DRAWING = 1.15


@dataclass(frozen=True, slots=True)
class AnimationCap:
    """Says how many pixels an animation may have in all its frames together."""

    megapixels: float
    lost_per_megabyte: float = 0
    """As in PixelCap."""
    slowness: float = 1
    """How many pixels of a GIF could be drawn in the time that one takes."""
    images: int = 1
    """How many images the call has. If this one has several frames, it may take only its share of the time."""

    def for_file(self, data: bytes, images: int = 1) -> "AnimationCap":
        return replace(self, megapixels=_left(self.megapixels, self.lost_per_megabyte, len(data)), images=images)

    def shared(self, parts: int) -> "AnimationCap":
        """Returns the cap of an animation that is drawn so many times."""
        return replace(self, megapixels=round(self.megapixels / parts, 1))

    def check(self, frames: int, pixels: int) -> None:
        """Raises TooManyFrames."""
        if frames > MAX_FRAMES or pixels > self._shared(frames) * PIXELS_PER_MEGAPIXEL:
            raise self.exceeded()

    def time(self, frames: int) -> float:
        """Returns how many pixels of a GIF could be drawn in the time that the animation may take."""
        return _BEYOND_DRAWING * self.slowness * self._shared(frames) * PIXELS_PER_MEGAPIXEL

    def _shared(self, frames: int) -> float:
        return self.megapixels if frames == 1 else round(self.megapixels / self.images, 1)

    def exceeded(self) -> TooManyFrames:
        beside, remedy = "", "Send a shorter or smaller one."
        if self.images > 1:
            beside, remedy = f", in a call of {self.images} images", "Send a shorter or smaller one, or send it alone."
        return TooManyFrames(
            f"The animation is too long to judge in full. It may have at most {MAX_FRAMES:,} frames and, in "
            f"this format and at this file size{beside}, at most {self._shared(MAX_FRAMES):g} megapixels over all "
            f"frames. {remedy}"
        )


@dataclass(frozen=True, slots=True)
class SequenceCaps:
    """Limits what a format takes whose decoder puts its frames together; CANVAS limits the memory of an animation."""

    memory: PixelCap
    """That of a still. The others limit the time."""
    still: PixelCap
    profiled: PixelCap
    animation: AnimationCap

    def for_file(self, data: bytes, images: int) -> "SequenceCaps":
        animation = self.animation.for_file(data, images)
        return SequenceCaps(self.memory, self.still.for_file(data), self.profiled.for_file(data), animation)


# At its cap, a picture takes up to MAX_PICTURE_BYTES and 2 s of a slow Lambda core: tests/hostile holds both.
# A photo of 12 megapixels (4032 x 3024) passes in every format.
BASELINE_JPEG = PixelCap("a baseline JPEG", 50.0, 4.3)
PROGRESSIVE_JPEG = PixelCap("a progressive JPEG", 24.0, 10.3)
PROGRESSIVE_CMYK_JPEG = PixelCap("a progressive CMYK JPEG", 20.0, 12.5)
PNG_OR_BMP = PixelCap("a PNG or BMP", 27.0, 5)
DEEP_PNG = PixelCap("a PNG with 16 bits per channel", 20.0, 5)
CANVAS = PixelCap("a GIF or an animation", 15.0, 16.5)
PROFILED = PixelCap("a picture with an unusual colour profile or gamma", 12.25, 7)

GIF_ANIMATION = AnimationCap(150.0, lost_per_megabyte=3)
PNG_ANIMATION = AnimationCap(120.0, lost_per_megabyte=6)
WEBP = SequenceCaps(
    memory=PixelCap("a still WebP", 24.0, 8.2),
    still=PixelCap("a WebP of this file size", 40.0, lost_per_megabyte=1.6),
    profiled=PixelCap("a WebP of this file size with an unusual colour profile", 14.0, lost_per_megabyte=0.8),
    animation=AnimationCap(130.0, lost_per_megabyte=8),
)
AVIF = SequenceCaps(
    memory=PixelCap("a still AVIF", 15.0, 13),
    still=PixelCap("an AVIF of this file size", 30.0, lost_per_megabyte=2.4),
    profiled=PixelCap("an AVIF of this file size with an unusual colour profile", 14.0, lost_per_megabyte=2),
    animation=AnimationCap(70.0, lost_per_megabyte=6, slowness=2),
)
# Counting every pixel that is decoded, of tiles and alpha too; the bytes are those of the streams.
HEIC = PixelCap("an HEIC of this file size", 31.0, 8, lost_per_megabyte=4.2)
DEEP_HEIC = PixelCap(
    "an HEIC of this file size, with more than 8 bits per channel or full colour resolution",
    12.0,
    14,
    lost_per_megabyte=2.8,
)
PROFILED_HEIC = PixelCap("an HEIC of this file size with an unusual colour profile", 7.0, lost_per_megabyte=1)


def _left(megapixels: float, lost_per_megabyte: float, count: int) -> float:
    return round(max(0.0, megapixels - lost_per_megabyte * count / _BYTES_PER_MEGABYTE), 1)


def area(size: tuple[int, int]) -> int:
    return size[0] * size[1]
