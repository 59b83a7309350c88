"""What happens around every call: its id, its headers, its log line, and the last net under it."""

import re
import time
import uuid
from http import HTTPMethod
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moderate.calls import rate_limit_headers
from moderate.calls.problems import INTERNAL
from moderate.dialects.registry import dialect_for
from moderate.observability import Observer

# API Gateway lets clients choose a UUID; anything longer would fit into no key of the ledger's table.
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Calls:
    def __init__(self, app: ASGIApp, observer: Observer) -> None:
        self._app = app
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
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
        except Exception as error:  # noqa: BLE001 - the last net: whatever gets here is a fault of ours
            self._observer.failure(error, request_id)
            if status is None:
                response = dialect_for(scope).error_response(INTERNAL, request_id, error)
                state["code"] = INTERNAL.code
                await response(scope, receive, send_with_headers)
        milliseconds = (time.perf_counter() - start) * 1000
        self._observer.call(_facts(scope, status), milliseconds=milliseconds)


def _request_id(scope: Scope) -> str:
    """API Gateway's own, so that one id is in its access log, in the answer and in ours."""
    event: dict[str, Any] = scope.get("aws.event") or {}
    request_id = str((event.get("requestContext") or {}).get("requestId") or "")
    return request_id if _REQUEST_ID.fullmatch(request_id) else str(uuid.uuid4())


def _facts(scope: Scope, status: int | None) -> dict[str, object]:
    state = scope["state"]
    # The route's own template: a path that a client made up may hold anything, and so may a method.
    route = getattr(scope.get("route"), "path", None)
    method = scope["method"] if scope["method"] in HTTPMethod.__members__ else None
    facts = {"request_id": state["request_id"], "method": method, "route": route, "status": status}
    return facts | ({"code": state["code"]} if "code" in state else {})
