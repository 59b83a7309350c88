"""The examples of both published APIs, sent over HTTP to the service as it ships and answered in their shape."""

import re
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image
from tests.helpers.support import MOSAICS, load_event
from tests.hostile.namespace import internet
from tests.hostile.service import ServiceProcess, serving

ADDRESS = "93.184.216.34"
PAGE = "<!doctype html><title>Example Domain</title>"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds what the examples' URLs lead to."""
    folder = tmp_path_factory.mktemp("seeds")
    _jpeg(_photo("coffee.png"), folder / "photo.jpg")
    _jpeg(MOSAICS / "of-both-models/porn.png", folder / "flagged.jpg")
    (folder / "page.html").write_text(PAGE)
    return folder


@pytest.fixture(scope="module")
def service(folder: Path, model_path: Path) -> Iterator[ServiceProcess]:
    files = {
        "example.com/image-1.jpg": folder / "photo.jpg",
        "example.com/image-2.jpg": folder / "flagged.jpg",
        "example.com/image.jpg": folder / "page.html",
        "tesseract.projectnaptha.com/img/eng_bw.png": _photo("page.png"),
    }
    zone = {"example.com": [ADDRESS], "tesseract.projectnaptha.com": [ADDRESS]}
    with internet(folder, zone=zone, files=files) as web, serving(web, folder, model_path) as running:
        yield running


def _photo(name: str) -> Path:
    package = find_spec("skimage.data")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / name


def _jpeg(source: Path, to: Path) -> None:
    with Image.open(source) as image:
        image.convert("RGB").resize((512, 512)).save(to, quality=90)


def replay(service: ServiceProcess, name: str) -> httpx2.Response:
    """Sends what API Gateway once received."""
    event = load_event(name)
    return service.client.request(
        event["httpMethod"],
        event["path"],
        params=event["queryStringParameters"],
        headers={name: value for name, value in event["headers"].items() if name != "Host"},
        content=event["body"],
    )


def test_nanogpts_example_of_two_urls(service: ServiceProcess, folder: Path) -> None:
    answer = replay(service, "nanogpt-image.json")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert UUID.fullmatch(answer.headers["x-request-id"])
    assert list(answer.json().items()) == [
        ("model", "nsfw-classifier"),
        ("requestId", answer.headers["x-request-id"]),
        ("inputCount", 2),
        ("cost", 0.003),
        ("currency", "USD"),
        ("truncated", False),
        ("has_nsfw_concepts", [False, True]),
        ("is_nsfw", True),
        # Ours, after the fields of the seed.
        ("verdicts", ["safe", "nsfw"]),
        ("reasons", [None, {"class": "porn", "second_opinion": True}]),
        ("sha256", [sha256(path.read_bytes()).hexdigest() for path in (folder / "photo.jpg", folder / "flagged.jpg")]),
    ]


def test_nanogpts_example_of_every_field_names_what_is_wrong_with_each_entry(service: ServiceProcess) -> None:
    answer = replay(service, "nanogpt-schema-dump.json")

    body = answer.json()
    assert answer.status_code == 400
    assert list(body) == ["error", "code", "requestId", "errors"]
    assert [(entry["index"], entry["param"], entry["code"]) for entry in body["errors"]] == [
        (0, "image_urls", "unsupported_format"),
        (1, "imageUrls", "unsupported_format"),
        (2, "imageUrl", "unsupported_format"),
        (3, "imageDataUrl", "invalid_base64"),
        (4, "imageDataUrls[0]", "invalid_base64"),
    ]
    assert "index 0 (image_urls)" in body["error"]
    assert all("JPEG" in entry["message"] for entry in body["errors"][:3])
    assert all("base64" in entry["message"] for entry in body["errors"][3:])


def test_oanors_example_of_check(service: ServiceProcess) -> None:
    answer = replay(service, "oanor-check.json")

    body = assert_is_oanors(answer, "Image checked")
    assert list(body["data"]) == ["safe", "threshold", "top_class", "nsfw_score"]
    assert body["data"] == {
        "safe": True,
        "threshold": 0.6,
        "top_class": "Neutral",
        "nsfw_score": pytest.approx(0, abs=0.01),
    }


def test_oanors_example_of_classify(service: ServiceProcess) -> None:
    answer = replay(service, "oanor-classify.json")

    body = assert_is_oanors(answer, "Image classified")
    assert list(body["data"]) == ["safe", "classes", "verdict", "top_class", "nsfw_score"]
    assert list(body["data"]["classes"]) == ["porn", "sexy", "hentai", "drawing", "neutral"]
    assert sum(body["data"]["classes"].values()) == pytest.approx(1, abs=0.0003)
    assert body["data"] | {"classes": None} == {
        "safe": True,
        "classes": None,
        "verdict": "safe",
        "top_class": "Neutral",
        "nsfw_score": pytest.approx(0, abs=0.01),
    }


def assert_is_oanors(answer: httpx2.Response, message: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(body) == ["data", "meta", "status", "message", "success"]
    assert (body["status"], body["message"], body["success"]) == ("ok", message, True)
    assert list(body["meta"])[:2] == ["timestamp", "request_id"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["meta"]["timestamp"])
    assert body["meta"]["request_id"] == answer.headers["x-request-id"]
    assert UUID.fullmatch(body["meta"]["request_id"])
    return body
