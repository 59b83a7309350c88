"""The ways an image can be named in a request, and how many bytes of it are taken."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

import pybase64

from modest.errors import PublicError

MAX_FETCHED_BYTES = 10 * 1024 * 1024
# A Lambda event holds 6 MB, and API Gateway hands binary bodies over as base64.
MAX_SENT_BYTES = 4_400_000

_MENDED = str.maketrans({"\r": None, "\n": None, "\t": None, " ": "+", "-": "+", "_": "/"})


class ImageTooLarge(PublicError):
    """More bytes than the limit for images sent or fetched."""


class InvalidBase64(PublicError):
    """Text that should have been an image in base64 is not."""


@dataclass(frozen=True, slots=True)
class ImageUrl:
    """To be fetched; not yet parsed."""

    url: str


@dataclass(frozen=True, slots=True)
class ImageBase64:
    """Base64, base64url or a whole `data:` URL; not yet decoded."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ImageBytes:
    data: bytes = field(repr=False)


Source = ImageUrl | ImageBase64 | ImageBytes


def refuse_more_than_fits(sources: Iterable[Source]) -> None:
    """Raises ImageTooLarge where the images sent in one call add up to more than it may carry."""
    if sum(map(_sent_bytes, sources)) > MAX_SENT_BYTES:
        raise too_large_to_send()


def too_large_to_send() -> ImageTooLarge:
    return ImageTooLarge(
        f"The images sent add up to more than {MAX_SENT_BYTES / 1e6:.1f} MB, which is what one call can carry. "
        f"Send a smaller picture, or its URL: up to {MAX_FETCHED_BYTES // 1024**2} MB are fetched."
    )


def decode_base64(text: str) -> bytes:
    """Raises InvalidBase64."""
    payload = _payload_of_data_url(text) if text[:5].lower() == "data:" else text
    try:
        data = _strictly_decoded(payload)
    except ValueError:
        raise InvalidBase64(
            "This is not base64. Send the image's bytes as base64, base64url or a data:image/...;base64, URL; "
            "a picture too long for a URL line (about 7 KB) belongs in a POST body."
        ) from None
    if not data:
        raise InvalidBase64("The base64 text holds no bytes. Send the image's bytes as base64.")
    return data


def _strictly_decoded(payload: str) -> bytes:
    """Also of base64url, with line ends, with spaces for the `+` of a query, without padding. Raises ValueError."""
    try:
        return pybase64.b64decode(payload, validate=True)
    except ValueError:
        mended = payload.translate(_MENDED).rstrip("=")
        return pybase64.b64decode(mended + "=" * (-len(mended) % 4), validate=True)


def _payload_of_data_url(url: str) -> str:
    header, comma, payload = url.partition(",")
    if not comma or not header.lower().endswith(";base64"):
        raise InvalidBase64("A data URL must carry base64: data:image/png;base64,... Send it in that form.")
    return unquote(payload) if "%" in payload else payload


def _sent_bytes(source: Source) -> int:
    match source:
        case ImageUrl():
            return 0
        case ImageBase64(text):
            return len(text) * 3 // 4
        case ImageBytes(data):
            return len(data)
