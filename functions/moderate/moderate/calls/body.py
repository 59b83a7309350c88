"""Reads the fields of a request's body, whatever content type it claims to be.

Parsing takes time that grows with the body, so nothing here that parses belongs on the event loop.
"""

import json
import re
from collections.abc import AsyncGenerator, Coroutine, Mapping
from typing import Any, TypeVar
from urllib.parse import unquote_plus

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from moderate.calls.parameters import InvalidRequest
from moderate.images.limits import UnsupportedFormat
from moderate.scheduling.threads import beside_the_loop
from moderate.sources import MAX_SENT_BYTES, percent_decoded, too_large_to_send

T = TypeVar("T")

# Base64 in JSON is a third longer than the image, and the other fields need some room.
_MAX_BODY_BYTES = MAX_SENT_BYTES * 4 // 3 + 64 * 1024
_MAX_FIELDS = 32
# Each value takes up to 100 bytes of memory. Ten images take 50 of these, and commas in their URLs some more.
_MAX_JSON_MARKS = 10_000
_JSON_MARKS = (b",", b"[", b"{")
# urllib keeps a percent sign that begins no escape, and so does the web. For a text of this length that is cheap.
_MAX_LENIENT = 8192
# What API Gateway puts in the place of bytes that are not UTF-8.
_REPLACED = "\ufffd".encode()
_FORM = re.compile(rb"[a-zA-Z0-9_]+=[\t\r\n -~]*")


async def read(request: Request) -> bytes:
    """Returns the body, also if it was read before. Raises ImageTooLarge, InvalidRequest."""
    if not hasattr(request.state, "body"):
        request.state.body = await _read(request)
    body: bytes = request.state.body
    return body


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


def refuse_spoilt(request: Request, body: bytes) -> None:
    """Raises UnsupportedFormat if API Gateway read the bytes of an image as text, which destroys them."""
    event = request.scope.get("aws.event") or {}
    came_as_text = isinstance(event.get("body"), str) and not event.get("isBase64Encoded")
    if came_as_text and _REPLACED in body:
        raise UnsupportedFormat(
            "API Gateway read these bytes as text, which destroys them. "
            "Send them again with Content-Type: application/octet-stream."
        )


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
    return _FORM.fullmatch(body) is not None


def parse_form(body: bytes) -> list[tuple[str, str]]:
    """Raises InvalidRequest."""
    if body.count(b"&") >= _MAX_FIELDS:
        raise InvalidRequest(f"The form has more than {_MAX_FIELDS} fields. Send only the fields of this route.")
    fields = [field.partition(b"=") for field in body.strip().split(b"&") if field]
    return [(_form_text(name), _form_text(value)) for name, _, value in fields]


def _form_text(escaped: bytes) -> str:
    if len(escaped) <= _MAX_LENIENT:
        return unquote_plus(escaped.decode("ascii"))
    try:
        return percent_decoded(escaped.replace(b"+", b" ")).decode(errors="replace")
    except ValueError:
        raise InvalidRequest(
            "The form is malformed: write a percent sign as %25, as curl --data-urlencode does."
        ) from None


def parse_multipart(headers: Mapping[str, str], body: bytes) -> list[tuple[str, str | bytes]]:
    """Returns the form's fields in order, text as str and files as bytes. Raises InvalidRequest."""
    try:
        return _finish(_parse_multipart(headers, body))
    except (MultiPartException, LookupError, ValueError):
        raise InvalidRequest(
            "The multipart body is malformed. Send the image as one file field: curl -F image=@photo.jpg …"
        ) from None


def _finish(parsing: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine without an event loop: the parser is made for streams, but this one never waits."""
    try:
        parsing.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    parsing.close()
    raise RuntimeError("the parser waits")


async def _parse_multipart(headers: Mapping[str, str], body: bytes) -> list[tuple[str, str | bytes]]:
    form = await _InMemoryParser(headers, body).parse()
    fields: list[tuple[str, str | bytes]] = []
    for name, value in form.multi_items():
        fields.append((name, await value.read() if isinstance(value, UploadFile) else value))
    await form.close()
    return fields


class _InMemoryParser(MultiPartParser):
    # Images are never written to a disk, and a Lambda may have none that it can write to.
    spool_max_size = 2 * _MAX_BODY_BYTES

    def __init__(self, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(
            Headers(dict(headers)),
            self._whole(body),
            max_files=_MAX_FIELDS,
            max_fields=_MAX_FIELDS,
            max_part_size=_MAX_BODY_BYTES,
        )
        self._ended = False

    def on_end(self) -> None:
        self._ended = True

    async def _whole(self, body: bytes) -> AsyncGenerator[bytes, None]:
        yield body
        # Raised here rather than after parsing, so that the parser closes its files.
        if not self._ended:
            raise MultiPartException("cut short")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON parsers differ in which of two equal names counts, so another one might see a harmless image."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidRequest("The JSON body has the same field twice. Send each field once.")
    return fields
