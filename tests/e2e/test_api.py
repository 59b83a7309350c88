"""What a client sees, from outside: against `sam local`, the local gateway, or a deployment (API_URL, API_KEY)."""

import base64
from typing import Any

import httpx2
import pytest
from tests.e2e.conftest import Target

from modest.api_keys import new_key

KEYED = [
    *(("POST", path) for path in ("/api/nsfw/image", "/v1/moderations", "/v1/detect-images", "/v1/gate")),
    *(
        (method, f"{prefix}/v1/{name}")
        for prefix in ("", "/nsfw-api")
        for name in ("check", "classify")
        for method in ("GET", "POST")
    ),
]
IMAGE_TYPES = [
    "image/png",
    "image/x-png",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "image/jpeg",
]


def data_url(image: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(image).decode()


def classified(response: httpx2.Response) -> Any:
    assert response.status_code == 200, response.text
    assert response.json()["success"] is True
    return response.json()["data"]


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/docs", "/docs/swagger-ui.css"])
def test_the_service_routes_need_no_key(anonymous: httpx2.Client, path: str) -> None:
    # As the page does, because API Gateway hands on compressed files only to those who accept bytes.
    assert anonymous.get(path, headers={"Accept": "application/octet-stream"}).status_code == 200


@pytest.mark.parametrize(("method", "path"), KEYED)
def test_every_other_route_refuses_a_call_without_a_key(
    anonymous: httpx2.Client, target: Target, method: str, path: str
) -> None:
    assert anonymous.request(method, path).status_code == target.refusal_of_a_malformed_key


@pytest.mark.parametrize("key", ["", "mod_live_short", "x" * 58])
def test_a_malformed_key_is_refused(anonymous: httpx2.Client, target: Target, key: str) -> None:
    response = anonymous.get("/v1/classify", headers={"x-api-key": key})
    assert response.status_code == target.refusal_of_a_malformed_key


def test_a_key_that_nobody_was_given_is_refused(anonymous: httpx2.Client, target: Target) -> None:
    response = anonymous.get("/v1/classify", headers={"x-api-key": new_key()})
    # sam local asks nobody whether a key is known: there the call gets as far as naming no image.
    assert response.status_code == (401 if target.checks_that_keys_are_known else 400)


def test_what_no_route_accepts_is_refused_without_a_look_at_the_key(anonymous: httpx2.Client, target: Target) -> None:
    bearer = {"Authorization": "Bearer of nothing"}
    unknown = anonymous.get("/v1/nowhere", headers=bearer)
    wrong = anonymous.delete("/v1/check", headers=bearer)
    assert (unknown.status_code, wrong.status_code) == target.refusals_of_an_unknown_route_and_method


@pytest.mark.parametrize("header", ["x-api-key", "X-Oanor-Key", "Authorization"])
def test_each_of_the_three_headers_carries_the_key(
    anonymous: httpx2.Client, target: Target, flagged: bytes, header: str
) -> None:
    value = f"Bearer {target.key}" if header == "Authorization" else target.key
    response = anonymous.post("/v1/classify", headers={header: value, "content-type": "image/png"}, content=flagged)
    assert classified(response)["verdict"] == "nsfw"


def test_two_headers_with_different_keys_are_refused(anonymous: httpx2.Client, target: Target) -> None:
    response = anonymous.get("/v1/classify", headers={"x-api-key": target.key, "x-oanor-key": new_key()})
    assert response.status_code == target.refusal_of_a_malformed_key


@pytest.mark.parametrize("prefix", ["", "/nsfw-api"])
def test_an_image_is_taken_from_the_query(api: httpx2.Client, prefix: str) -> None:
    tiny = base64.b64encode(_pixel()).decode()
    data = classified(api.get(f"{prefix}/v1/check", params={"base64": tiny, "threshold": "0.5"}))
    assert data["threshold"] == 0.5


@pytest.mark.parametrize("content_type", IMAGE_TYPES)
def test_a_raw_body_arrives_byte_for_byte(api: httpx2.Client, flagged: bytes, content_type: str) -> None:
    response = api.post("/v1/classify", content=flagged, headers={"content-type": content_type})
    assert classified(response)["classes"]["porn"] > 0.95


def test_a_multipart_file_arrives_byte_for_byte(api: httpx2.Client, flagged: bytes) -> None:
    response = api.post("/v1/check", files={"image": ("mosaic.png", flagged, "image/png")}, data={"threshold": "0.9"})
    assert classified(response) == {"safe": False, "threshold": 0.9} | {
        name: classified(response)[name] for name in ("top_class", "nsfw_score")
    }


@pytest.mark.parametrize("field", ["base64", "url"])
def test_json_names_the_image(api: httpx2.Client, flagged: bytes, field: str) -> None:
    body = {"base64": data_url(flagged)} if field == "base64" else {"url": "http://127.0.0.1/photo.jpg"}
    response = api.post("/v1/classify", json=body)
    if field == "base64":
        assert classified(response)["top_class"] == "Porn"
    else:
        assert (response.status_code, response.json()["code"]) == (400, "blocked_url")


def test_nanogpt_flags_each_image_in_order(api: httpx2.Client, flagged: bytes) -> None:
    body = {"imageDataUrl": data_url(flagged), "imageDataUrls": [data_url(_pixel())]}
    answer = api.post("/api/nsfw/image", json=body).json()
    assert answer["has_nsfw_concepts"] == [True, False]
    assert (answer["is_nsfw"], answer["inputCount"], answer["cost"]) == (True, 2, 0.003)


def test_an_error_is_in_the_envelope_of_its_api(api: httpx2.Client) -> None:
    oanor = api.get("/v1/check", params={"threshold": "nan", "url": "http://example.com/"})
    nanogpt = api.post("/api/nsfw/image", json={})
    assert (oanor.status_code, oanor.json()["param"]) == (400, "threshold")
    assert (nanogpt.status_code, nanogpt.json()["error"]) == (400, "No valid image URLs provided")


def test_the_request_id_is_in_the_header_and_in_the_body(api: httpx2.Client, flagged: bytes) -> None:
    response = api.post("/v1/classify", content=flagged, headers={"content-type": "image/png"})
    assert response.headers["x-request-id"] == response.json()["meta"]["request_id"]
    assert response.headers["cache-control"] == "no-store"


def _pixel() -> bytes:
    return base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC"
    )
