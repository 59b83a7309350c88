"""Reads the fields of a request's body, whatever content type it claims to be.

Parsing takes time that grows with the body, so nothing here that parses belongs on the event loop.
"""

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import unquote_plus

from starlette.requests import ClientDisconnect, Request

from moderate.calls.multipart import MAX_FIELDS
from moderate.calls.parameters import InvalidRequest
from moderate.images import refused
from moderate.images.formats import is_image
from moderate.images.limits import UnsupportedFormat
from moderate.scheduling.threads import beside_the_loop
from moderate.sources import MAX_SENT_BYTES, percent_decoded, too_large_to_send

T = TypeVar("T")

# Base64 in JSON is a third longer than the image, and the other fields need some room.
_MAX_BODY_BYTES = MAX_SENT_BYTES * 4 // 3 + 64 * 1024
# Each value takes up to 100 bytes of memory. Ten images take 50 of these, and commas in their URLs some more.
_MAX_JSON_MARKS = 10_000
_JSON_MARKS = (b",", b"[", b"{")
# urllib keeps a percent sign that begins no escape, and so does the web. For a text of this length that is cheap.
_MAX_LENIENT = 8192
# What API Gateway puts in the place of bytes that are not UTF-8.
_REPLACED = "\ufffd".encode()
# Text with a name at its start. The name is no longer than that, because base64 may end in equals signs.
_FORM = re.compile(rb"[^\x00-\x20\x7f=&<>\"']{1,64}=[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*")
# How an image begins if all its line ends and NULs were removed, as curl -d does.
_STRIPPED_IMAGE = re.compile(rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF|BM|.{0,8}ftyp", re.DOTALL)
_STRIPPED = (b"\0", b"\r", b"\n")
_URL = re.compile(rb"\s*https?://", re.IGNORECASE)
_BASE64_OF_AN_IMAGE = re.compile(rb"\s*(?:data:image/|/9j/|iVBORw0KGgo|R0lGOD|UklGR|Qk[0-3])")
_FILE_NAME = re.compile(rb"@?[^\x00-\x1f<>{}]{1,255}\.(?:jpe?g|png|gif|webp|avif|hei[cf]|bmp)\s*", re.IGNORECASE)
_CODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd", "compress")


async def read(request: Request) -> bytes:
    """Returns the body, also if it was read before. Raises ImageTooLarge, InvalidRequest, UnsupportedFormat."""
    if not hasattr(request.state, "body"):
        data = await _read(request)
        _refuse_compressed(request, data)
        request.state.body = data
    body: bytes = request.state.body
    return body


async def parsed(request: Request, parse: Callable[..., T], *arguments: object) -> T:
    """Returns what `parse` makes of the body, and of the arguments, and lets the body go. Raises what both raise.

    Whoever asks again gets the same result.
    """
    if not hasattr(request.state, "parsed"):
        data = await read(request)
        del request.state.body
        request.state.parsed = await beside_the_loop(len(data), parse, data, *arguments)
    result: T = request.state.parsed
    return result


async def _read(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > _MAX_BODY_BYTES:
                raise too_large_to_send()
            # The last chunk is empty, and joining a single chunk copies nothing.
            if chunk:
                chunks.append(chunk)
    except ClientDisconnect:
        raise InvalidRequest(
            "The body ended before it was complete, or took too long. Send the request again."
        ) from None
    return chunks[0] if len(chunks) == 1 else await beside_the_loop(size, b"".join, chunks)


def _refuse_compressed(request: Request, data: bytes) -> None:
    """Raises UnsupportedFormat if a body is compressed. Its header alone does not count if the body is readable."""
    coding = refused.compression_of(data)
    said = _content_encoding(request)
    if not coding and said in _CODINGS and data and not _is_readable(request, data):
        coding = said
    if coding:
        raise UnsupportedFormat(f"The body is compressed with {coding}. Send it uncompressed.")


def content_type(request: Request) -> str:
    """Returns what the header says. Of several headers it returns all, since each server chooses for itself."""
    return ", ".join(request.headers.getlist("content-type"))


def may_be_form(content_type: str) -> bool:
    """Returns whether any server reads a body of this type as a multipart form."""
    return "multipart" in content_type.lower()


def refuse_coded(request: Request) -> None:
    """Raises UnsupportedFormat if a header says that the body is encoded: other servers may decode it."""
    if _content_encoding(request) not in ("", "identity"):
        raise UnsupportedFormat("The body has a Content-Encoding. Send it uncompressed, and without that header.")


def _content_encoding(request: Request) -> str:
    return ",".join(request.headers.getlist("content-encoding")).strip().lower()


def _is_readable(request: Request, data: bytes) -> bool:
    return may_be_form(content_type(request)) or looks_like_json(data) or looks_like_form(data) or is_image(data)


def refuse_spoilt(request: Request, body: bytes) -> None:
    """Raises UnsupportedFormat or InvalidRequest if a body was an image before something on its way changed it."""
    event = request.scope.get("aws.event") or {}
    came_as_text = isinstance(event.get("body"), str) and not event.get("isBase64Encoded")
    if came_as_text and _REPLACED in body:
        raise UnsupportedFormat(
            "API Gateway read these bytes as text, which destroys them. "
            "Send them again with Content-Type: application/octet-stream."
        )
    if not body.isascii() and _STRIPPED_IMAGE.match(body) and not any(byte in body for byte in _STRIPPED):
        raise UnsupportedFormat(
            "The image lost its line breaks and NULs on the way, as curl -d @photo.jpg removes them. "
            "Use curl --data-binary @photo.jpg."
        )
    if _URL.match(body):
        raise InvalidRequest('The body is a URL. Send it as JSON: {"url": "https://…"}.', param="url")
    if _BASE64_OF_AN_IMAGE.match(body):
        raise InvalidRequest('The body is base64. Send it as JSON: {"base64": "…"}.', param="base64")
    if _FORM.fullmatch(body):
        raise InvalidRequest("The form is not in UTF-8. Send it as curl --data-urlencode does.")
    if is_file_name(body):
        raise InvalidRequest("The body is the name of a file. Send the file: curl --data-binary @photo.jpg, with an @.")


def is_file_name(text: bytes) -> bool:
    """Recognises what curl sends if the @ before a file's name is missing."""
    return _FILE_NAME.fullmatch(text) is not None


def looks_like_json(body: bytes) -> bool:
    """No accepted image begins like JSON. The content type does not count: curl's default is wrong for both."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def parse_json(body: bytes) -> dict[str, Any]:
    """Raises InvalidRequest unless `body` is a JSON object."""
    if sum(map(body.count, _JSON_MARKS)) > _MAX_JSON_MARKS:
        raise InvalidRequest(
            f"The JSON body has more than {_MAX_JSON_MARKS:,} values. Send only the fields of this route."
        )
    try:
        value = json.loads(body, parse_constant=_refuse_constant, object_pairs_hook=_refuse_repeated)
    except (ValueError, RecursionError):
        raise InvalidRequest("The body is not valid JSON. Send a JSON object.") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object: fields in curly brackets.")
    return value


def looks_like_form(body: bytes) -> bool:
    """Recognises what `curl -d url=…` sends. Under the same content type, curl also sends the bytes of images."""
    return _FORM.fullmatch(body) is not None and _is_utf8(body)


def parse_form(body: bytes) -> list[tuple[str, str]]:
    """Raises InvalidRequest."""
    if body.count(b"&") >= MAX_FIELDS:
        raise InvalidRequest(f"The form has more than {MAX_FIELDS} fields. Send only the fields of this route.")
    fields = [field.partition(b"=") for field in body.strip().split(b"&") if field]
    return [(_form_text(name), _form_text(value)) for name, _, value in fields]


def _form_text(escaped: bytes) -> str:
    if len(escaped) <= _MAX_LENIENT:
        return unquote_plus(escaped.decode())
    try:
        return percent_decoded(escaped.replace(b"+", b" ")).decode(errors="replace")
    except ValueError:
        raise InvalidRequest(
            "The form is malformed: write a percent sign as %25, as curl --data-urlencode does."
        ) from None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON parsers differ in which of two equal names counts, so another one might see a harmless image."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidRequest("The JSON body has the same field twice. Send each field once.")
    return fields
