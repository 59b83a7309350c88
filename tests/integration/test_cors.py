"""What a browser lets a page of another origin do, and read."""

from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient
from tests.helpers.support import FakeClassifier, gateway_event, invoke, png, serve

from moderate.calls import rate_limit_headers
from moderate.calls.authentication import from_gateway
from moderate.web import cors
from modest.allowance import Allowance

SHOP = "https://shop.example"
ORIGIN, READABLE = "access-control-allow-origin", "access-control-expose-headers"


@pytest.fixture(scope="module")
def client() -> TestClient:
    return serve(allowed_origin=SHOP).client


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/classify", png(), 200),
        ("POST", "/v1/classify", b"text", 415),
        ("POST", "/api/nsfw/image", b"{}", 400),
        ("POST", "/v1/moderations", b"{}", 400),
        ("GET", "/nowhere", b"", 404),
        ("DELETE", "/v1/check", b"", 405),
        ("GET", "/health", b"", 200),
    ],
)
def test_a_page_of_the_origin_can_read_every_answer(
    client: TestClient, method: str, path: str, body: bytes, status: int
) -> None:
    answer = client.request(method, path, content=body, headers={"origin": SHOP})
    assert answer.status_code == status
    assert answer.headers[ORIGIN] == SHOP
    assert answer.headers["vary"] == "Origin"
    assert answer.headers[READABLE].split(", ") == list(cors.READABLE)


def test_a_page_of_the_origin_can_read_that_it_is_our_fault() -> None:
    client = serve(classifier=FakeClassifier(RuntimeError("broken")), allowed_origin=SHOP).client
    answer = client.post("/v1/classify", content=png(), headers={"origin": SHOP})
    assert (answer.status_code, answer.headers[ORIGIN]) == (500, SHOP)


def test_a_page_of_the_origin_can_read_that_its_key_is_refused() -> None:
    app = serve(identify=from_gateway, allowed_origin=SHOP).app
    answer = invoke(app, gateway_event("GET", "/v1/check", headers={"Origin": SHOP}, key_hash=None))
    assert answer["statusCode"] == 401
    assert answer["headers"][ORIGIN] == SHOP


def test_what_is_left_of_the_month_can_be_read() -> None:
    sent = rate_limit_headers.headers(Allowance(3, 1, datetime(2026, 11, 23, tzinfo=UTC)))
    assert {name.lower() for name in sent} <= set(cors.READABLE)


@pytest.mark.parametrize(
    "origin", ["https://other.example", "http://shop.example", "https://shop.example:8443", "null"]
)
def test_a_page_of_another_origin_reads_nothing(client: TestClient, origin: str) -> None:
    assert ORIGIN not in client.get("/health", headers={"origin": origin}).headers
    asked = {"origin": origin, "access-control-request-method": "POST"}
    assert ORIGIN not in client.options("/v1/check", headers=asked).headers


def test_a_preflight_is_answered_where_there_is_no_gateway(client: TestClient) -> None:
    asked = {"origin": SHOP, "access-control-request-method": "POST"}
    answer = client.options(
        "/v1/check", headers=asked | {"access-control-request-headers": ",".join(sorted(cors.SENDABLE))}
    )
    assert answer.status_code == 200
    assert answer.headers[ORIGIN] == SHOP
    assert answer.headers["access-control-max-age"] == "600"
    refused = client.options("/v1/check", headers=asked | {"access-control-request-headers": "x-other"})
    assert refused.status_code == 400


def test_no_page_may_send_credentials_that_a_browser_keeps(client: TestClient) -> None:
    assert "access-control-allow-credentials" not in client.get("/health", headers={"origin": SHOP}).headers


def test_unless_an_origin_is_set_nothing_speaks_of_origins() -> None:
    client = serve().client
    for answer in (
        client.get("/health", headers={"origin": SHOP}),
        client.options("/v1/check", headers={"origin": SHOP, "access-control-request-method": "POST"}),
    ):
        assert not {name for name in answer.headers if name.startswith("access-control") or name == "vary"}
    assert answer.status_code == 405
