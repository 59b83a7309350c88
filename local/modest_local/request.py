"""A call as it comes in, within the limits that API Gateway sets."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from modest_local.refusals import Kind, Refusal

# API Gateway's quotas for REST APIs (developer guide, "Amazon API Gateway quotas").
MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_HEAD_BYTES = 10_240

_HEAD_TOO_LARGE = 431


class Disconnected(Exception):
    """The client went away before its request was complete."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    """As sent, escapes and all."""
    query: Sequence[tuple[str, str]]
    headers: Sequence[tuple[str, str]]
    """Names in lower case."""
    body: bytes
    client: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    received: float = field(default_factory=time.time)

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


async def read(scope: Mapping[str, Any], receive: Any) -> Request:
    """Raises Disconnected. Limits are the caller's to check, once there is a request to answer."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        # What is over the limit need not be kept to be refused.
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
    """Raises Refusal."""
    line = len(request.method) + len(scope["raw_path"]) + len(scope["query_string"])
    if line + sum(len(value) for _, value in request.headers) > MAX_HEAD_BYTES:
        raise Refusal(Kind.DEFAULT_4XX, _HEAD_TOO_LARGE)
    if len(request.body) > MAX_BODY_BYTES:
        raise Refusal(Kind.REQUEST_TOO_LARGE)
