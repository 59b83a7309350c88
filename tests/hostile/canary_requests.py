"""One request for each way to be answered, with a canary wherever a client, or the server it names, can put one."""

import base64
import hashlib
import io
from typing import Any

import numpy as np
from PIL import Image
from tests.helpers.crafted import Control, apng, chunk, png, png_header
from tests.helpers.support import encoded, mosaic
from tests.hostile.faults import PORT
from tests.hostile.leaks import canary

ADDRESS = "93.184.216.34"
NANOGPT = "/api/nsfw/image"
# On every request beside what its case sends.
HEADERS = {
    "User-Agent": canary("agent"),
    "Referer": f"https://pub.test/{canary('referer')}",
    "Cookie": f"session={canary('cookie')}",
    "X-Forwarded-For": canary("forwarded"),
    "Idempotency-Key": canary("idempotency"),
    "X-Request-Id": canary("id"),
    canary("header"): canary("value"),
}
PAGE = f"pub.test/{canary('page')}"
REDIRECT = f"pub.test/{canary('redirect')}"
PICTURE = f"pub.test/{canary('picture')}.png"
URL = f"https://{PICTURE}?{canary('query')}"

Case = dict[str, Any]


def get(path: str, **params: str) -> Case:
    return {"method": "GET", "url": path, "params": params}


def post(path: str, **options: Any) -> Case:
    return {"method": "POST", "url": path, **options}


def check(**params: str) -> Case:
    return get("/v1/check", **params)


def send(content: bytes | str, **headers: str) -> Case:
    return post("/v1/check", content=content, headers=headers)


def image(**fields: Any) -> Case:
    return post(NANOGPT, json={"image_urls": [URL], canary("field"): canary("value"), **fields})


def fault(name: str) -> str:
    return f"http://faults.test:{PORT}/{name}?{canary('query')}"


def _jpeg() -> bytes:
    with Image.open(io.BytesIO(mosaic("neutral.png"))) as picture:
        exif = picture.getexif()
        exif[0x010E] = canary("exif")
        return encoded(picture.convert("RGB"), "JPEG", exif=exif)


NOTE = chunk(b"tEXt", b"Comment\0" + canary("comment").encode())
DOT = np.zeros((1, 1), int)
PNG, JPEG = png(np.full((64, 64), 128), before=NOTE), _jpeg()
BASE64 = base64.b64encode(PNG).decode()
DATA_URL = f"data:image/png;base64,{BASE64}"
HUGE = png_header(100_000, 100_000) + NOTE + chunk(b"IDAT") + chunk(b"IEND")
LISTED = png(np.full((32, 32), 128), before=NOTE)
LISTS = ("host listed.test", f"sha256 {hashlib.sha256(LISTED).hexdigest()}")
LONG = apng([(DOT, Control())] * 3000, before=NOTE)

JUDGED: dict[str, Case] = {
    "url in a query": check(url=URL),
    "base64 in a query": get("/v1/classify", base64=BASE64),
    "url in JSON": post("/v1/check", json={"url": URL, canary("field"): canary("value")}),
    "base64 in JSON": post("/nsfw-api/v1/classify", json={"base64": BASE64}),
    "url in a form": post("/v1/check", data={"url": URL, "other": canary("form")}),
    "raw PNG": send(PNG, **{"Content-Type": "image/png"}),
    "raw JPEG": send(JPEG, **{"Content-Type": canary("type")}),
    "a file": post("/v1/check", files={canary("field"): (canary("file"), PNG)}, data={"x": canary("form")}),
    "urls": image(imageDataUrl=DATA_URL),
    "a pass": post("/v1/gate", files={canary("field"): (canary("file"), PNG)}, data={"policy": canary("form")}),
    "parts": post("/v1/detect-images", files={canary("field"): (canary("file"), PNG)}, data={"x": canary("form")}),
    "only some": image(image_urls=[URL, fault("refuses-at-length"), canary("url")], on_error="partial"),
}
# Where there is BLOCK_LIST.
ON_A_LIST: dict[str, Case] = {
    "a listed host": check(url=f"https://listed.test/{canary('path')}"),
    "a listed file": send(LISTED),
}
_FORM = f'--x\r\nContent-Disposition: form-data; name="{canary("field")}"\r\n{canary("part")}\r\n\r\n--'
# Each by its code, and by what else tells it from others of that code.
REFUSED: dict[str, Case] = {
    "blocked_url": check(url=f"http://127.0.0.1/{canary('path')}"),
    "invalid_url": check(url=f"http://{canary('user')}:{canary('password')}@pub.test/"),
    "invalid_base64": check(base64=f"!{canary('base64')}"),
    "invalid_base64 in a data URL": image(imageDataUrl=f"data:image/png;base64,!{canary('base64')}"),
    "invalid_request: threshold": check(url=URL, threshold=canary("threshold")),
    "invalid_request: policy": check(url=URL, policy=canary("policy")),
    "invalid_request: model": image(model=canary("model")),
    "invalid_request: on_error": image(on_error=canary("on_error")),
    "invalid_request: a type": image(image_urls={canary("key"): canary("value")}),
    "invalid_request: JSON": send(f'{{"url": {canary("json")}}}'),
    "invalid_request: a name twice": send(f'{{"{canary("n")}": 1, "{canary("n")}": 2}}'),
    "invalid_request: a form": send(_FORM, **{"Content-Type": "multipart/form-data; boundary=x"}),
    "invalid_request: a boundary": send(PNG, **{"Content-Type": f'multipart/form-data; boundary="{canary("b")}'}),
    "invalid_request: an upload that names another": post("/v1/gate", json={"url": URL, "x": canary("json")}),
    "invalid_request: a gate's parameter": post("/v1/gate", params={"reject": canary("reject")}, content=PNG),
    "invalid_request: two images": check(url=URL, base64=BASE64),
    "invalid_request: our own marker": check(url=URL) | {"headers": {"Via": f"1.1 modest {canary('via')}"}},
    "policy_violation: a host": image(image_urls=[f"https://listed.test/{canary('path')}"]),
    "policy_violation: a file": image(image_urls=[f"data:image/png;base64,{base64.b64encode(LISTED).decode()}"]),
    "unauthorized: a key": check(url=URL) | {"headers": {"x-oanor-key": f"mod_{canary('key')}"}},
    "unauthorized: a token": image() | {"headers": {"Authorization": f"Bearer mod_{canary('token')}"}},
    "image_too_large: sent": send(PNG + canary("padding").encode() * 300_000),
    "image_too_large: fetched": check(url=fault("length-absurd")),
    "unsupported_format: sent": send(canary("text")),
    "unsupported_format: fetched": check(url=f"https://{PAGE}"),
    "fetch_failed: its status": check(url=fault("refuses-at-length")),
    "fetch_failed: its name": check(url=f"https://{canary('host')}.test/"),
    "fetch_failed: its redirect": check(url=f"https://{REDIRECT}"),
    "fetch_failed: its certificate": check(url=f"https://{ADDRESS}/{canary('path')}"),
    "fetch_timeout": check(url=fault("silence")),
    "undecodable_image": send(PNG[:-30]),
    "too_many_pixels": send(HUGE),
    "too_many_frames": send(LONG),
    "not_found": get(f"/v1/{canary('route')}", **{canary("name"): canary("value")}),
    "method_not_allowed": {"method": canary("METHOD"), "url": "/v1/check"},
}
# With a model that breaks on whatever is not black.
FAULTS = {"internal_error: one": send(PNG), "internal_error: two": image(imageDataUrl=DATA_URL)}
