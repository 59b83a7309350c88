import asyncio
from typing import Any
from uuid import UUID

import pytest
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.helpers.support import RecordingObserver

from moderate.web.middleware import Calls


def call(app: ASGIApp, observer: RecordingObserver, **scope: Any) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    defaults = {"type": "http", "method": "GET", "path": "/v1/check", "headers": []}
    asyncio.run(Calls(app, observer)(defaults | scope, receive, send))
    return sent


def headers_of(sent: list[Message]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("fine", 201)(scope, receive, send)


async def fails(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("secret")


async def fails_half_way(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError("secret")


@pytest.fixture
def observer() -> RecordingObserver:
    return RecordingObserver()


def test_a_call_gets_an_id_of_its_own_in_its_answer_and_in_the_log(observer: RecordingObserver) -> None:
    ids = {headers_of(call(answers, observer))["x-request-id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(UUID(request_id).version == 4 for request_id in ids)
    assert {logged["request_id"] for logged in observer.calls} == ids


def test_the_gateways_id_is_taken_where_there_is_one(observer: RecordingObserver) -> None:
    event = {"requestContext": {"requestId": "abc"}}
    assert headers_of(call(answers, observer, **{"aws.event": event}))["x-request-id"] == "abc"


@pytest.mark.parametrize("event", [None, {}, {"requestContext": None}, {"requestContext": {"requestId": ""}}])
def test_an_event_without_an_id_is_no_fault(observer: RecordingObserver, event: dict[str, Any] | None) -> None:
    assert UUID(headers_of(call(answers, observer, **{"aws.event": event}))["x-request-id"]).version == 4


def test_an_answer_may_not_be_stored_unless_it_says_otherwise(observer: RecordingObserver) -> None:
    assert headers_of(call(answers, observer))["cache-control"] == "no-store"
    page = JSONResponse({}, headers={"Cache-Control": "public"})
    assert headers_of(call(page, observer))["cache-control"] == "public"


def test_a_call_is_told_of_once_with_its_status_and_how_long_it_took(observer: RecordingObserver) -> None:
    call(answers, observer)
    (logged,) = observer.calls
    assert (logged["method"], logged["status"], logged["route"]) == ("GET", 201, None)
    assert isinstance(logged["milliseconds"], float)


@pytest.mark.parametrize(
    ("path", "root_path", "field"),
    [
        ("/v1/check", "", "message"),
        ("/anything", "", "message"),
        ("/api/nsfw/image", "", "requestId"),
        ("/prod/api/nsfw/image", "/prod", "requestId"),
        ("/api/nsfw/image", "/prod", "requestId"),
        ("/prod/v1/check", "/prod", "message"),
    ],
)
def test_an_exception_becomes_500_in_the_envelope_of_its_path(
    observer: RecordingObserver, path: str, root_path: str, field: str
) -> None:
    start, body = call(fails, observer, path=path, root_path=root_path)
    assert start["status"] == 500
    assert f'"{field}"'.encode() in body["body"]
    assert b"secret" not in body["body"]
    assert headers_of([start])["x-request-id"].encode() in body["body"]
    ((error, request_id),) = observer.failures
    assert (type(error), request_id) == (RuntimeError, observer.calls[0]["request_id"])
    assert (observer.calls[0]["status"], observer.calls[0]["code"]) == (500, "internal_error")


def test_an_exception_after_the_answer_began_is_told_of_and_adds_nothing_to_it(observer: RecordingObserver) -> None:
    (start,) = call(fails_half_way, observer)
    assert start["status"] == 200
    assert len(observer.failures) == len(observer.calls) == 1


def test_what_is_no_http_passes_by(observer: RecordingObserver) -> None:
    passed: list[Scope] = []

    async def lifespan(scope: Scope, _receive: Receive, _send: Send) -> None:
        passed.append(scope)

    assert call(lifespan, observer, type="lifespan") == []
    assert len(passed) == 1
    assert observer.calls == []
