"""HEAD does what GET does."""

from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient
from tests.helpers.local_gateway import LocalGateway, the_api
from tests.helpers.support import png, serve

from moderate.web.pages import ASSETS

URL = "https://example.com/image.jpg"
OTHER_FOR_EVERY_CALL = {"x-request-id", "x-amzn-requestid", "date"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGateway]:
    with LocalGateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


def test_it_has_the_status_and_the_headers_of_get_on_every_route() -> None:
    app = serve({URL: png()}).app
    client = TestClient(app)
    paths = {route.path for route in app.routes if isinstance(route, APIRoute) and "GET" in (route.methods or ())}
    assert {"/", "/health", "/v1/check", "/nsfw-api/v1/classify", "/favicon.ico"} <= paths
    for path in paths:
        get, head = (
            client.request(method, path.format(asset=ASSETS[0]), params={"url": URL}) for method in ("GET", "HEAD")
        )
        assert get.status_code == 200, path
        assert head.status_code == 200, path
        assert facts(dict(head.headers)) == facts(dict(get.headers))


def facts(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in OTHER_FOR_EVERY_CALL}


def test_errors_have_no_body_either(gateway: LocalGateway) -> None:
    with gateway.client() as client:
        for path, status in (("/v1/check", 401), ("/nowhere", 404), ("/docs/favicon.png", 404)):
            answer = client.head(path)
            assert (answer.status_code, answer.content) == (status, b""), path


def test_every_route_of_the_template_answers_it_without_a_body(gateway: LocalGateway) -> None:
    with gateway.client(gateway.key("mega")) as client:
        for path in {route.path for route in the_api().routes if route.method == "GET" and route.mock is None}:
            answer = client.head(path.format(asset=ASSETS[0]))
            # The routes that judge are called without an image.
            assert answer.status_code == (400 if path.endswith(("check", "classify")) else 200), path
            assert answer.content == b""
            assert int(answer.headers["content-length"]) > 0


def test_it_counts_as_get_does(gateway: LocalGateway) -> None:
    with gateway.client(gateway.key("pro")) as client:
        client.head("/v1/usage")
        client.head("/v1/check")
        assert client.get("/v1/usage").json()["data"]["calls"]["used"] == 1
