"""Which image formats are accepted, and how each is recognised by its first bytes."""

from modest.errors import PublicError

ACCEPTED = "JPEG, PNG/APNG, GIF, WebP, AVIF, BMP"

# Every content type under which browsers, phones and libraries send the formats above. template.yaml
# lists the same for API Gateway, which passes any other type's bytes on as text.
CONTENT_TYPES = (
    "image/jpeg",
    "image/jpg",
    "image/pjpeg",
    "image/png",
    "image/x-png",
    "image/apng",
    "image/vnd.mozilla.apng",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/avif-sequence",
    "image/bmp",
    "image/x-bmp",
    "image/x-ms-bmp",
)

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
)
_AVIF_BRANDS = (b"avif", b"avis")


class UnsupportedFormat(PublicError):
    """The bytes are not of an accepted format."""

    def __init__(self, message: str = f"This is not an image in an accepted format. Send one of: {ACCEPTED}.") -> None:
        super().__init__(message)


def recognise(data: bytes) -> str:
    """The decoder's name for the format of `data`. Raises UnsupportedFormat."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and _names_avif(data):
        return "AVIF"
    raise UnsupportedFormat


def refuse_page(data: bytes) -> None:
    """Raises UnsupportedFormat of a web page: whoever copied its address took it for the image's."""
    if data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        raise UnsupportedFormat(
            f"The URL leads to a web page, not to an image. Give the image's own address: one of {ACCEPTED}."
        )


def _names_avif(data: bytes) -> bool:
    """Whether the file type box lists an AVIF brand, as the major one or among the compatible ones."""
    end = int.from_bytes(data[:4], "big")
    brands = data[8:12] + data[16 : min(end, 256)]
    return any(brands[at : at + 4] in _AVIF_BRANDS for at in range(0, len(brands), 4))
