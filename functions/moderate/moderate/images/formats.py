"""Describes each accepted image format in one record, from which every list of formats and content types follows.

The service knows these and not their parsers, which `moderate.images.decode` names.
"""

from collections.abc import Callable
from dataclasses import dataclass

from moderate.images import limits, refused
from moderate.images.boxes import brands_of
from moderate.images.limits import AnimationCap, PixelCap, UnsupportedFormat

_BRANDS_OF_AVIF = {b"avif", b"avis"}
_BRANDS_OF_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1"}


def begins_with(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(signatures)


def is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def is_avif(data: bytes) -> bool:
    return not _BRANDS_OF_AVIF.isdisjoint(brands_of(data))


def is_heif(data: bytes) -> bool:
    """Whether a file has a brand of HEIF, and none of AVIF, whose files have those of HEIF too."""
    found = brands_of(data)
    return not _BRANDS_OF_HEIF.isdisjoint(found) and _BRANDS_OF_AVIF.isdisjoint(found)


@dataclass(frozen=True, slots=True)
class ImageFormat:
    name: str
    """Pillow's name for it."""
    title: str
    """Its name in texts that clients read."""
    matches: Callable[[bytes], bool]
    """Whether a file is of this format, judging by its first bytes."""
    content_types: tuple[str, ...]
    """Every type under which browsers, phones and libraries send it. template.yaml lists the same for API Gateway,
    which passes the bytes of any other type on as text."""
    pixel_caps: tuple[PixelCap, ...]
    """One for each kind of picture on which its parser spends memory or time of its own."""
    animation_cap: AnimationCap | None = None

    @property
    def largest(self) -> PixelCap:
        return max(self.pixel_caps, key=lambda cap: cap.megapixels)


FORMATS = (
    ImageFormat(
        name="JPEG",
        title="JPEG",
        matches=begins_with(b"\xff\xd8\xff"),
        content_types=("image/jpeg", "image/jpg", "image/pjpeg", "image/jfif", "image/mpo"),
        pixel_caps=(limits.BASELINE_JPEG, limits.PROGRESSIVE_JPEG, limits.PROGRESSIVE_CMYK_JPEG, limits.PROFILED),
    ),
    ImageFormat(
        name="PNG",
        title="PNG/APNG",
        matches=begins_with(b"\x89PNG\r\n\x1a\n"),
        content_types=("image/png", "image/x-png", "image/apng", "image/vnd.mozilla.apng"),
        pixel_caps=(limits.PNG_OR_BMP, limits.DEEP_PNG, limits.PROFILED, limits.CANVAS),
        animation_cap=limits.PNG_ANIMATION,
    ),
    ImageFormat(
        name="GIF",
        title="GIF",
        matches=begins_with(b"GIF87a", b"GIF89a"),
        content_types=("image/gif",),
        pixel_caps=(limits.CANVAS,),
        animation_cap=limits.GIF_ANIMATION,
    ),
    ImageFormat(
        name="WEBP",
        title="WebP",
        matches=is_webp,
        content_types=("image/webp",),
        pixel_caps=(limits.WEBP.memory, limits.CANVAS),
        animation_cap=limits.WEBP.animation,
    ),
    ImageFormat(
        name="AVIF",
        title="AVIF",
        matches=is_avif,
        content_types=("image/avif", "image/avif-sequence"),
        pixel_caps=(limits.AVIF.memory, limits.CANVAS),
        animation_cap=limits.AVIF.animation,
    ),
    ImageFormat(
        name="HEIF",
        title="HEIC",
        matches=is_heif,
        content_types=("image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"),
        pixel_caps=(limits.HEIC, limits.DEEP_HEIC, limits.PROFILED_HEIC),
    ),
    ImageFormat(
        name="BMP",
        title="BMP",
        matches=begins_with(b"BM"),
        content_types=("image/bmp", "image/x-bmp", "image/x-ms-bmp", "image/x-windows-bmp"),
        pixel_caps=(limits.PNG_OR_BMP, limits.PROFILED),
    ),
)

ACCEPTED = ", ".join(image_format.title for image_format in FORMATS)
CONTENT_TYPES = tuple(content_type for image_format in FORMATS for content_type in image_format.content_types)


def recognise(data: bytes) -> ImageFormat:
    """Raises UnsupportedFormat."""
    if not data:
        raise UnsupportedFormat("The file is empty. Send the image itself.")
    for image_format in FORMATS:
        if image_format.matches(data):
            return image_format
    raise not_accepted(refused.name_of(data))


def is_image(data: bytes) -> bool:
    """Returns whether a file begins like an image in an accepted format."""
    return any(image_format.matches(data) for image_format in FORMATS)


def not_accepted(name: str | None = None) -> UnsupportedFormat:
    """name: what the data is instead, if that is known."""
    found = f"This is {name}, which is not accepted." if name else "This is not an image in an accepted format."
    return UnsupportedFormat(f"{found} Send one of: {ACCEPTED}.")


def refuse_page(data: bytes) -> None:
    """Raises UnsupportedFormat if `data` is a web page: the client took its URL for the image's."""
    if data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        raise UnsupportedFormat(
            "The URL leads to a web page, not to an image. Use the URL of the image itself. "
            f"Accepted formats: {ACCEPTED}."
        )
