"""Reads incoming requests and checks them against API Gateway's size limits."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from modest_local.refusals import Refusal, ResponseType

# API Gateway's quotas for REST APIs (developer guide, "Amazon API Gateway quotas").
MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_HEAD_BYTES = 10_240

_HEAD_TOO_LARGE = 431


class Disconnected(Exception):
    """Raised if the client disconnects before its request is complete."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    """The path as sent, with its percent-encoding."""
    query: Sequence[tuple[str, str]]
    headers: Sequence[tuple[str, str]]
    """Names are in lower case."""
    body: bytes
    client: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    received: float = field(default_factory=time.time)

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


async def read_request(scope: Mapping[str, Any], receive: Any) -> Request:
    """Reads a request without checking its size, so that a refusal can refer to it. Raises Disconnected."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        # One byte over the limit is enough to refuse the request, so the rest is dropped.
        body += message.get("body", b"")[: MAX_BODY_BYTES + 1 - len(body)]
        more = message.get("more_body", False)
    return Request(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True),
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        body=bytes(body),
        client=scope["client"][0] if scope.get("client") else "127.0.0.1",
    )


def check_size(scope: Mapping[str, Any], request: Request) -> None:
    """Raises Refusal if the head or the body is too large."""
    line = len(request.method) + len(scope["raw_path"]) + len(scope["query_string"])
    if line + sum(len(value) for _, value in request.headers) > MAX_HEAD_BYTES:
        raise Refusal(ResponseType.DEFAULT_4XX, _HEAD_TOO_LARGE)
    if len(request.body) > MAX_BODY_BYTES:
        raise Refusal(ResponseType.REQUEST_TOO_LARGE)
