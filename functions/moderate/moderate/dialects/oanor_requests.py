"""Reads the requests of oanor's routes, and of others that take one image in the same ways."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from moderate.calls import body, multipart
from moderate.calls.parameters import (
    InvalidRequest,
    parse_explain,
    parse_policy,
    parse_reject,
    parse_reject_status,
    parse_threshold,
)
from moderate.dialects.parameter_names import mistake_in, unescaped_url
from moderate.fetching.urls import InvalidUrl
from moderate.sources import ImageBase64, ImageBytes, ImageUrl, Source, is_data_url, with_pluses
from moderate.verdict import Policy

_TEXT_IMAGES: dict[str, type[ImageUrl] | type[ImageBase64]] = {"url": ImageUrl, "base64": ImageBase64}
# A query holds the text of what JSON may hold as a number.
_MEANINGS: dict[str, Callable[[Any], object]] = {
    "threshold": lambda value: parse_threshold(value, 0),
    "policy": parse_policy,
    "explain": parse_explain,
    "reject": parse_reject,
    "reject_status": parse_reject_status,
}
_PARAMETERS_IN_A_BODY = (
    "The body must be the bytes of an image, or a form with one file. Send url and all other parameters in the query."
)
_ONE_IMAGE = "Send exactly one image: as url or base64, or its bytes as the body or a multipart file."

_LONGEST_NAME = 1000
_FILE_FIELD = " A field holds the name of a file. Send the file: curl -F image=@photo.jpg, with an @."


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    source: Source
    fields: dict[str, Any]
    """The other parameters, from the query and the body together."""

    @property
    def policy(self) -> Policy | None:
        """Raises InvalidRequest."""
        return parse_policy(self.fields.get("policy"))


async def parse(request: Request, route: str) -> ParsedRequest:
    """Raises InvalidRequest, InvalidBase64, ImageTooLarge, UnsupportedFormat."""
    query = request.query_params.multi_items()
    fields = [*_with_pluses(query), *await body.parsed(request, _fields_of, request, route)]
    if mistake := mistake_in(route, fields) or unescaped_url(route, request.query_params, _urls_sent(request)):
        raise mistake
    return ParsedRequest(_only_image(fields), _unambiguous(fields))


def _only_image(fields: Iterable[tuple[str, Any]]) -> Source:
    """Raises InvalidRequest."""
    images = [source for name, value in fields if (source := _source(name, value))]
    if len(images) != 1:
        found = "none was" if not images else f"{len(images)} were"
        hint = _FILE_FIELD if not images and any(_is_file_name(value) for _, value in fields) else ""
        raise InvalidRequest(f"{_ONE_IMAGE} In this request {found} found.{hint}")
    return images[0]


async def parse_upload(request: Request, route: str) -> ParsedRequest:
    """Reads a request whose body a stranger may have written: it has the bytes of an image, and nothing else counts.

    All parameters, and the image itself if it is not in the body, stand in the query. Raises what `parse` does.
    """
    query = request.query_params.multi_items()
    if mistake := mistake_in(route, query) or unescaped_url(route, request.query_params, _urls_sent(request)):
        raise mistake
    fields = [*_with_pluses(query), *await body.parsed(request, _files_of, request)]
    return ParsedRequest(_only_image(fields), _unambiguous(fields))


def _files_of(data: bytes, request: Request) -> list[tuple[str, Any]]:
    """Raises InvalidRequest, UnsupportedFormat."""
    body.refuse_coded(request)
    content_type = body.content_type(request)
    if body.may_be_form(content_type) and data:
        return [("", file) for file in multipart.files(content_type, data)]
    if body.looks_like_json(data) or body.looks_like_form(data):
        raise InvalidRequest(_PARAMETERS_IN_A_BODY)
    body.refuse_spoilt(request, data)
    return [("", data)]


def _is_file_name(value: object) -> bool:
    return isinstance(value, str) and body.is_file_name(value[:_LONGEST_NAME].encode(errors="replace"))


def _fields_of(data: bytes, request: Request, route: str) -> list[tuple[str, Any]]:
    """Raises InvalidRequest, InvalidBase64, UnsupportedFormat."""
    if not data:
        return []
    if body.looks_like_json(data):
        return list(body.parse_json(data).items())
    content_type = request.headers.get("content-type", "")
    if content_type.lower().startswith("multipart/"):
        return list(multipart.parse(content_type, data))
    if body.looks_like_form(data):
        form = body.parse_form(data)
        if mistake := unescaped_url(route, (name for name, _ in form), _urls_in(data)):
            raise mistake
        return _with_pluses(form)
    body.refuse_spoilt(request, data)
    return [("", data)]


def _urls_sent(request: Request) -> list[str]:
    """Returns the `url`s of the query. API Gateway decodes queries, so nothing shows how these were sent."""
    if "aws.event" in request.scope:
        return request.query_params.getlist("url")
    return _urls_in(request.scope["query_string"])


def _urls_in(encoded: bytes) -> list[str]:
    parts = (part.partition(b"=") for part in encoded.split(b"&"))
    return [value.decode("latin-1") for name, _, value in parts if name == b"url"]


def _with_pluses(fields: Iterable[tuple[str, str]]) -> list[tuple[str, Any]]:
    """Returns the fields of a query or a form, restoring each `+` that its base64 lost because it was not escaped."""
    return [(name, with_pluses(value) if name == "base64" else value) for name, value in fields]


def _source(name: str, value: object) -> Source | None:
    """Returns the image in a field: bytes under any name, but text only under the names that stand for images."""
    # A browser sends a file field that was left empty as a file without bytes.
    if value is None or value in ("", b""):
        return None
    if isinstance(value, bytes):
        return ImageBytes(value)
    if name not in _TEXT_IMAGES:
        return None
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be a string.", param=name)
    if name == "url" and is_data_url(value):
        raise InvalidUrl("This is a data URL, not a web address. Send it as base64 instead of url.")
    return _TEXT_IMAGES[name](value)


def _unambiguous(fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Raises InvalidRequest."""
    found: dict[str, Any] = {}
    for name, value in fields:
        if name not in _MEANINGS:
            continue
        if name in found and _meaning(name, found[name]) != _meaning(name, value):
            raise InvalidRequest(f"{name} was given twice with different values. Give it once.", param=name)
        found[name] = value
    return found


def _meaning(name: str, value: Any) -> object:
    """Raises InvalidRequest."""
    return None if value in (None, "") else _MEANINGS[name](value)
