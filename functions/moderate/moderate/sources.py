"""Defines the ways to give an image in a request, and how many bytes of it are accepted."""

import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from string import hexdigits

import pybase64

from modest.errors import PublicError

MAX_FETCHED_BYTES = 10 * 1024 * 1024
# A Lambda event holds 6 MB, and API Gateway hands binary bodies over as base64.
MAX_SENT_BYTES = 4_400_000
# The same limits in the form in which messages and documents state them.
MAX_FETCHED = f"{MAX_FETCHED_BYTES // 1024**2} MB"
MAX_SENT = f"{MAX_SENT_BYTES / 1e6:.1f} MB"
BASE64_IN_A_URL = "7 KB"

_SCHEME = "data:"
_WHITE_SPACE = "\t\n\f\r "
_WHITE_SPACE_DROPPED = str.maketrans(dict.fromkeys(_WHITE_SPACE))
# URL parsers drop these wherever they stand.
_LINE_ENDS_DROPPED = str.maketrans(dict.fromkeys("\t\n\r"))
_STANDARD_ALPHABET = str.maketrans("-_", "+/")
_BASE64_MARK = re.compile(r"; *base64[\f ]*\Z", re.IGNORECASE | re.ASCII)
# An h for each hexadecimal digit, and nothing else but the percent signs.
_ESCAPES = bytes(ord("%") if byte == ord("%") else ord("h") * (chr(byte) in hexdigits) for byte in range(256))


class ImageTooLarge(PublicError):
    """The image has more bytes than may be sent or fetched."""


class InvalidBase64(PublicError):
    """The text is not the base64 of an image."""


@dataclass(frozen=True, slots=True)
class ImageUrl:
    """Holds a URL that has not been parsed yet."""

    url: str


@dataclass(frozen=True, slots=True)
class ImageBase64:
    """Holds base64, base64url or a whole `data:` URL that has not been decoded yet."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ImageBytes:
    data: bytes = field(repr=False)


Source = ImageUrl | ImageBase64 | ImageBytes


def refuse_more_than_fits(sources: Iterable[Source]) -> None:
    """Raises ImageTooLarge if the images sent in one call add up to more than it may carry."""
    if bytes_sent(sources) > MAX_SENT_BYTES:
        raise too_large_to_send()


def bytes_sent(sources: Iterable[Source]) -> int:
    return sum(map(_bytes_of, sources))


def too_large_to_send() -> ImageTooLarge:
    return ImageTooLarge(
        f"The images in this call add up to more than {MAX_SENT}, which is the most that one call can carry. "
        f"Send smaller images, or their URLs: an image at a URL may be up to {MAX_FETCHED}."
    )


def too_large_to_fetch(max_bytes: int = MAX_FETCHED_BYTES) -> ImageTooLarge:
    return ImageTooLarge(f"The image at the URL is larger than {max_bytes / 1024**2:g} MB. Use a smaller one.")


def is_data_url(text: str) -> bool:
    return text.lstrip(_WHITE_SPACE)[: len(_SCHEME)].lower() == _SCHEME


def with_pluses(text: str) -> str:
    """Returns the base64 of a query or a form, whose decoding turned each `+` that was not escaped into a space."""
    head, comma, payload = text.rpartition(",")
    return head + comma + payload.replace(" ", "+")


def percent_decoded(text: bytes) -> bytes:
    """Raises ValueError if a percent sign begins no escape."""
    if b"%" not in text:
        return text
    # A regular expression takes four times as long for a body full of escapes.
    if text.translate(_ESCAPES).count(b"%hh") != text.count(b"%"):
        raise ValueError("not an escape")
    # Quoted-printable is the same with another sign. urllib would take a gigabyte for a body full of escapes.
    return binascii.a2b_qp(text.replace(b"=", b"%3D").replace(b"%", b"="))


def decode_base64(text: str) -> bytes:
    """Returns the bytes of base64, base64url or a whole `data:` URL. Raises InvalidBase64.

    One text is one picture: what browsers, Node and Python would read differently is refused, not guessed at. ASCII
    white space is dropped, as the WHATWG's forgiving-base64 algorithm does.
    """
    try:
        # Most of what is done below takes a hundred times as long for text that is not ASCII.
        if not text.isascii():
            raise ValueError("no alphabet of base64 has it")  # noqa: TRY301
        data = _decode_data_url(text) if is_data_url(text) else _decode_plain(text)
    except ValueError:
        raise InvalidBase64(
            "This is not valid base64. "
            "Send the image's bytes as base64, base64url or a data URL (data:image/png;base64,...). "
            f"If they do not fit into a query (about {BASE64_IN_A_URL}), send them in a POST body."
        ) from None
    if not data:
        raise InvalidBase64("The base64 text is empty. Send the image's bytes as base64.")
    return data


def _decode_data_url(url: str) -> bytes:
    header, comma, payload = url.partition(",")
    if not comma or not _BASE64_MARK.search(header.translate(_LINE_ENDS_DROPPED)):
        raise InvalidBase64("A data URL must contain base64, in the form data:image/png;base64,...")
    return _decode(percent_decoded(payload.encode("ascii")).decode("ascii"))


def _decode_plain(text: str) -> bytes:
    if "-" not in text and "_" not in text:
        return _decode(text)
    if "+" in text or "/" in text:
        raise ValueError("two alphabets")
    return _decode(text.translate(_STANDARD_ALPHABET))


def _decode(text: str) -> bytes:
    """Returns the bytes; padding is optional. Raises ValueError."""
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        compact = text.translate(_WHITE_SPACE_DROPPED).rstrip("=")
        return pybase64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)


def _bytes_of(source: Source) -> int:
    match source:
        case ImageUrl():
            return 0
        case ImageBase64(text):
            return len(text) * 3 // 4
        case ImageBytes(data):
            return len(data)
