"""Emulates API Gateway as an ASGI application. It does what AWS documents, but it is not AWS.

The checks of a call, in order: size, route, authorizer, key, the plan's rate, the plan's quota, the route's rate.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Protocol

from starlette.types import Receive, Scope, Send

from modest_local.api import Api
from modest_local.events import Event, RoutedRequest, make_authorizer_event, make_proxy_event
from modest_local.keys import ApiKey
from modest_local.meters import MonthlyQuotas, TokenBuckets
from modest_local.refusals import Refusal, ResponseType, render_mock, render_refusal
from modest_local.replies import MalformedResponse, Reply, parse_proxy_response
from modest_local.request import Disconnected, Request, check_size, read_request
from modest_local.workers import LambdaContext, WorkerPool

TIMEOUT_SECONDS = 29.0
# Lambda's quotas for a synchronous call (developer guide, "Lambda quotas").
MAX_EVENT_BYTES = 6 * 1024 * 1024
MAX_ANSWER_BYTES = MAX_EVENT_BYTES + 100

_FUNCTION_FAILED = 502

Authorize = Callable[[Event, object], Any]


class KeyLookup(Protocol):
    """The part of modest_local.keys.KeyCache that the gateway uses."""

    @property
    def is_stale(self) -> bool: ...

    def refresh(self) -> None: ...

    def find(self, value: str) -> ApiKey | None: ...


class Gateway:
    def __init__(
        self,
        api: Api,
        keys: KeyLookup,
        authorize: Authorize,
        function: WorkerPool,
        *,
        buckets: TokenBuckets,
        quotas: MonthlyQuotas,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._api = api
        self._keys = keys
        self._keys_lock = asyncio.Lock()
        self._authorize = authorize
        self._function = function
        self._buckets = buckets
        self._quotas = quotas
        self._timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            request = await read_request(scope, receive)
        except Disconnected:
            return
        context = {"requestId": request.id}
        try:
            check_size(scope, request)
            reply = await self._handle(request, context)
        except Refusal as refusal:
            reply = render_refusal(refusal, self._api.responses, context)
        await _send(send, reply, request)

    async def _handle(self, request: Request, context: dict[str, str]) -> Reply:
        """Adds what the authorizer returns to `context`, which the error bodies refer to. Raises Refusal."""
        call = self._find_route(request)
        if call.route.mock is not None:
            self._throttle(call)
            return render_mock(call.route.mock, request.header("content-type"), context)
        value, authorizer = self._run_authorizer(call)
        context |= {f"authorizer.{name}": text for name, text in authorizer.items()}
        api_key: dict[str, str] = {}
        if call.route.needs_key:
            key = await self._find_key(value)
            self._admit(key)
            api_key = {"apiKey": key.value, "apiKeyId": key.id}
        self._throttle(call)
        event = make_proxy_event(call, api_key=api_key, authorizer=authorizer)
        return await self._invoke(call, event)

    def _find_route(self, request: Request) -> RoutedRequest:
        path = self._api.strip_stage(request.path)
        found = self._api.find_route(request.method, path)
        if found is None:
            raise Refusal(ResponseType.MISSING_AUTHENTICATION_TOKEN)
        route, parameters = found
        return RoutedRequest(request, self._api, route, path, parameters)

    def _run_authorizer(self, call: RoutedRequest) -> tuple[str, Mapping[str, str]]:
        """Returns the call's key and the rest of the authorizer's context."""
        if not call.route.authorized:
            return "", {}
        try:
            decision = self._authorize(make_authorizer_event(call), None)
            context = {name: _to_text(value) for name, value in (decision.get("context") or {}).items()}
            allowed = _allows(decision["policyDocument"], call.method_arn)
            principal = str(decision["principalId"])
        except Exception as error:
            raise Refusal(ResponseType.AUTHORIZER_FAILURE) from error
        if not allowed:
            raise Refusal(ResponseType.ACCESS_DENIED)
        return str(decision.get("usageIdentifierKey") or ""), {"principalId": principal, **context}

    async def _find_key(self, value: str) -> ApiKey:
        async with self._keys_lock:
            if self._keys.is_stale:
                await asyncio.to_thread(self._keys.refresh)
        key = self._keys.find(value)
        if key is None:
            raise Refusal(ResponseType.INVALID_API_KEY)
        return key

    def _admit(self, key: ApiKey) -> None:
        if not self._buckets.take(key.value, key.plan.throttle):
            raise Refusal(ResponseType.THROTTLED)
        if not self._quotas.take(key.plan.name, key.value, key.plan.quota):
            raise Refusal(ResponseType.QUOTA_EXCEEDED)

    def _throttle(self, call: RoutedRequest) -> None:
        if not self._buckets.take((call.route.method, call.route.path), call.route.throttle):
            raise Refusal(ResponseType.THROTTLED)

    async def _invoke(self, call: RoutedRequest, event: Event) -> Reply:
        if len(json.dumps(event)) > MAX_EVENT_BYTES:
            raise Refusal(ResponseType.REQUEST_TOO_LARGE)
        context = LambdaContext(call.request.id, self._timeout)
        try:
            answered = await self._function.invoke(event, context, seconds=self._timeout)
            if len(json.dumps(answered)) > MAX_ANSWER_BYTES:
                raise MalformedResponse("too large")  # noqa: TRY301
            return parse_proxy_response(
                answered, accept=call.request.header("accept"), binary_media_types=self._api.binary_media_types
            )
        except TimeoutError:
            raise Refusal(ResponseType.INTEGRATION_TIMEOUT) from None
        except Exception as error:
            raise Refusal(ResponseType.DEFAULT_5XX, _FUNCTION_FAILED) from error


def _allows(policy: Mapping[str, Any], method_arn: str) -> bool:
    """A call needs a statement that allows it, and any statement that denies it takes precedence."""
    effects = {
        statement["Effect"] for statement in policy["Statement"] if fnmatchcase(method_arn, statement["Resource"])
    }
    return effects == {"Allow"}


def _to_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _send(send: Send, reply: Reply, request: Request) -> None:
    body = b"" if request.method == "HEAD" else reply.body
    headers = [(name, value) for name, value in reply.headers if name != "content-length"]
    # A function states the length of the bytes that it encodes, and callers who ask for no bytes get their base64.
    headers += [("content-length", str(len(reply.body))), ("x-amzn-requestid", request.id)]
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
