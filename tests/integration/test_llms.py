"""/llms.txt holds enough for a language model to write a client, and nothing that the OpenAPI document lacks."""

import json
import re
from decimal import Decimal

import pytest
from starlette.testclient import TestClient
from tests.fakes.table import FakeTable
from tests.helpers.ledgers import LEASE
from tests.helpers.support import png, serve

from moderate.calls.problems import STATUS_AND_CODE
from moderate.dialects.registry import DIALECTS
from moderate.sources import MAX_FETCHED_BYTES, MAX_SENT_BYTES
from modest.ledger.idempotency import REPLAYED_FOR
from modest.ledger.ledger import Ledger
from modest.plans import Plan
from modest.prices import IMAGE_PRICE_USD


@pytest.fixture(scope="module")
def client() -> TestClient:
    urls = ["https://example.com/image-1.jpg", "https://example.com/image-2.jpg"]
    urls.append("https://tesseract.projectnaptha.com/img/eng_bw.png")
    return serve(dict.fromkeys(urls, png())).client


@pytest.fixture(scope="module")
def guide(client: TestClient) -> str:
    response = client.get("/llms.txt")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    return response.text


def test_it_is_short_even_where_plans_are_sold() -> None:
    plans = {name: Plan(name, 1_400_000, 1, 1, Decimal("99.99")) for name in ("Free", "Basic", "Pro", "Mega")}
    guide = serve(ledger=Ledger(FakeTable(), plans, lease=LEASE)).client.get("/llms.txt").text
    assert guide.startswith("# Modest\n")
    assert "### GET /v1/usage" in guide
    assert len(guide) < 16_000


def test_it_names_every_route_of_the_openapi_document(guide: str, client: TestClient) -> None:
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method in methods:
            assert re.search(rf"^(### |- ){method.upper()} {re.escape(path)}(:|$)", guide, re.MULTILINE), path


def test_its_example_of_each_request_is_answered_with_the_fields_it_shows(guide: str, client: TestClient) -> None:
    found = re.findall(
        r"### POST (\S+)\n\n.*\n\n(?:Query: .*\n\n)?Request: (.*)\n\nAnswer 200: (.*)(?:\n\nAnswer 400: (.*))?", guide
    )
    assert len(found) == 4
    requests = [request for _, request, _, _ in found if request != "as above"]
    assert len(requests) == 3
    for path, given, answer, error in found:
        request = requests[-1] if given == "as above" else given
        answered = client.post(path, json=json.loads(request))
        assert answered.status_code == 200, answered.text
        assert set(answered.json()) == set(json.loads(answer))
        assert not error or set(client.post(path, json={}).json()) <= set(json.loads(error))


def test_it_shows_one_error_of_each_published_api(guide: str, client: TestClient) -> None:
    errors = re.findall(r"\nAnswer 400: (.*)", guide)
    bodies = [client.post(dialect.prefixes[0] + "/nowhere").json() for dialect in DIALECTS]
    assert [set(json.loads(error)) for error in errors] == [set(body) for body in bodies]


def test_it_shows_what_most_of_the_many_entries_of_an_object_have_once(guide: str) -> None:
    assert '"categories":{"sexual":true,"others":false}' in guide


def test_it_lists_every_error(guide: str) -> None:
    for status, code in STATUS_AND_CODE.values():
        assert f"\n- {status} {code}: " in guide
    assert "\n- 500 internal_error: " in guide
    assert "\n- 429 rate_limited: " in guide


def test_it_says_how_a_key_is_sent_and_when_to_try_again(guide: str) -> None:
    for word in ("x-api-key", "x-oanor-key", "Authorization: Bearer", "Retry-After", "x-should-retry: false"):
        assert f"`{word}" in guide


def test_it_says_how_a_call_is_repeated_and_where_its_cost_is_told(guide: str) -> None:
    for word in ("Idempotency-Key", "GET /v1/usage", "X-RateLimit-Limit", "idempotency_mismatch"):
        assert f"`{word}`" in guide


def test_it_names_the_published_apis_that_are_served(guide: str) -> None:
    names = [dialect.name for dialect in DIALECTS]
    assert f"the published APIs of {', '.join(names[:-1])} and {names[-1]}." in guide


def test_it_states_the_price_of_an_image_and_what_safe_means(guide: str) -> None:
    assert f"charge ${IMAGE_PRICE_USD} for each distinct image that was judged" in guide
    assert "`safe` means two things" in guide


def test_its_limits_are_those_that_hold(guide: str) -> None:
    assert f"about {MAX_SENT_BYTES / 1e6:g} MB of images" in guide
    assert f"fetched from a URL may be up to {MAX_FETCHED_BYTES / 1024**2:g} MB." in guide
    assert f"valid for {REPLAYED_FOR.days * 24} hours" in guide


def test_a_header_is_not_called_a_part_of_the_query(guide: str) -> None:
    assert not [line for line in guide.splitlines() if line.startswith("Query:") and "Idempotency" in line]
