"""Gives every call its id, headers and log line, and answers exceptions that nothing else caught."""

import re
import time
import uuid
from collections.abc import Sequence
from http import HTTPMethod
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moderate.calls import rate_limit_headers
from moderate.calls.problems import INTERNAL
from moderate.dialects.dialect import Dialect
from moderate.dialects.registry import DIALECTS, dialect_of
from moderate.observability import Observer

# API Gateway lets clients choose a UUID; a much longer id would not fit into a key of the ledger's table.
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Calls:
    def __init__(self, app: ASGIApp, observer: Observer, dialects: Sequence[Dialect] = DIALECTS) -> None:
        self._app = app
        self._observer = observer
        self._dialects = dialects

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        dialect = state["dialect"] = dialect_of(_path(scope), self._dialects)
        status: int | None = None

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers.setdefault("Cache-Control", "no-store")
                if allowance := state.get("allowance"):
                    headers.update(rate_limit_headers.headers(allowance))
            await send(message)

        start = time.perf_counter()
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - any exception that gets here is a fault of ours
            self._observer.failure(error, request_id)
            if status is None:
                response = dialect.error_response(INTERNAL, request_id, error)
                state["code"] = INTERNAL.code
                await response(scope, receive, send_with_headers)
        # Until the next call, the server keeps what the last one on a connection was.
        state.pop("body", None)
        milliseconds = (time.perf_counter() - start) * 1000
        self._observer.call(_facts(scope, status), milliseconds=milliseconds)


def _path(scope: Scope) -> str:
    """Returns the call's path without the prefix that the application is mounted under."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path


def _request_id(scope: Scope) -> str:
    """Returns API Gateway's id, so that its access log, the answer and our log all have the same one."""
    event: dict[str, Any] = scope.get("aws.event") or {}
    request_id = str((event.get("requestContext") or {}).get("requestId") or "")
    return request_id if _REQUEST_ID.fullmatch(request_id) else str(uuid.uuid4())


def _facts(scope: Scope, status: int | None) -> dict[str, object]:
    state = scope["state"]
    # This logs the template of the route, not the path, because clients can put anything into a path or a method.
    route = getattr(scope.get("route"), "path", None)
    method = scope["method"] if scope["method"] in HTTPMethod.__members__ else None
    facts = {"request_id": state["request_id"], "method": method, "route": route, "status": status}
    return facts | {name: state[name] for name in ("code", "detail", "refused_images") if state.get(name)}
