"""What goes back to the client."""

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class MalformedAnswer(Exception):
    """The function answered something that is no proxy response."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


def reply_from(answer: Any, *, accept: str, binary_media_types: Collection[str]) -> Reply:
    """A function's proxy response as HTTP. Raises MalformedAnswer.

    As API Gateway does, base64 is decoded only where the first type that the client accepts is a binary one.
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
        raise MalformedAnswer(type(error).__name__) from error


def _headers(single: Mapping[str, object], multiple: Mapping[str, Sequence[object]]) -> list[tuple[str, str]]:
    headers = [(name.lower(), str(value)) for name, values in multiple.items() for value in values]
    named = {name for name, _ in headers}
    headers += [(name.lower(), str(value)) for name, value in single.items() if name.lower() not in named]
    return headers if any(name == "content-type" for name, _ in headers) else [("content-type", "application/json")]
