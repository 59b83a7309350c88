"""Calls the application with a canary wherever a client can put one: `python -m tests.helpers.canaries ANSWERS.json`.

What it prints is what the application prints. The answers go into a file, and so does what was left open.
"""

import base64
import gc
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from tests.helpers.support import SAFE, FakeClassifier, FakeFetch, Never, Web, gateway_event, invoke, png

from moderate.calls.authentication import from_gateway
from moderate.dialects.service import Service
from moderate.fetching.responses import FetchFailed
from moderate.observability import Observer
from moderate.pipeline import Pipeline
from moderate.verdict import Cuts, Policy
from moderate.web.app import create_app

CANARY = "CANARY"
BENIGN, BREAKS_THE_MODEL = 200, 7
HOST = "https://canary-host.test"
IMAGE_URL = f"{HOST}/CANARYpath/image.png?signature=CANARYquery#CANARYfragment"
GONE_URL = f"{HOST}/CANARYpath/gone.png"
SLOW_URL = f"{HOST}/CANARYpath/slow.png"
FAULTY_URL = f"{HOST}/CANARYpath/faulty.png"
FAULTS = (RuntimeError("CANARYmessage of an exception"), RuntimeError("CANARYmessage of another"))
WEB: Web = {
    IMAGE_URL: png(grey=BENIGN),
    GONE_URL: FetchFailed("The image's server returned status 404.", detail="ConnectError"),
    SLOW_URL: Never(),
    FAULTY_URL: FAULTS[0],
}
HEADERS = {
    "x-api-key": "CANARYkey",
    "x-oanor-key": "CANARYkey",
    "Authorization": "Bearer CANARYtoken",
    "User-Agent": "CANARYagent",
    "Cookie": "a=CANARYcookie",
    "Referer": "https://CANARYreferer.test/",
    "X-Forwarded-For": "CANARYaddress",
    "Idempotency-Key": "CANARYidempotency",
    "X-Request-Id": "CANARYid",
}
# Bytes that begin as an image does, with a canary behind them that base64 leaves readable.
UNDECODABLE = b"\x89PNG\r\n\x1a\n" + base64.b64decode("CANARYbytesofanimage" * 20)
FORM = "multipart/form-data; boundary=CANARYboundary"
UNSUPPORTED = b"%PDF-1.7 CANARYbytes"


def multipart(data: bytes, *, end: bytes = b"--CANARYboundary--\r\n") -> bytes:
    head = b'Content-Disposition: form-data; name="CANARYname"; filename="CANARYfile.png"\r\nX-Part: CANARYpart\r\n\r\n'
    return b"--CANARYboundary\r\n" + head + data + b"\r\n" + end


def check(*, query: str = "", body: str | bytes | None = None, content_type: str = "CANARY/type") -> dict[str, Any]:
    method = "GET" if body is None else "POST"
    return gateway_event(method, "/v1/check", query=query, headers=HEADERS | {"Content-Type": content_type}, body=body)


def image(body: str | dict[str, object]) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body | {"CANARYfield": "CANARYvalue"})
    return gateway_event("POST", "/api/nsfw/image", headers=HEADERS, body=text)


def detect(body: bytes, *, content_type: str = FORM) -> dict[str, Any]:
    return gateway_event("POST", "/v1/detect-images", headers=HEADERS | {"Content-Type": content_type}, body=body)


def gate(body: bytes, *, query: str = "", content_type: str = "CANARY/type") -> dict[str, Any]:
    return gateway_event("POST", "/v1/gate", query=query, headers=HEADERS | {"Content-Type": content_type}, body=body)


def calls() -> Iterator[tuple[int, str | None, dict[str, Any]]]:
    """The status and the code that each call is to be answered with, and its event."""
    broken = base64.b64encode(png(grey=BREAKS_THE_MODEL)).decode()
    yield 200, None, check(body=json.dumps({"url": IMAGE_URL, "CANARYfield": "CANARYvalue"}))
    yield 200, None, check(body=png(grey=BENIGN))
    yield 200, None, check(body=multipart(png(grey=BENIGN)), content_type=FORM)
    yield (
        200,
        None,
        image({"image_urls": [IMAGE_URL], "imageDataUrl": "data:image/png;base64,CANARY", "on_error": "partial"}),
    )
    yield 200, None, detect(multipart(png(grey=BENIGN)))
    yield 200, None, detect(multipart(UNDECODABLE))
    yield 200, None, detect(multipart(b""))
    yield 400, "invalid_request", check(query="threshold=CANARY&url=https://canary-host.test/CANARYpath")
    yield 400, "invalid_request", check(query="policy=CANARY&url=https://canary-host.test/CANARYpath")
    yield 400, "invalid_request", check(query="url=https://CANARY.test/&url=https://CANARY.test/")
    yield 400, "invalid_request", check(body='{"url": "CANARY')
    yield 400, "invalid_request", check(body='{"CANARYtwice": 1, "CANARYtwice": 2}')
    yield 400, "invalid_request", check(body=multipart(b"CANARYpart", end=b"CANARYcut"), content_type=FORM)
    yield 400, "invalid_request", check(body=b"CANARYnot a form", content_type=FORM)
    yield 400, "invalid_url", check(query="url=CANARY://CANARYhost/CANARYpath")
    yield 400, "invalid_url", check(query="url=https://CANARYuser:CANARYpassword@canary-host.test/")
    yield 400, "blocked_url", check(query="url=http://10.0.0.1/CANARYpath?CANARYquery")
    yield 400, "invalid_base64", check(query="base64=CANARY!")
    yield 400, "invalid_base64", image({"imageDataUrl": "data:image/png;base64,CANARY!"})
    yield 400, "invalid_request", image("{CANARY}")
    yield 400, "invalid_request", image({"imageUrl": IMAGE_URL, "model": "CANARY"})
    yield 400, "invalid_request", image({"imageUrl": IMAGE_URL, "on_error": "CANARY"})
    yield 400, "unsupported_format", image({"imageDataUrl": "CANARYCANARY"})
    yield 400, "fetch_failed", image({"imageUrl": GONE_URL})
    yield 401, "unauthorized", check(query="url=https://canary-host.test/CANARYpath") | {"requestContext": {}}
    yield 404, "not_found", gateway_event("GET", "/v1/CANARYpath", query="CANARY=CANARY", headers=HEADERS)
    yield 404, "not_found", gateway_event("GET", "/docs/CANARYasset", headers=HEADERS)
    yield 405, "method_not_allowed", gateway_event("DELETE", "/v1/check", query="url=CANARY", headers=HEADERS)
    yield 405, "method_not_allowed", gateway_event("CANARY", "/v1/check", headers=HEADERS)
    yield 204, None, gate(multipart(png(grey=BENIGN)), content_type=FORM)
    yield 415, "unsupported_format", gate(b"CANARYbytes")
    yield 400, "invalid_request", gate(b"CANARY=CANARY")
    yield 400, "invalid_request", gate(png(grey=BENIGN), query="reject=CANARY&policy=CANARY")
    yield 400, "invalid_request", detect(multipart(b"CANARYpart", end=b"CANARYcut"))
    yield 413, "image_too_large", check(body=b"CANARY" * 800_000)
    yield 413, "image_too_large", detect(multipart(b"CANARY", end=b"") * 11 + b"--CANARYboundary--")
    yield 415, "unsupported_format", detect(b"CANARY", content_type="CANARY/type")
    yield 415, "unsupported_format", check(body=UNSUPPORTED)
    yield 422, "undecodable_image", check(body=UNDECODABLE)
    yield 422, "fetch_failed", check(body=json.dumps({"url": GONE_URL}))
    yield 422, "request_too_slow", check(body=json.dumps({"url": SLOW_URL}))
    yield 500, "internal_error", check(body=json.dumps({"url": FAULTY_URL}))
    yield 500, "internal_error", check(body=json.dumps({"base64": broken}))
    # Two at once: the second's exception is nobody's to look at.
    yield 500, "internal_error", image({"imageUrl": FAULTY_URL, "imageDataUrl": broken})


def build(*, deadline_seconds: float) -> FastAPI:
    classifier = FakeClassifier(SAFE, {BREAKS_THE_MODEL: FAULTS[1]})
    pipeline = Pipeline(FakeFetch(WEB), classifier, cuts=Cuts(), workers=2, deadline_seconds=deadline_seconds)
    service = Service(pipeline, classifier.model, Cuts(), Policy.BALANCED, Observer(level="DEBUG"))
    return create_app(service, identify=from_gateway, release="test")


def probes(app: FastAPI) -> Iterator[dict[str, Any]]:
    """Events that every route which takes a body refuses: there is no image in them."""
    for route in app.routes:
        if isinstance(route, APIRoute) and "POST" in (route.methods or ()):
            for kind, body in (("CANARY/type", b"CANARYtext"), (FORM, multipart(b"")), ("text/plain", b'{"CANARY":1}')):
                headers = HEADERS | {"Content-Type": kind}
                yield gateway_event("POST", route.path, query="CANARY=CANARY", headers=headers, body=body)


def open_deleted_files() -> list[str]:
    links = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [str(link) for link in links if "(deleted)" in str(link)]


def main() -> None:
    app, impatient_app = build(deadline_seconds=25), build(deadline_seconds=0.3)
    answers = []
    for status, code, event in calls():
        answer = invoke(impatient_app if code == "request_too_slow" else app, event)
        answers.append({"wanted": [status, code], "status": answer["statusCode"], "body": answer["body"]})
    for event in probes(app):
        answer = invoke(app, event)
        answers.append({"wanted": None, "status": answer["statusCode"], "body": answer["body"]})
    # What nobody looked at is logged when it is collected.
    for fault in FAULTS:
        fault.__traceback__ = None
    gc.collect()
    Path(sys.argv[1]).write_text(json.dumps({"answers": answers, "deleted": open_deleted_files()}))


if __name__ == "__main__":
    main()
