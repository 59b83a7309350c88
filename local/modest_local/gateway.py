"""API Gateway's part, as an ASGI application. An emulation: it does what AWS documents, and is not AWS.

What a call goes through, in this order:
size, route, authorizer, key, the plan's rate, the plan's month, the route's rate, function.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Protocol

from starlette.types import Receive, Scope, Send

from modest_local import request as requests
from modest_local.api import Api
from modest_local.events import Call, Event, authorizer_event, proxy_event
from modest_local.keys import PlannedKey
from modest_local.meters import Buckets, Months
from modest_local.refusals import Kind, Refusal, answer
from modest_local.replies import MalformedAnswer, Reply, reply_from
from modest_local.request import Request
from modest_local.workers import LambdaContext, Workers

TIMEOUT_SECONDS = 29.0
# Lambda's quotas for a synchronous call (developer guide, "Lambda quotas").
MAX_EVENT_BYTES = 6 * 1024 * 1024
MAX_ANSWER_BYTES = MAX_EVENT_BYTES + 100

_FUNCTION_FAILED = 502

Authorize = Callable[[Event, object], Any]


class KnownKeys(Protocol):
    """As modest_local.keys.Keys."""

    @property
    def outdated(self) -> bool: ...

    def read(self) -> None: ...

    def with_value(self, value: str) -> PlannedKey | None: ...


class Gateway:
    def __init__(
        self,
        api: Api,
        keys: KnownKeys,
        authorize: Authorize,
        function: Workers,
        *,
        buckets: Buckets,
        months: Months,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._api = api
        self._keys = keys
        self._keys_lock = asyncio.Lock()
        self._authorize = authorize
        self._function = function
        self._buckets = buckets
        self._months = months
        self._timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            request = await requests.read(scope, receive)
        except requests.Disconnected:
            return
        context = {"requestId": request.id}
        try:
            requests.check_size(scope, request)
            reply = await self._handle(request, context)
        except Refusal as refusal:
            reply = answer(refusal, self._api.responses, context)
        await _send(send, reply, request)

    async def _handle(self, request: Request, context: dict[str, str]) -> Reply:
        """What becomes known of the call is added to `context`, for the answer. Raises Refusal."""
        call = self._routed(request)
        if call.route.preflight is not None:
            return Reply(200, [("content-type", "application/json"), *call.route.preflight.items()], b"{}")
        value, authorizer = self._authorized(call)
        context |= {f"authorizer.{name}": text for name, text in authorizer.items()}
        api_key: dict[str, str] = {}
        if call.route.needs_key:
            key = await self._known(value)
            self._admit(key)
            api_key = {"apiKey": key.value, "apiKeyId": key.id}
        if not self._buckets.take((call.route.method, call.route.path), call.route.throttle):
            raise Refusal(Kind.THROTTLED)
        event = proxy_event(call, api_key=api_key, authorizer=authorizer)
        return await self._invoke(call, event)

    def _routed(self, request: Request) -> Call:
        path = self._api.without_stage(request.path)
        found = self._api.route_at(request.method, path)
        if found is None:
            raise Refusal(Kind.MISSING_AUTHENTICATION_TOKEN)
        route, parameters = found
        return Call(request, self._api, route, path, parameters)

    def _authorized(self, call: Call) -> tuple[str, Mapping[str, str]]:
        """The value of the call's key, and what else the authorizer told."""
        if not call.route.authorized:
            return "", {}
        try:
            decision = self._authorize(authorizer_event(call), None)
            context = {name: _as_text(value) for name, value in (decision.get("context") or {}).items()}
            allowed = _allows(decision["policyDocument"], call.method_arn)
            principal = str(decision["principalId"])
        except Exception as error:
            raise Refusal(Kind.AUTHORIZER_FAILURE) from error
        if not allowed:
            raise Refusal(Kind.ACCESS_DENIED)
        return str(decision.get("usageIdentifierKey") or ""), {"principalId": principal, **context}

    async def _known(self, value: str) -> PlannedKey:
        async with self._keys_lock:
            if self._keys.outdated:
                await asyncio.to_thread(self._keys.read)
        key = self._keys.with_value(value)
        if key is None:
            raise Refusal(Kind.INVALID_API_KEY)
        return key

    def _admit(self, key: PlannedKey) -> None:
        if not self._buckets.take(key.value, key.plan.throttle):
            raise Refusal(Kind.THROTTLED)
        if not self._months.count(key.plan.name, key.value, key.plan.quota):
            raise Refusal(Kind.QUOTA_EXCEEDED)

    async def _invoke(self, call: Call, event: Event) -> Reply:
        if len(json.dumps(event)) > MAX_EVENT_BYTES:
            raise Refusal(Kind.REQUEST_TOO_LARGE)
        context = LambdaContext(call.request.id, self._timeout)
        try:
            answered = await self._function.invoke(event, context, seconds=self._timeout)
            if len(json.dumps(answered)) > MAX_ANSWER_BYTES:
                raise MalformedAnswer("too large")  # noqa: TRY301
            return reply_from(
                answered, accept=call.request.header("accept"), binary_media_types=self._api.binary_media_types
            )
        except TimeoutError:
            raise Refusal(Kind.INTEGRATION_TIMEOUT) from None
        except Exception as error:
            raise Refusal(Kind.DEFAULT_5XX, _FUNCTION_FAILED) from error


def _allows(policy: Mapping[str, Any], method_arn: str) -> bool:
    """Nothing but a statement that allows it allows a call, and one that denies it outweighs all."""
    effects = {
        statement["Effect"] for statement in policy["Statement"] if fnmatchcase(method_arn, statement["Resource"])
    }
    return effects == {"Allow"}


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _send(send: Send, reply: Reply, request: Request) -> None:
    body = b"" if request.method == "HEAD" else reply.body
    named = {name for name, _ in reply.headers}
    headers = [*reply.headers, ("x-amzn-requestid", request.id)]
    if "content-length" not in named:
        headers.append(("content-length", str(len(reply.body))))
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
