"""Turns a function's answer into an HTTP response."""

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class MalformedResponse(Exception):
    """Raised if a function's answer is not a valid proxy response."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


def parse_proxy_response(answer: Any, *, accept: str, binary_media_types: Collection[str]) -> Reply:
    """Converts a function's proxy response. Raises MalformedResponse.

    As in API Gateway, base64 is decoded only if the first type that the client accepts is binary.
    """
    try:
        body = str(answer.get("body") or "")
        wanted = accept.partition(",")[0].partition(";")[0].strip()
        decoded = answer.get("isBase64Encoded") and wanted in binary_media_types
        return Reply(
            int(answer["statusCode"]),
            _headers(answer.get("headers") or {}, answer.get("multiValueHeaders") or {}),
            base64.b64decode(body, validate=True) if decoded else body.encode(),
        )
    except (AttributeError, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise MalformedResponse(type(error).__name__) from error


def _headers(single: Mapping[str, object], multiple: Mapping[str, Sequence[object]]) -> list[tuple[str, str]]:
    headers = [(name.lower(), str(value)) for name, values in multiple.items() for value in values]
    named = {name for name, _ in headers}
    headers += [(name.lower(), str(value)) for name, value in single.items() if name.lower() not in named]
    return headers if any(name == "content-type" for name, _ in headers) else [("content-type", "application/json")]
