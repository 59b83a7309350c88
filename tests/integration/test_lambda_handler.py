"""The application as Lambda runs it: API Gateway's events in, its answers out."""

import base64
import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin
from tests.helpers.support import (
    KEY_HASH,
    NSFW,
    ROOT,
    SAFE,
    FakeClassifier,
    ServedApp,
    data_url,
    encoded,
    gateway_event,
    invoke,
    load_event,
    png,
    serve,
)

from moderate.calls.authentication import from_gateway
from moderate.images.formats import CONTENT_TYPES
from moderate.web.pages import ASSETS

BENIGN, FLAGGED = png(grey=200), png(grey=50)
SAMPLE_PAGE = b"<!doctype html><title>Example Domain</title>"
WEB = {
    "https://example.com/image-1.jpg": BENIGN,
    "https://example.com/image-2.jpg": FLAGGED,
    "https://example.com/image.jpg": SAMPLE_PAGE,
    "https://tesseract.projectnaptha.com/img/eng_bw.png": BENIGN,
}
GATEWAYS_ID = "5f2f0b5c-3f7e-4c3e-9d31-6d4f4f6c9a01"


@pytest.fixture
def service() -> ServedApp:
    return serve(WEB, FakeClassifier(SAFE, {50: NSFW}), identify=from_gateway)


def answer_to(service: ServedApp, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = invoke(service.app, event)
    assert answer["isBase64Encoded"] is False
    return answer["statusCode"], json.loads(answer["body"])


def test_nanogpts_example_event(service: ServedApp) -> None:
    assert answer_to(service, load_event("nanogpt-image.json")) == (
        200,
        {
            "model": "nsfw-classifier",
            "requestId": GATEWAYS_ID,
            "inputCount": 2,
            "cost": 0.003,
            "currency": "USD",
            "truncated": False,
            "has_nsfw_concepts": [False, True],
            "is_nsfw": True,
            "verdicts": ["safe", "nsfw"],
            "reasons": [None, {"class": "porn"}],
            "sha256": [sha256(BENIGN).hexdigest(), sha256(FLAGGED).hexdigest()],
        },
    )


def test_nanogpts_schema_dump_event(service: ServedApp) -> None:
    status, body = answer_to(service, load_event("nanogpt-schema-dump.json"))
    assert status == 400
    assert [error["param"] for error in body["errors"]] == [
        "image_urls",
        "imageUrls",
        "imageUrl",
        "imageDataUrl",
        "imageDataUrls[0]",
    ]


def test_oanors_check_event(service: ServedApp) -> None:
    status, body = answer_to(service, load_event("oanor-check.json"))
    assert status == 200
    assert body["data"] == {"safe": True, "threshold": 0.6, "top_class": "Neutral", "nsfw_score": 0}
    assert body["meta"]["request_id"] == "eb816e53-5961-4837-8f20-e3477e10a3ad"
    assert (body["status"], body["message"], body["success"]) == ("ok", "Image checked", True)


def test_oanors_classify_event(service: ServedApp) -> None:
    status, body = answer_to(service, load_event("oanor-classify.json"))
    assert status == 200
    assert (body["data"]["verdict"], body["data"]["safe"]) == ("safe", True)
    assert body["meta"]["request_id"] == "980c7f31-39db-4a14-bc74-dd39d4c455c3"


def test_the_gateways_request_id_is_in_the_header_the_body_and_the_log(service: ServedApp) -> None:
    for event in (gateway_event("GET", "/v1/check"), gateway_event("POST", "/api/nsfw/image", body="{}")):
        answer = invoke(service.app, event)
        body = json.loads(answer["body"])
        assert answer["headers"]["x-request-id"] == GATEWAYS_ID
        assert body.get("requestId", body.get("meta", {}).get("request_id")) == GATEWAYS_ID
        assert service.observer.calls[-1]["request_id"] == GATEWAYS_ID


def test_a_request_id_that_a_client_made_up_is_not_taken(service: ServedApp) -> None:
    event = gateway_event("GET", "/v1/check", headers={"X-Request-Id": "mine"})
    assert invoke(service.app, event)["headers"]["x-request-id"] == GATEWAYS_ID
    assert service.client.get("/health", headers={"x-request-id": "mine"}).headers["x-request-id"] != "mine"


def test_an_event_without_the_authorizers_word_is_unauthorized(service: ServedApp) -> None:
    event = gateway_event("POST", "/api/nsfw/image", body='{"imageUrl": "https://example.com/image-1.jpg"}')
    assert answer_to(service, event)[0] == 200
    for authorizer in (None, {}, {"principalId": "nobody"}, {"keyHash": ""}):
        event["requestContext"]["authorizer"] = authorizer
        status, body = answer_to(service, event)
        assert (status, body["error"]) == (401, "Unauthorized")
    del event["requestContext"]["authorizer"]
    assert answer_to(service, event)[0] == 401


def test_a_key_in_the_headers_alone_admits_nobody(service: ServedApp) -> None:
    event = gateway_event("GET", "/v1/check", headers={"x-api-key": KEY_HASH}, key_hash=None)
    assert answer_to(service, event)[0] == 401


@pytest.mark.parametrize(
    "content_type", [*CONTENT_TYPES, "application/octet-stream", "application/x-www-form-urlencoded"]
)
def test_a_binary_body_arrives_as_base64(service: ServedApp, content_type: str) -> None:
    event = gateway_event("POST", "/v1/check", headers={"Content-Type": content_type}, body=FLAGGED)
    assert answer_to(service, event)[1]["data"]["safe"] is False


def test_a_multipart_body_arrives_as_base64(service: ServedApp) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n' + FLAGGED + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    event = gateway_event("POST", "/v1/check", headers=headers, body=body)
    assert answer_to(service, event)[1]["data"]["safe"] is False


@pytest.mark.parametrize("encode", [str, str.encode])
def test_json_arrives_as_text_or_as_base64(service: ServedApp, encode: Any) -> None:
    fields = encode(json.dumps({"imageDataUrl": data_url(FLAGGED), "comment": "Grüße"}, ensure_ascii=False))
    assert answer_to(service, gateway_event("POST", "/api/nsfw/image", body=fields))[1]["is_nsfw"] is True


def test_a_query_arrives_decoded(service: ServedApp) -> None:
    plain = base64.b64encode(FLAGGED).decode()
    for text in (plain, plain.replace("+", " ")):
        event = gateway_event("GET", "/v1/check")
        event["multiValueQueryStringParameters"] = {"base64": [text], "threshold": ["0.5"]}
        status, body = answer_to(service, event)
        assert (status, body["data"]["threshold"]) == (200, 0.5)


def test_a_parameter_given_twice_arrives_twice(service: ServedApp) -> None:
    event = gateway_event("GET", "/v1/check", query="url=https://a.test/&url=https://b.test/")
    status, body = answer_to(service, event)
    assert status == 400
    assert "2 were found" in body["message"]


def test_an_event_without_a_body_or_query_names_no_image(service: ServedApp) -> None:
    for method in ("GET", "POST"):
        status, body = answer_to(service, gateway_event(method, "/v1/check"))
        assert (status, body["code"]) == (400, "invalid_request")


def test_a_fault_of_ours_is_an_answer_and_not_an_exception() -> None:
    broken = serve(WEB, FakeClassifier(RuntimeError("broken")), identify=from_gateway)
    assert answer_to(broken, load_event("nanogpt-image.json"))[1]["error"] == "NSFW classification failed"


def test_one_loop_serves_call_after_call(service: ServedApp) -> None:
    for _ in range(3):
        assert answer_to(service, load_event("nanogpt-image.json"))[0] == 200


def test_the_documentation_page_and_what_it_asks_for_pass_through_the_gateway(service: ServedApp) -> None:
    page = invoke(service.app, gateway_event("GET", "/docs", key_hash=None))
    assert page["headers"]["content-type"].startswith("text/html")
    for asset in ASSETS:
        answer = invoke(service.app, gateway_event("GET", f"/docs/{asset}", key_hash=None))
        assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True)


def test_the_deployed_handler_judges_an_image(model_path: Path) -> None:
    """In a process of its own, since it reads the environment where it is imported."""
    event = gateway_event("POST", "/v1/check", headers={"Content-Type": "image/png"}, body=png())
    code = "import json, sys; from moderate.main import handler; print(json.dumps(handler(json.load(sys.stdin), None)))"
    environment = {"MODEL_PATH": str(model_path), "POWERTOOLS_METRICS_DISABLED": "true", "LOG_LEVEL": "ERROR"}
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(event),
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    body = json.loads(json.loads(run.stdout)["body"])
    assert body["data"]["top_class"] in ("Drawing", "Neutral")
    assert body["meta"]["model"] == {"name": "mobilenet_v2", "version": "nsfwjs-4.4.0"}
    assert run.stderr == ""


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "BMP"])
def test_an_image_that_came_as_text_is_told_which_content_type_to_send(image_format: str) -> None:
    """API Gateway hands over the bytes of a type that is not on its list as text."""
    spoilt = encoded(Image.effect_noise((32, 32), 90).convert("RGB"), image_format).decode(errors="replace")
    answer = invoke(serve().app, gateway_event("POST", "/v1/classify", body=spoilt))
    body = json.loads(answer["body"])
    assert (answer["statusCode"], body["code"]) == (415, "unsupported_format")
    assert "Content-Type: application/octet-stream" in body["message"]


def test_what_came_whole_is_not_taken_for_spoilt() -> None:
    whole = encoded(Image.new("RGB", (8, 8)), "PNG", pnginfo=_with_text("\ufffd"))
    assert "\ufffd".encode() in whole
    assert invoke(serve().app, gateway_event("POST", "/v1/classify", body=whole))["statusCode"] == 200
    assert serve().client.post("/v1/classify", content=whole).status_code == 200


@pytest.mark.parametrize("path", ["/v1/classify", "/api/nsfw/image"])
def test_the_address_of_a_page_is_told_from_that_of_an_image(path: str) -> None:
    field = "url" if path == "/v1/classify" else "imageUrl"
    sent = json.dumps({field: "https://example.com/image.jpg"})
    body = json.loads(invoke(serve(WEB).app, gateway_event("POST", path, body=sent))["body"])
    assert body["code"] == "unsupported_format"
    assert "leads to a web page" in body["error"]


def _with_text(text: str) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("Comment", text)
    return info


def test_a_url_that_lost_its_end_is_noticed_though_api_gateway_decodes_queries() -> None:
    url = "https://example.com/a.png"
    app = serve({f"{url}?a=1": png(), f"{url}?a=1&b=2": png()}).app
    for query, status in (
        (f"url={url}?a=1&b=2", 400),
        (f"url={url}?a=1&policy=strict", 200),
        (f"url={url}?a=1%26b=2&utm_source=x", 200),
    ):
        assert invoke(app, gateway_event("GET", "/v1/check", query=query))["statusCode"] == status
