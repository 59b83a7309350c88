"""The OpenAPI document says what the application does, and the page that shows it needs nobody else."""

import asyncio
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from starlette.testclient import TestClient
from tests.fakes.table import FakeTable
from tests.helpers.lists import fixed
from tests.helpers.support import FakeClassifier, Never, Web, png, scoring, serve

from moderate.blocking.hits import OnListHit
from moderate.calls.authentication import from_gateway
from moderate.calls.problems import STATUS_AND_CODE
from moderate.dialects.registry import DIALECTS, dialect_of
from moderate.fetching.fetcher import Fetcher
from moderate.fetching.responses import URL_DEADLINE_SECONDS, FetchTimeout
from moderate.verdict import Cuts
from modest import api_keys
from modest.ledger.ledger import Ledger
from modest.plans import Plan
from modest.prices import IMAGE_PRICE_USD
from modest.refusals import IdempotencyInProgress, IdempotencyMismatch

PATHS = {
    "/api/nsfw/image": {"post"},
    "/v1/check": {"get", "post"},
    "/v1/classify": {"get", "post"},
    "/v1/moderations": {"post"},
    "/v1/detect-images": {"post"},
    "/v1/gate": {"post"},
    "/": {"get"},
    "/health": {"get"},
    "/openapi.json": {"get"},
    "/docs": {"get"},
    "/llms.txt": {"get"},
}
REPEATED = (IdempotencyInProgress, IdempotencyMismatch)
KEYED = {path for path in PATHS if path.startswith(("/api", "/v1"))}


@pytest.fixture(scope="module")
def client() -> TestClient:
    return serve({"https://example.com/image.jpg": png()}).client


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/openapi.json").json()
    return answer


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def keyed_operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [found for found in operations(document) if found[0] in KEYED]


def media(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each body of a request or an answer is described, and how."""
    for path, method, operation in operations(document):
        for kind, described in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{method} {path} takes {kind}", described
        for status, response in operation["responses"].items():
            for kind, described in response.get("content", {}).items():
                yield f"{method} {path} answers {status} {kind}", described


def examples(described: dict[str, Any]) -> list[Any]:
    named = [example["value"] for example in described.get("examples", {}).values()]
    return named + ([described["example"]] if "example" in described else [])


def validator(schema: dict[str, Any], document: dict[str, Any]) -> Draft202012Validator:
    # References are to the document's root, so its components stand in the schema's.
    return Draft202012Validator(schema | {"components": document["components"]})


def test_it_is_an_openapi_3_1_document(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    OpenAPI.model_validate(document)


def test_every_schema_in_it_is_a_json_schema(document: dict[str, Any]) -> None:
    schemas = [
        *document["components"]["schemas"].values(),
        *(found["schema"] for _, found in media(document) if "schema" in found),
    ]
    schemas += [
        parameter["schema"] for _, _, found in operations(document) for parameter in found.get("parameters", [])
    ]
    assert len(schemas) > 40
    for schema in schemas:
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))
    assert references
    for reference in references:
        root, components, kind, name = reference.split("/")
        assert (root, components) == ("#", "components")
        assert name in document["components"][kind]


def test_it_describes_every_route_and_no_other(document: dict[str, Any], client: TestClient) -> None:
    assert {path: set(methods) for path, methods in document["paths"].items()} == PATHS
    for path, methods in PATHS.items():
        allowed = client.delete(path).headers["allow"].lower().split(", ")
        assert set(allowed) == (methods | {"head"} if "get" in methods else methods)


def test_every_operation_has_an_id_of_its_own_and_a_summary(document: dict[str, Any]) -> None:
    found = list(operations(document))
    assert len({operation["operationId"] for _, _, operation in found}) == len(found)
    assert all(operation["summary"] for _, _, operation in found)


def test_every_component_is_used_with_accounts_and_without(document: dict[str, Any]) -> None:
    sold = serve(ledger=Ledger(FakeTable(), {}, lease=timedelta(seconds=30))).client.get("/openapi.json").json()
    assert "UsageAnswer" in sold["components"]["schemas"]
    assert "UsageAnswer" not in document["components"]["schemas"]
    for described in (document, sold):
        text = json.dumps(described)
        for kind in ("schemas", "headers"):
            assert all(f'"#/components/{kind}/{name}"' in text for name in described["components"][kind])


def test_no_parameter_of_oanors_routes_has_a_default_that_clients_would_send(document: dict[str, Any]) -> None:
    """In the query it would contradict what the body says."""
    described = [document["paths"][path] for path in ("/v1/check", "/v1/classify")]
    assert '"default"' not in json.dumps(described)


def test_it_names_the_page_of_the_operator_who_has_one(document: dict[str, Any]) -> None:
    page = "https://shop.example/contact"
    assert "url" not in document["info"]["contact"]
    assert serve(contact_url=page).client.get("/openapi.json").json()["info"]["contact"]["url"] == page


def test_the_server_is_relative_to_the_document(document: dict[str, Any]) -> None:
    assert document["servers"] == [{"url": "."}]


def test_keyed_routes_take_the_key_from_any_of_the_three_headers(document: dict[str, Any]) -> None:
    assert set(document["components"]["securitySchemes"]) == {"x-api-key", "x-oanor-key", "bearer"}
    assert set(api_keys.HEADERS) == {"x-api-key", "x-oanor-key", "authorization"}
    for path, _, operation in operations(document):
        named = [name for requirement in operation.get("security", []) for name in requirement]
        assert named == (["x-api-key", "x-oanor-key", "bearer"] if path in KEYED else [])


def test_every_request_and_every_answer_in_json_has_an_example(document: dict[str, Any]) -> None:
    for where, described in media(document):
        if "/docs" in where or "/openapi.json" in where or where.startswith("get / "):
            continue
        assert examples(described), where
    for path, _, operation in operations(document):
        for parameter in operation.get("parameters", []):
            assert example_of_parameter(parameter) is not None, (path, parameter["name"])


def example_of_parameter(parameter: dict[str, Any]) -> Any:
    return parameter.get("example", parameter["schema"].get("examples", [None])[0])


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    checked = 0
    for where, described in media(document):
        for example in examples(described):
            if "schema" in described:
                assert list(validator(described["schema"], document).iter_errors(example)) == [], where
                checked += 1
    for _, _, operation in operations(document):
        for parameter in operation.get("parameters", []):
            validator(parameter["schema"], document).validate(example_of_parameter(parameter))
    assert checked > 60


def test_a_schema_refuses_what_is_not_an_answer(document: dict[str, Any]) -> None:
    """Or else every example would fit."""
    for path, method, operation in keyed_operations(document):
        schema = operation["responses"]["400"]["content"]["application/json"]["schema"]
        assert not validator(schema, document).is_valid({"detail": "Not Found"}), (method, path)


def test_every_code_has_an_example_under_its_status_on_every_route(document: dict[str, Any]) -> None:
    for path, method, operation in keyed_operations(document):
        shown = {
            (int(status), code)
            for status, response in operation["responses"].items()
            for code in response.get("content", {}).get("application/json", {}).get("examples", {})
        }
        # But for oanor's, the dialects answer 400 to whatever is wrong with an image.
        oanors = path in ("/v1/check", "/v1/classify", "/v1/gate")
        kept = (
            "unauthorized",
            "quota_exceeded",
            "key_limit_exceeded",
            "ledger_unavailable",
            "idempotency_in_progress",
            "idempotency_mismatch",
        )
        wanted = {(status if oanors or code in kept else 400, code) for status, code in STATUS_AND_CODE.values()}
        if path == "/v1/detect-images":
            # It tells what is wrong with an image in that image's result.
            wanted = {
                (415, "unsupported_format"),
                *(found for found in wanted if found[1] in (*kept, "invalid_request")),
            }
        wanted |= {(500, "internal_error"), (504, "internal_error"), (429, "rate_limited"), (503, "overloaded")}
        if method == "post":
            wanted.add((413, "image_too_large"))
        else:
            wanted -= {STATUS_AND_CODE[kind] for kind in REPEATED}
        assert shown == wanted


URL = "https://example.com/image.jpg"
CALLS: dict[str, dict[str, object]] = {
    "invalid_request": {"url": URL, "policy": "lax"},
    "invalid_url": {"url": "ftp://example.com/"},
    "blocked_url": {"url": "http://10.0.0.1/"},
    "invalid_base64": {"base64": "="},
    "policy_violation": {"url": "https://example.com/blocked.jpg"},
    "unsupported_format": {"base64": "AAAA"},
    "undecodable_image": {"base64": "Qk0="},
    "request_too_slow": {"url": "https://example.com/never.jpg"},
    "internal_error": {"url": "https://example.com/broken.jpg"},
}


@pytest.mark.parametrize("code", CALLS)
def test_an_example_of_an_error_is_what_the_application_answers(code: str, document: dict[str, Any]) -> None:
    """Field by field, but for the time and the request's id."""
    web: Web = {
        URL: png(),
        "https://example.com/blocked.jpg": png(grey=1),
        "https://example.com/never.jpg": Never(),
        "https://example.com/broken.jpg": KeyError(),
    }
    blocked = fixed(f"sha256 {hashlib.sha256(png(grey=1)).hexdigest()}")
    seconds = 0.1 if code == "request_too_slow" else 25
    service = serve(web, lists=blocked, on_list_hit=OnListHit.ERROR, deadline_seconds=seconds)
    answer = service.client.post("/v1/check", json=CALLS[code])
    assert answer.json()["code"] == code
    assert answer.json() | {"meta": None} == example_of(document, answer.status_code, code) | {"meta": None}


def test_the_example_of_a_refused_key_is_what_the_application_answers(document: dict[str, Any]) -> None:
    answer = serve(identify=from_gateway).client.post("/v1/check", json={"url": URL})
    assert answer.json() | {"meta": None} == example_of(document, 401, "unauthorized") | {"meta": None}


def test_the_example_of_a_fetch_that_took_too_long_is_what_the_fetcher_says(document: dict[str, Any]) -> None:
    async def never(_host: str) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(FetchTimeout) as late:
        asyncio.run(Fetcher(url_deadline=0.01, resolve=never).fetch(URL))
    said = late.value.message.replace("0.01 seconds", f"{URL_DEADLINE_SECONDS:g} seconds")
    assert example_of(document, 422, "fetch_timeout")["message"] == said


def example_of(document: dict[str, Any], status: int, code: str) -> dict[str, Any]:
    responses = document["paths"]["/v1/check"]["post"]["responses"]
    example: dict[str, Any] = responses[str(status)]["content"]["application/json"]["examples"][code]["value"]
    return example


def test_the_examples_of_requests_are_answered() -> None:
    service = serve(
        {
            url: png(grey=grey)
            for grey, url in enumerate(
                [
                    "https://example.com/image-1.jpg",
                    "https://example.com/image-2.jpg",
                    "https://tesseract.projectnaptha.com/img/eng_bw.png",
                ]
            )
        },
        FakeClassifier(),
    )
    document = service.client.get("/openapi.json").json()
    answered = 0
    for path, method, operation in keyed_operations(document):
        described = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        # API clients fill in the whole query.
        query = {found["name"]: found["example"] for found in operation["parameters"] if found["in"] == "query"}
        for example in examples(described) if method == "post" else [None]:
            answer = service.client.request(method, path, params=query, json=example)
            assert answer.status_code == 200, (path, example, answer.text)
            answered += 1
        if path == "/v1/gate":
            assert service.client.post(path, params=query).status_code == 204
    assert answered == 11


def test_answers_fit_the_schemas(document: dict[str, Any]) -> None:
    client = serve({"https://example.com/image.jpg": png()}).client
    answers = [
        ("/v1/check", "post", {"url": "https://example.com/image.jpg"}),
        ("/v1/check", "post", {}),
        ("/v1/classify", "post", {"url": "https://example.com/image.jpg"}),
        ("/api/nsfw/image", "post", {"imageUrl": "https://example.com/image.jpg"}),
        ("/api/nsfw/image", "post", {"imageUrls": ["x", "https://example.com/image.jpg"], "on_error": "partial"}),
        ("/api/nsfw/image", "post", {"imageUrl": "x"}),
        ("/v1/detect-images", "post", {}),
    ]
    rejecting = serve(classifier=FakeClassifier(scoring(0.9))).client
    for status in (406, 403):
        rejected = rejecting.post("/v1/gate", params={"reject_status": status}, content=png())
        described = document["paths"]["/v1/gate"]["post"]["responses"][str(status)]["content"]["application/json"]
        assert rejected.status_code == status
        validator(described["schema"], document).validate(rejected.json())
    parts = [("image", png()), ("image", b"no picture")]
    detected = client.post("/v1/detect-images", files=[(name, ("a", data)) for name, data in parts])
    described = document["paths"]["/v1/detect-images"]["post"]["responses"]["200"]["content"]["application/json"]
    validator(described["schema"], document).validate(detected.json())
    assert [result["success"] for result in detected.json()["result"]["results"]] == [True, False]
    for path, method, fields in answers:
        answer = client.request(method, path, json=fields)
        response = document["paths"][path][method]["responses"][str(answer.status_code)]
        validator(response["content"]["application/json"]["schema"], document).validate(answer.json())


def test_it_says_nothing_of_fastapis_own_errors(document: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in json.dumps(document)
    assert all("default" not in operation["responses"] for _, _, operation in keyed_operations(document))


def test_the_dialect_of_each_path_is_the_one_that_describes_it(document: dict[str, Any]) -> None:
    for path, _, operation in keyed_operations(document):
        assert operation["tags"] == [dialect_of(path).name]


def test_it_names_the_published_apis_that_are_served_and_counts_them_nowhere(document: dict[str, Any]) -> None:
    description = document["info"]["description"]
    names = [dialect.name for dialect in DIALECTS]
    assert f"the published APIs of {', '.join(names[:-1])} and {names[-1]}." in description
    assert not re.search(r"\b(two|both|three|either)\b", description)


def test_the_default_threshold_is_the_operator_s_and_the_one_that_check_compares_with() -> None:
    client = serve(cuts=Cuts(0.2, 0.45)).client
    paths = client.get("/openapi.json").json()["paths"]
    assert [text.count("Default: 0.45.") for text in (json.dumps(found) for found in thresholds(paths))] == [1] * 5
    assert client.post("/v1/check", content=png()).json()["data"]["threshold"] == 0.45


def thresholds(described: Any) -> Iterator[dict[str, Any]]:
    """Yields every parameter and every field's schema that is named threshold."""
    if isinstance(described, list):
        for item in described:
            yield from thresholds(item)
    if isinstance(described, dict):
        if described.get("name") == "threshold":
            yield described
        for name, value in described.items():
            if name == "threshold" and isinstance(value, dict):
                yield value
            else:
                yield from thresholds(value)


def test_the_page_is_a_page(document: dict[str, Any]) -> None:
    assert list(document["paths"]["/docs"]["get"]["responses"]["200"]["content"]) == ["text/html"]


def test_health_says_what_runs(client: TestClient, document: dict[str, Any]) -> None:
    answer = client.get("/health")
    example = document["paths"]["/health"]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["model"] == {"name": "fake", "version": "fake-1"}
    assert answer.json()["build"] == "test"
    assert list(answer.json()) == list(example)
    assert answer.headers["cache-control"] == "no-store"


def test_the_page_refers_to_no_other_host(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "//" not in re.sub(r"(?m)^\s*//.*|<!--.*?-->", "", page)
    assert "url: 'openapi.json'" in page


def test_the_pages_files_are_served_from_here_and_nothing_else_is(client: TestClient) -> None:
    page = client.get("/docs").text
    kinds = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
    for name, kind in kinds.items():
        assert f"'{name}', '{kind}'" in page
        assert client.get(f"/docs/{name}").headers["content-type"] == "application/octet-stream"
    for other in ("redoc.standalone.js", "..%2f__init__.py", "%2fetc%2fpasswd", "../openapi.py"):
        assert client.get(f"/docs/{other}").status_code == 404


@pytest.mark.parametrize("name", ["swagger-ui.css", "swagger-ui-bundle.js"])
def test_the_pages_files_are_compressed_for_everybody_and_kept_for_a_week(client: TestClient, name: str) -> None:
    answer = client.get(f"/docs/{name}", headers={"Accept-Encoding": "identity"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=604800"
    assert int(answer.headers["content-length"]) < len(answer.content) / 3


@pytest.mark.parametrize("prefix", ["", "/prod"])
def test_the_pages_links_hold_under_a_prefix(prefix: str) -> None:
    client = TestClient(serve().app, root_path=prefix)
    page_url = client.base_url.join(f"{prefix}/docs")
    assert client.get(page_url).status_code == 200
    for link in ("docs/swagger-ui.css", "docs/swagger-ui-bundle.js", "openapi.json"):
        assert client.get(page_url.join(link)).status_code == 200, link


def test_it_states_what_images_and_plans_cost(document: dict[str, Any]) -> None:
    assert f"${IMAGE_PRICE_USD} for each distinct image" in document["info"]["description"]
    assert "for $" not in document["info"]["description"]
    plans = {"Free": Plan("Free", 3000, 1, 1, Decimal(0)), "Pro": Plan("Pro", 300_000, 20, 20, Decimal("37.50"))}
    ledger = Ledger(FakeTable(), plans, lease=timedelta(seconds=30))
    sold = serve(ledger=ledger).client.get("/openapi.json").json()["info"]["description"]
    assert "Calls a month, and what they cost: Free 3,000 for $0, Pro 300,000 for $37.50." in sold


def test_it_says_what_safe_means_on_each_route_beside_the_other_meaning() -> None:
    paths = serve(cuts=Cuts(questionable=0.2, nsfw=0.7)).client.get("/openapi.json").json()["paths"]
    for path, own in (("/v1/check", "a score below `threshold`"), ("/v1/classify", "the verdict `safe`")):
        for operation in paths[path].values():
            assert f"`safe` means {own}" in operation["description"]
            assert "a score below 0.2" in operation["description"]
            assert "which is 0.7 if you send none" in operation["description"]
