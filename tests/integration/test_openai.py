"""OpenAI's moderations, as OpenAI's own SDK sees them."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

import httpx2
import openai
import pytest
from openai.types import ModerationCreateResponse
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.helpers.support import FakeClassifier, ServedApp, data_url, mosaic, png, scoring, serve

from moderate.dialects.openai_schema import CATEGORIES
from moderate.inference.classifier import Classifier

FLAGGED = {"type": "image_url", "image_url": {"url": data_url(png(grey=10))}}
SAFE = {"type": "image_url", "image_url": {"url": "https://pub.test/safe.png"}}
WEB = {"https://pub.test/safe.png": png(grey=200)}


@pytest.fixture
def service() -> ServedApp:
    return serve(WEB, FakeClassifier(by_grey={10: scoring(0.9731), 200: scoring(0.0123)}))


def moderate(app: ASGIApp, given: Any, *, retries: int = 0) -> ModerationCreateResponse:
    async def call() -> ModerationCreateResponse:
        transport = httpx2.ASGITransport(app)
        async with openai.AsyncOpenAI(
            base_url="http://modest.test/v1",
            api_key="mod_live_any",
            max_retries=retries,
            http_client=httpx2.AsyncClient(transport=transport),
        ) as client:
            return await client.moderations.create(model="omni-moderation-latest", input=given)

    return asyncio.run(call())


def test_each_image_has_its_result_in_order(service: ServedApp) -> None:
    answer = moderate(service.app, [FLAGGED, SAFE])
    assert answer.model == "fake"
    assert answer.id.startswith("modr-")
    assert [result.flagged for result in answer.results] == [True, False]
    assert [result.categories.sexual for result in answer.results] == [True, False]
    assert [result.category_scores.sexual for result in answer.results] == [0.9731, 0.0123]


def test_the_answer_names_the_bytes_of_each_image_that_was_judged(service: ServedApp) -> None:
    answer = moderate(service.app, [FLAGGED, SAFE])
    assert answer.model_extra == {
        "sha256": [sha256(png(grey=10)).hexdigest(), sha256(WEB["https://pub.test/safe.png"]).hexdigest()]
    }


def test_what_was_not_looked_for_is_never_said_to_have_been(service: ServedApp) -> None:
    (result,) = moderate(service.app, [FLAGGED]).results
    applied = result.category_applied_input_types.model_dump(by_alias=True)
    assert set(applied) == set(CATEGORIES)
    assert applied.pop("sexual") == ["image"]
    assert set(map(tuple, applied.values())) == {()}
    assert result.categories.sexual_minors is False
    assert result.category_scores.sexual_minors == 0


def test_the_model_that_ships_flags_a_mosaic(classifier: Classifier) -> None:
    part = {"type": "image_url", "image_url": {"url": data_url(mosaic("porn.png"))}}
    (result,) = moderate(serve(classifier=classifier).app, [part]).results
    assert result.flagged


@pytest.mark.parametrize(
    "given",
    [
        "I want to hurt them",
        "https://example.com/photo.jpg",
        ["some text"],
        [{"type": "text", "text": "hello"}],
        [FLAGGED, {"type": "text", "text": "hello"}],
    ],
)
def test_text_is_an_error_and_never_unflagged(service: ServedApp, given: Any) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        moderate(service.app, given)
    assert "Text is not judged here" in caught.value.message
    assert caught.value.type == "invalid_request_error"
    assert service.fetch.asked == []


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ([], "input"),
        (None, "input"),
        ({"type": "image_url"}, "input"),
        ([SAFE] * 11, "input"),
        ([SAFE, {"type": "image_url"}], "input[1]"),
        ([{"type": "image_url", "image_url": "https://pub.test/safe.png"}], "input[0]"),
        ([{"type": "audio", "image_url": {"url": "https://pub.test/safe.png"}}], "input[0]"),
        ([7], "input[0]"),
    ],
)
def test_anything_else_than_image_parts_is_an_error_that_names_the_place(
    service: ServedApp, given: Any, param: str
) -> None:
    response = service.client.post("/v1/moderations", json={"input": given})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param
    assert service.fetch.asked == []


def test_one_image_that_cannot_be_judged_fails_the_call(service: ServedApp) -> None:
    broken = {"type": "image_url", "image_url": {"url": data_url(png()[:40])}}
    with pytest.raises(openai.BadRequestError) as caught:
        moderate(service.app, [FLAGGED, broken])
    assert (caught.value.code, caught.value.param) == ("undecodable_image", "input[1]")
    assert caught.value.request_id


def test_a_policy_may_be_named(service: ServedApp) -> None:
    assert service.client.post("/v1/moderations", json={"input": [SAFE], "policy": "harsh"}).status_code == 400
    assert service.client.post("/v1/moderations", json={"input": [SAFE], "policy": "strict"}).status_code == 200


class Refusing:
    """Answers the first call as API Gateway answers one call too many, and lets the others through."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self.calls = 0
        self._app = app
        self._refusal = JSONResponse({"error": "Rate limit exceeded", "code": "rate_limited"}, 429, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        answer: Callable[[Scope, Receive, Send], Awaitable[None]] = self._refusal if self.calls == 1 else self._app
        await answer(scope, receive, send)


def test_the_sdk_waits_out_a_rate_limit(service: ServedApp) -> None:
    gateway = Refusing(service.app, {"retry-after": "0.05"})
    assert moderate(gateway, [FLAGGED], retries=2).results[0].flagged
    assert gateway.calls == 2


def test_the_sdk_does_not_retry_an_exhausted_month(service: ServedApp) -> None:
    gateway = Refusing(service.app, {"retry-after": "0.05", "x-should-retry": "false"})
    with pytest.raises(openai.RateLimitError):
        moderate(gateway, [FLAGGED], retries=2)
    assert gateway.calls == 1
