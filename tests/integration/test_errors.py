"""Every error in its dialect's envelope, wherever it comes from and wherever the application is mounted."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any, get_type_hints
from urllib.parse import urlencode

import httpx2
import pytest
from fastapi import Request
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import Message, Scope
from tests.helpers.support import SAFE, FakeClassifier, Never, ServedApp, Web, png, serve
from tests.helpers.waiting import given_time

from moderate.calls.authentication import Unauthorized, from_gateway
from moderate.calls.problems import STATUS_AND_CODE
from moderate.dialects.registry import dialect_of
from moderate.fetching.responses import FetchTimeout
from moderate.fetching.self_reference import VIA, user_agent
from moderate.images.limits import BASELINE_JPEG, GIF_ANIMATION
from moderate.sources import ImageTooLarge

URL = "https://example.com/image.jpg"
BROKEN_URL = "https://example.com/broken.jpg"
SLOW_URL = "https://example.com/slow.jpg"
BREAKS = 7
CANARY = "CANARY-in-an-exception"

NANOGPT = "/api/nsfw/image"
OANOR = ("/v1/check", "/v1/classify", "/nsfw-api/v1/check", "/nsfw-api/v1/classify")


@pytest.fixture(scope="module")
def idle() -> ServedApp:
    """Is asked for nothing that gets as far as a fetch."""
    return serve()


def is_oanors(answer: httpx2.Response) -> bool:
    body = answer.json()
    return (
        list(body) == ["data", "meta", "status", "success", "message", "error", "code", "param"]
        and (body["data"], body["status"], body["success"]) == (None, "error", False)
        and body["message"] == body["error"]
        and list(body["meta"]) == ["timestamp", "request_id"]
        and body["meta"]["request_id"] == answer.headers["x-request-id"]
        and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["meta"]["timestamp"]) is not None
    )


def is_nanogpts(answer: httpx2.Response) -> bool:
    body = answer.json()
    return (
        list(body)[:3] == ["error", "code", "requestId"]
        and set(body) <= {"error", "code", "requestId", "message", "errors"}
        and body.get("message") != body["error"]
        and body["requestId"] == answer.headers["x-request-id"]
    )


# What a fetch brings home -> the answer.
FAILURES: list[tuple[bytes | Exception, int, str]] = [
    (FetchTimeout(), 422, "fetch_timeout"),
    (ImageTooLarge("big"), 413, "image_too_large"),
    (b"<svg/>", 415, "unsupported_format"),
    (b"", 415, "unsupported_format"),
    (png()[:40], 422, "undecodable_image"),
    (BASELINE_JPEG.exceeded(), 422, "too_many_pixels"),
    (GIF_ANIMATION.exceeded(), 422, "too_many_frames"),
]
# What a client says -> the answer.
REFUSALS: list[tuple[str, int, str]] = [
    ("http://127.0.0.1/", 400, "blocked_url"),
    ("http://user:p@example.com/", 400, "invalid_url"),
    ("file:///etc/passwd", 400, "invalid_url"),
    ("https://nowhere.test/", 422, "fetch_failed"),
]


def assert_refused(service: ServedApp, url: str, status: int, code: str) -> None:
    for route in OANOR:
        answer = service.client.get(route, params={"url": url})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert is_oanors(answer)
    answer = service.client.post(NANOGPT, json={"image_urls": [url]})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert is_nanogpts(answer)
    assert service.observer.failures == []
    assert service.observer.results == [code] * 5
    assert [call["code"] for call in service.observer.calls] == [code] * 5


@pytest.mark.parametrize(("failure", "status", "code"), FAILURES)
def test_an_image_that_cannot_be_judged_is_an_error_in_each_envelope(
    failure: bytes | Exception, status: int, code: str
) -> None:
    assert_refused(serve({URL: failure}), URL, status, code)


@pytest.mark.parametrize(("url", "status", "code"), REFUSALS)
def test_a_url_that_is_not_fetched_is_an_error_in_each_envelope(url: str, status: int, code: str) -> None:
    assert_refused(serve(), url, status, code)


def test_these_tests_know_every_code_there_is() -> None:
    shown = {code for _, _, code in (*FAILURES, *REFUSALS)}
    # policy_violation has test_lists.py to itself, and the ledger's have test_booking.py.
    elsewhere = {"invalid_request", "invalid_base64", "unauthorized", "request_too_slow", "policy_violation"}
    in_progress, mismatch, unavailable = "idempotency_in_progress", "idempotency_mismatch", "ledger_unavailable"
    of_the_ledger = {in_progress, mismatch, unavailable, "quota_exceeded", "key_limit_exceeded"}
    assert shown | elsewhere | of_the_ledger == {code for _, code in STATUS_AND_CODE.values()}


def test_unsupported_formats_are_told_which_are_not() -> None:
    message = serve().client.post("/v1/check", content=b"%PDF-1.7").json()["message"]
    assert all(name in message for name in ("JPEG", "PNG/APNG", "GIF", "WebP", "AVIF", "HEIC", "BMP"))


MALFORMED = {
    "nothing": b"",
    "not JSON": b"{not json}",
    "half of JSON": b'{"url": "https://exam',
    "a list": b"[]",
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "a number of 5,000 digits": b'{"threshold": ' + b"9" * 5000 + b"}",
    "NaN": b'{"threshold": NaN}',
    "not UTF-8": b'{"url": "https://example.com/\xff"}',
    "a name twice": b'{"url": "https://a.test/", "url": "https://b.test/"}',
    "a nested name twice": b'{"image_urls": ["https://a.test/"], "x": {"a": 1, "a": 2}}',
    "a NUL": b'{"url": "\x00"}',
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_a_malformed_body_is_an_invalid_request_in_each_envelope(
    idle: ServedApp, content: bytes, content_type: str
) -> None:
    headers = {"content-type": content_type}
    check = idle.client.post("/v1/check", content=content, headers=headers)
    image = idle.client.post(NANOGPT, content=content, headers=headers)
    assert (check.status_code, check.json()["code"]) == (400, "invalid_request")
    assert (image.status_code, image.json()["code"]) == (400, "invalid_request")
    assert is_oanors(check)
    assert is_nanogpts(image)
    assert idle.observer.failures == []


@pytest.mark.parametrize("content", [b"null", b"1", b'"https://example.com/"', b"true", png(), b"image_urls=x"])
def test_a_body_that_is_no_json_object_is_refused_by_nanogpts_dialect(idle: ServedApp, content: bytes) -> None:
    answer = idle.client.post(NANOGPT, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert "JSON object" in answer.json()["error"]


@pytest.mark.parametrize("url", ["https://example.com/\ud800", "\ud800", "https://\udfff.test/"])
def test_half_a_character_is_an_invalid_url(url: str) -> None:
    service = serve()
    check = service.client.post("/v1/check", content=json.dumps({"url": url}))
    image = service.client.post(NANOGPT, content=json.dumps({"image_urls": [url]}))
    assert (check.status_code, check.json()["code"]) == (400, "invalid_url")
    assert (image.status_code, image.json()["code"]) == (400, "invalid_url")


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="',
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary=" + "x" * 500,
        "multipart/",
        "multipart/form-data; boundary=x; charset=nonsense",
    ],
)
@pytest.mark.parametrize(
    "content",
    [
        b"--x",
        b"--x\r\n\r\nno name\r\n--x--\r\n",
        b"--x\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--x--\r\n",
        b"--x\r\nContent-Disposition: form-data; name=a; filename=b\r\nbad header\r\n\r\n\r\n--x--\r\n",
        b"--x\r\n" + b'Content-Disposition: form-data; name="a"\r\n\r\n1\r\n--x\r\n' * 100 + b"--x--\r\n",
        b"\x00" * 100,
    ],
    ids=["short", "no header", "no field name", "a broken header", "a hundred fields", "zeros"],
)
def test_a_malformed_form_is_an_invalid_request(idle: ServedApp, content_type: str, content: bytes) -> None:
    answer = idle.client.post("/v1/check", content=content, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert is_oanors(answer)
    assert idle.observer.failures == []


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/check/", "/v1/other", "/v2/check", "/icon.ico", "//"])
def test_an_unknown_route_is_not_found(idle: ServedApp, path: str) -> None:
    answer = idle.client.get(f"http://testserver{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert is_oanors(answer)
    assert idle.observer.calls[-1]["route"] is None


def test_an_unknown_route_beside_nanogpts_is_not_found_in_its_envelope() -> None:
    answer = serve().client.post("/api/nsfw/video", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert is_nanogpts(answer)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_a_method_that_a_route_does_not_take_is_told_which_it_does(idle: ServedApp, method: str) -> None:
    client = idle.client
    assert client.request(method, "/v1/check").status_code == 405
    assert client.request(method, "/v1/check").headers["allow"] == "GET, HEAD, POST"
    assert client.request(method, NANOGPT).headers["allow"] == "POST"
    assert client.request(method, "/health").headers["allow"] == "GET, HEAD"


def test_a_method_not_allowed_keeps_the_envelope() -> None:
    client = serve().client
    check = client.delete("/v1/check")
    image = client.get(NANOGPT)
    assert check.json()["code"] == image.json()["code"] == "method_not_allowed"
    assert is_oanors(check)
    assert is_nanogpts(image)


def test_a_fault_of_ours_is_500_in_each_envelope_and_says_nothing_of_itself() -> None:
    service = serve({URL: png()}, FakeClassifier(RuntimeError(CANARY)))
    check = service.client.get("/v1/check", params={"url": URL})
    image = service.client.post(NANOGPT, json={"imageUrl": URL, "on_error": "partial"})

    assert (check.status_code, check.json()["code"]) == (500, "internal_error")
    assert is_oanors(check)
    assert image.status_code == 500
    assert image.json() == {
        "error": "NSFW classification failed",
        "code": "internal_error",
        "requestId": image.headers["x-request-id"],
    }
    for answer in (check, image):
        assert answer.headers["cache-control"] == "no-store"
        assert CANARY not in answer.text
    assert [request_id for _, request_id in service.observer.failures] == [
        check.headers["x-request-id"],
        image.headers["x-request-id"],
    ]
    assert [(call["status"], call["code"]) for call in service.observer.calls] == [(500, "internal_error")] * 2


def test_a_fault_in_the_fetcher_is_a_fault_of_ours_and_not_of_the_image() -> None:
    answer = serve({URL: KeyError(CANARY)}).client.get("/v1/check", params={"url": URL})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")


def test_a_caller_without_a_key_is_unauthorized_in_each_envelope() -> None:
    service = serve({URL: png()}, identify=from_gateway)
    check = service.client.get("/v1/check", params={"url": URL})
    image = service.client.post(NANOGPT, json={"imageUrl": URL})
    assert (check.status_code, check.json()["code"]) == (401, "unauthorized")
    assert is_oanors(check)
    assert (image.status_code, image.json()["error"], image.json()["code"]) == (401, "Unauthorized", "unauthorized")
    assert is_nanogpts(image)
    assert service.fetch.asked == []


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/docs"])
def test_the_services_own_routes_need_no_key(path: str) -> None:
    def nobody(_request: Request) -> str:
        raise Unauthorized

    assert serve(identify=nobody).client.get(path).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"via": VIA}, {"via": f"2.0 cdn.test, {VIA}"}, {"user-agent": user_agent("9.9")}],
)
def test_a_fetch_of_our_own_is_not_answered_with_another(headers: dict[str, str]) -> None:
    service = serve({URL: png()})
    check = service.client.get("/v1/check", params={"url": URL}, headers=headers)
    image = service.client.post(NANOGPT, json={"imageUrl": URL}, headers=headers)
    assert (check.status_code, check.json()["code"]) == (400, "invalid_request")
    assert is_oanors(check)
    assert (image.status_code, image.json()["code"]) == (400, "invalid_request")
    assert is_nanogpts(image)
    assert service.fetch.asked == []


def test_no_other_origin_is_let_in() -> None:
    answer = serve({URL: png()}).client.get("/v1/check", params={"url": URL}, headers={"origin": "https://example.com"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_an_image_that_takes_too_long_is_told_so_and_the_others_are_answered() -> None:
    web: Web = {URL: png(), SLOW_URL: Never()}
    service = serve(web, deadline_seconds=0.2)
    check = service.client.get("/v1/check", params={"url": SLOW_URL})
    assert (check.status_code, check.json()["code"]) == (422, "request_too_slow")
    assert "25 seconds" in check.json()["message"]
    assert is_oanors(check)

    fields: dict[str, Any] = {"image_urls": [SLOW_URL, URL]}
    image = service.client.post(NANOGPT, json=fields)
    assert (image.status_code, image.json()["code"]) == (400, "request_too_slow")
    assert is_nanogpts(image)

    def judge_partly(seconds: float) -> dict[str, Any]:
        answer = serve(web, deadline_seconds=seconds).client.post(NANOGPT, json=fields | {"on_error": "partial"})
        return dict(answer.json())

    partial = given_time(judge_partly, lambda answer: answer.get("is_nsfw", False) is None)
    assert (partial["has_nsfw_concepts"], partial["is_nsfw"], partial["cost"]) == ([None, False], None, 0.0015)


@pytest.fixture(params=["root_path", "mounted", "root_path that the server strips"])
def under_prod(request: pytest.FixtureRequest) -> Iterator[tuple[TestClient, str]]:
    """A client and what its paths begin with, for each way of putting the application under /prod."""
    app = serve({URL: png(), BROKEN_URL: png(grey=BREAKS)}, FakeClassifier(RuntimeError(CANARY), {255: SAFE})).app
    if request.param == "mounted":
        yield TestClient(Starlette(routes=[Mount("/prod", app)]), raise_server_exceptions=False), "/prod"
    elif request.param == "root_path":
        yield TestClient(app, root_path="/prod", raise_server_exceptions=False), "/prod"
    else:
        yield TestClient(app, root_path="/prod", raise_server_exceptions=False), ""


def test_everything_works_under_a_prefix(under_prod: tuple[TestClient, str]) -> None:
    client, prefix = under_prod
    assert client.get(f"{prefix}/v1/check", params={"url": URL}).json()["data"]["safe"] is True
    assert client.post(f"{prefix}{NANOGPT}", json={"imageUrl": URL}).json()["is_nsfw"] is False
    assert client.get(f"{prefix}/health").status_code == 200
    assert client.get(f"{prefix}/openapi.json").json()["servers"] == [{"url": "."}]


def test_errors_keep_their_envelope_under_a_prefix(under_prod: tuple[TestClient, str]) -> None:
    client, prefix = under_prod
    refused = client.post(f"{prefix}{NANOGPT}", json={})
    assert refused.json()["error"] == "No valid image URLs provided"
    assert is_nanogpts(refused)
    assert is_nanogpts(client.get(f"{prefix}{NANOGPT}"))
    assert client.get(f"{prefix}{NANOGPT}").headers["allow"] == "POST"
    assert is_nanogpts(client.get(f"{prefix}/api/nsfw/other"))
    assert is_oanors(client.get(f"{prefix}/v1/check"))
    assert is_oanors(client.get(f"{prefix}/v1/other"))


def test_a_fault_of_ours_keeps_its_envelope_under_a_prefix(under_prod: tuple[TestClient, str]) -> None:
    client, prefix = under_prod
    image = client.post(f"{prefix}{NANOGPT}", json={"imageUrl": BROKEN_URL})
    assert (image.status_code, image.json()["error"]) == (500, "NSFW classification failed")
    assert is_nanogpts(image)
    check = client.get(f"{prefix}/v1/check", params={"url": BROKEN_URL})
    assert check.status_code == 500
    assert is_oanors(check)


def test_a_body_that_breaks_off_is_a_clients_fault_and_no_failure() -> None:
    service = serve()
    messages: list[Message] = []
    received: Iterator[Message] = iter(
        [{"type": "http.request", "body": b'{"url": ', "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Message:
        return next(received)

    async def send(message: Message) -> None:
        messages.append(message)

    scope: Scope = {"type": "http", "method": "POST", "path": "/v1/check", "query_string": b"", "headers": []}
    asyncio.run(service.app(scope, receive, send))
    assert messages[0]["status"] == 400
    assert service.observer.failures == []


FUZZED = serve({URL: png()})
WORDS = st.sampled_from(
    ["url", "base64", "threshold", "policy", "image_urls", "imageDataUrl", "model", "on_error", "\ud800"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20) | st.just(URL) | st.just("data:,"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
BODIES = st.binary(max_size=200) | st.dictionaries(WORDS, VALUES, max_size=5).map(
    lambda fields: json.dumps(fields).encode()
)
CONTENT_TYPES = [
    "application/json",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "image/png",
]


@given(BODIES, st.sampled_from(CONTENT_TYPES), st.sampled_from([*OANOR, NANOGPT]))
def test_whatever_is_sent_is_answered_in_the_dialects_envelope_and_is_no_fault_of_ours(
    content: bytes, content_type: str, path: str
) -> None:
    answer = FUZZED.client.post(path, content=content, headers={"content-type": content_type})
    assert FUZZED.observer.failures == []
    assert answer.status_code in (200, 400, 413, 415, 422)
    assert answer.status_code == 200 or (is_nanogpts if path == NANOGPT else is_oanors)(answer)


TAKING_BODIES = sorted(
    {route.path for route in FUZZED.app.routes if isinstance(route, APIRoute) and "POST" in (route.methods or ())}
)
FILE = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n%b\r\n'
FORMS = st.lists(st.binary(max_size=50) | st.just(png()) | st.just(png()[:40]), max_size=12).map(
    lambda files: b"".join([*(FILE % data for data in files), b"--x--"])
)


@given(BODIES | FORMS, st.sampled_from(CONTENT_TYPES), st.sampled_from(TAKING_BODIES))
def test_no_body_makes_any_route_fail_or_leave_its_dialects_envelope(
    content: bytes, content_type: str, path: str
) -> None:
    answer = FUZZED.client.post(path, content=content, headers={"content-type": content_type})
    assert FUZZED.observer.failures == []
    assert answer.status_code in (200, 204, 400, 413, 415, 422)
    if answer.status_code == 204:
        assert answer.content == b""
        return
    dialect = dialect_of(path)
    envelopes = dialect.answers if answer.status_code == 200 else (dialect.error,)
    assert any(set(answer.json()) <= set(get_type_hints(envelope)) for envelope in envelopes)


@given(st.dictionaries(WORDS.filter(str.isascii) | st.text(max_size=5), st.text(max_size=30), max_size=4))
def test_whatever_stands_in_a_query_is_answered(query: dict[str, str]) -> None:
    encoded_query = urlencode(query, errors="surrogatepass")
    answer = FUZZED.client.get(f"/v1/check?{encoded_query}")
    assert FUZZED.observer.failures == []
    assert answer.status_code in (200, 400, 415, 422)
