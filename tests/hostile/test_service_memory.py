"""Ten equal calls at once, as dear as any known, make the service grow no further than docs/security.md states."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from tests.dearest.measure import MAX_GROWTH, MAX_GROWTH_OF_A_LARGE_PICTURE, Service, serving
from tests.dearest.requests import Request
from tests.helpers.crafted import animated, film
from tests.helpers.support import encoded, mosaic
from tests.helpers.waiting import wait_until
from tests.hostile.images import HOSTILE

from moderate.images.limits import MAX_VIEWS_OF_CALL
from moderate.sources import MAX_SENT_BYTES

AT_ONCE = 10
_TEXT = MAX_SENT_BYTES * 4 // 3
# What small pictures leave behind comes to a few megabytes.
MOST_KEPT = 35_000_000
_URL = "data:image/png;base64,"


def as_json(text: str) -> bytes:
    return json.dumps({"base64": text}).encode()


def flat(mode: str, size: tuple[int, int], image_format: str = "JPEG", **options: object) -> bytes:
    return encoded(Image.new(mode, size, 99), image_format, **options)


SMALL: dict[str, Callable[[], bytes]] = {
    "a data URL of percent signs": lambda: as_json(_URL + "%" * _TEXT),
    "bytes of no image": lambda: bytes(MAX_SENT_BYTES),
    "a picture about which both models are asked": lambda: mosaic("of-both-models/porn.png"),
    "an animation of all views": lambda: animated(film(MAX_VIEWS_OF_CALL), "GIF", [40] * MAX_VIEWS_OF_CALL),
}
LARGE: dict[str, Callable[[], bytes]] = {
    "a progressive CMYK JPEG": lambda: flat("CMYK", (5000, 4000), progressive=True),
    "a WebP as base64": lambda: as_json(base64.b64encode(HOSTILE["WebP with alpha at its cap"].make()).decode()),
    "an HEIC": HOSTILE["flat HEIC of 10 bits and all colours at its cap"].make,
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, model_path: Path, photo_path: Path) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("memory"), model_path, photo_path) as running:
        yield running


def growth_of(service: Service, body: bytes) -> int:
    cost = service.cost(Request("", "POST", "/v1/check", body=body), at_once=AT_ONCE)
    print(f"{cost.growth / 1e6:.0f} MB")
    assert 0 < cost.status < httpx2.codes.INTERNAL_SERVER_ERROR
    return cost.growth


@pytest.mark.parametrize("name", SMALL)
def test_ten_dear_calls_at_once_take_no_more_than_is_stated(service: Service, name: str) -> None:
    assert growth_of(service, SMALL[name]()) < MAX_GROWTH


@pytest.mark.parametrize("name", LARGE)
def test_ten_of_the_largest_pictures_at_once_take_no_more_than_one_may(service: Service, name: str) -> None:
    assert growth_of(service, LARGE[name]()) < MAX_GROWTH_OF_A_LARGE_PICTURE


def test_large_pictures_leave_little_behind(service: Service) -> None:
    for name in ("animated AVIF through a table at its cap", "WebP with alpha at its cap"):
        growth_of(service, HOSTILE[name].make())
    assert wait_until(lambda: service.kept_bytes() < MOST_KEPT)
