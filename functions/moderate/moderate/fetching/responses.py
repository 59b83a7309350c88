"""Decides what a server's response is good for, from its status and headers."""

import re
from collections.abc import Sequence

from moderate.fetching.urls import InvalidUrl, Target, UrlTooLong, parse_redirect
from modest.errors import PublicError

Headers = Sequence[tuple[bytes, bytes]]

URL_DEADLINE_SECONDS = 8.0

_SUCCESS = range(200, 300)
_NO_CONTENT = (204, 205)
_PARTIAL = 206
_WHOLE = re.compile(rb"\s*bytes\s+0-([0-9]{1,19})/([0-9]{1,19})\s*", re.IGNORECASE)
# Whatever else Content-Encoding says is not a content coding, but a transfer encoding, a charset or nothing at all.
# Browsers ignore that, and so does this.
_CODINGS = {
    **{name: name for name in ("gzip", "deflate", "br", "zstd", "compress", "dcb", "dcz", "exi", "pack200-gzip")},
    "x-gzip": "gzip",
    "x-compress": "compress",
}
_INFLATED = ("gzip", "deflate")


class FetchFailed(PublicError):
    """The URL is acceptable, but no image came from it."""


class FetchTimeout(PublicError):
    """The URL is acceptable, but its server did not deliver in time."""

    def __init__(self, seconds: float = URL_DEADLINE_SECONDS, *, detail: str = "") -> None:
        super().__init__(
            f"The image did not arrive in time ({seconds:g} seconds at most). Try again, or send the image itself.",
            detail=detail,
        )


def redirect_target(current: Target, headers: Headers, allowed_ports: frozenset[int]) -> Target:
    """Raises FetchFailed, BlockedUrl."""
    locations = set(values_of(headers, b"location"))
    if len(locations) != 1:
        raise FetchFailed("The image's server redirects without saying where. Use the URL of the image itself.")
    try:
        target = parse_redirect(_text(locations.pop()), current, allowed_ports=allowed_ports)
    except UrlTooLong as error:
        raise FetchFailed(f"The image's server redirects to a URL that is too long. {error.message}") from None
    except InvalidUrl:
        raise FetchFailed(
            "The image's server redirects to something that is not a web address. Use the URL of the image itself."
        ) from None
    if current.scheme == "https" and target.scheme == "http":
        raise FetchFailed("The image's server redirects from https to http. Use a URL that stays on https.")
    return target


def refuse_unusable(status: int, headers: Headers) -> None:
    """Raises FetchFailed unless the response holds a whole file."""
    whole = status in _SUCCESS and status not in _NO_CONTENT and (status != _PARTIAL or _is_whole(headers))
    if not whole:
        raise FetchFailed(f"The image's server returned status {status}. Check that anyone can open the URL.")


def coding_of(headers: Headers) -> str | None:
    """Returns the content coding that has to be undone, if there is one. Raises FetchFailed if it cannot be undone."""
    names = b",".join(values_of(headers, b"content-encoding")).decode("latin-1").lower().split(",")
    codings = [_CODINGS[name.strip()] for name in names if name.strip() in _CODINGS]
    if not codings:
        return None
    if len(codings) > 1 or codings[0] not in _INFLATED:
        raise FetchFailed(
            f"The image's server compressed its response with {' and '.join(codings[:3])}, although it was asked not "
            "to. Send the image itself."
        )
    return codings[0]


def values_of(headers: Headers, name: bytes) -> list[bytes]:
    return [value for key, value in headers if key.lower() == name]


def _is_whole(headers: Headers) -> bool:
    ranges = [_WHOLE.fullmatch(value) for value in values_of(headers, b"content-range")]
    return len(ranges) == 1 and ranges[0] is not None and int(ranges[0][1]) + 1 == int(ranges[0][2])


def _text(location: bytes) -> str:
    """Returns UTF-8 as text. Bytes of any other encoding are escaped, so that the server gets back what it sent."""
    try:
        return location.decode()
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in location)  # noqa: PLR2004
