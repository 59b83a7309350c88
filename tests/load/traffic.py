"""Calls of every kind, each made from a number, and held to an answer that belongs to that number and to no other."""

import base64
import io
from collections.abc import Callable

import httpx2
import numpy as np
from PIL import Image
from tests.helpers.support import encoded, mosaic

Kind = Callable[[httpx2.Client, int], httpx2.Response]

ADDRESS = "93.184.216.34"
HOST = "pub.test"
NANOGPT = "/api/nsfw/image"
BENIGN, FLAGGED = mosaic("neutral.png"), mosaic("of-both-models/porn.png")
PRICE = 0.0015


def check_raw(client: httpx2.Client, number: int) -> httpx2.Response:
    threshold = threshold_of(number)
    answer = client.post("/v1/check", params={"threshold": threshold}, content=BENIGN)
    data = answer.json()["data"]
    assert (data["safe"], data["threshold"], data["top_class"]) == (True, threshold, "Neutral")
    return answer


def check_base64(client: httpx2.Client, number: int) -> httpx2.Response:
    threshold = threshold_of(number)
    answer = client.post("/v1/check", json={"base64": base64.b64encode(FLAGGED).decode(), "threshold": threshold})
    data = answer.json()["data"]
    assert (data["safe"], data["threshold"], data["top_class"]) == (False, threshold, "Porn")
    return answer


def classify_file(client: httpx2.Client, number: int) -> httpx2.Response:
    image, verdict = ((BENIGN, "safe"), (FLAGGED, "nsfw"))[number % 2]
    answer = client.post("/nsfw-api/v1/classify", files={"image": (f"{number}.png", image)})
    assert answer.json()["data"]["verdict"] == verdict
    return answer


def classify_animation(client: httpx2.Client, number: int) -> httpx2.Response:
    frames = number % 7 + 2
    answer = client.post("/v1/classify", content=ANIMATIONS[frames])
    assert answer.json()["meta"]["frames"] == {"judged": frames, "total": frames}
    return answer


def flag_data_urls(client: httpx2.Client, number: int) -> httpx2.Response:
    flags = flags_of(number, 10)
    answer = client.post(NANOGPT, json={"imageDataUrls": [DATA_URLS[flag] for flag in flags]})
    return with_flags(answer, flags)


def flag_urls(client: httpx2.Client, number: int) -> httpx2.Response:
    flags = flags_of(number, 4)
    urls = [f"https://{HOST}/{PAGES[flag]}#{place}" for place, flag in enumerate(flags)]
    return with_flags(client.post(NANOGPT, json={"image_urls": urls}), flags)


def refuse_url(client: httpx2.Client, number: int) -> httpx2.Response:
    answer = client.get("/v1/check", params={"url": f"http://10.0.0.{number % 256}/"})
    assert (answer.status_code, answer.json()["code"]) == (400, "blocked_url")
    return answer


def refuse_half_an_image(client: httpx2.Client, number: int) -> httpx2.Response:
    answer = client.post("/v1/check", content=FLAGGED[: len(FLAGGED) // 2 + number % 100])
    assert (answer.status_code, answer.json()["code"]) == (422, "undecodable_image")
    return answer


def refuse_a_missing_page(client: httpx2.Client, number: int) -> httpx2.Response:
    answer = client.post(NANOGPT, json={"image_urls": [f"https://{HOST}/missing-{number}"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "fetch_failed")
    return answer


def refuse_a_route(client: httpx2.Client, number: int) -> httpx2.Response:
    answer = client.get(f"/v1/{number}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    return answer


def check_photo(client: httpx2.Client, number: int) -> httpx2.Response:
    threshold = threshold_of(number)
    answer = client.post("/v1/check", params={"threshold": threshold}, content=PHOTO_OF_12_MEGAPIXELS)
    assert answer.json()["data"]["threshold"] == threshold
    return answer


def threshold_of(number: int) -> float:
    """Above every benign score, below every flagged one."""
    return 0.3 + number % 10_000 / 20_000


def flags_of(number: int, count: int) -> list[bool]:
    return [bool(number >> place & 1) for place in range(count)]


def with_flags(answer: httpx2.Response, flags: list[bool]) -> httpx2.Response:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["has_nsfw_concepts"], body["is_nsfw"]) == (flags, any(flags))
    assert body["cost"] == PRICE * len(set(flags))
    return answer


def _enlarged(image: bytes, size: tuple[int, int]) -> Image.Image:
    with Image.open(io.BytesIO(image)) as picture:
        return picture.convert("RGB").resize(size, Image.Resampling.NEAREST)


def _animation(frames: int) -> bytes:
    first, *others = (Image.new("L", (64, 64), grey) for grey in np.linspace(0, 255, frames, dtype=int).tolist())
    return encoded(first, "GIF", save_all=True, append_images=others, duration=100)


ANIMATIONS = {frames: _animation(frames) for frames in range(2, 9)}
DATA_URLS = {
    flag: f"data:image/png;base64,{base64.b64encode(image).decode()}" for flag, image in enumerate((BENIGN, FLAGGED))
}
PAGES = {False: "neutral.png", True: "of-both-models/porn.png"}
PHOTO_OF_12_MEGAPIXELS = encoded(_enlarged(BENIGN, (4032, 3024)), "JPEG", quality=90)

SMALL: tuple[Kind, ...] = (
    check_raw,
    check_base64,
    classify_file,
    classify_animation,
    flag_data_urls,
    flag_urls,
    refuse_url,
    refuse_half_an_image,
    refuse_a_missing_page,
    refuse_a_route,
)
ALL: tuple[Kind, ...] = (*SMALL, *SMALL, check_photo)
