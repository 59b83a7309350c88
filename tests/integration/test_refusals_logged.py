"""Why a call or an image was refused stands in the call's log line, in our own words alone."""

from typing import Any

import numpy as np
from tests.helpers.crafted import PALETTE, chunk, png
from tests.helpers.support import data_url, serve
from tests.helpers.support import png as good_png

from moderate.fetching.responses import FetchFailed

TWO_PALETTES = png(np.zeros((2, 2), int), 8, PALETTE, chunk(b"PLTE", bytes(3)) + chunk(b"PLTE", bytes(3)))


def logged(body: dict[str, Any], path: str = "/api/nsfw/image", **web: Any) -> dict[str, object]:
    served = serve(web)
    served.client.post(path, json=body)
    (call,) = served.observer.calls
    return call


def test_the_rule_that_a_refused_image_broke_is_logged() -> None:
    call = logged({"base64": data_url(TWO_PALETTES)}, "/v1/check")
    assert call["code"] == "undecodable_image"
    assert str(call["detail"]).startswith("DamagedPng: ")
    assert call["refused_images"] == [{"code": "undecodable_image", "detail": call["detail"]}]


def test_each_refused_image_of_a_call_is_logged() -> None:
    call = logged({"imageDataUrls": [data_url(good_png()), data_url(TWO_PALETTES), data_url(b"text")]})
    refused = call["refused_images"]
    assert isinstance(refused, list)
    assert [each["code"] for each in refused] == ["undecodable_image", "unsupported_format"]


def test_images_refused_in_a_partial_answer_are_logged_too() -> None:
    call = logged({"imageDataUrls": [data_url(good_png()), data_url(b"text")], "on_error": "partial"})
    assert call["status"] == 200
    assert call["refused_images"] == [{"code": "unsupported_format", "detail": ""}]


def test_why_a_fetch_failed_is_logged_without_its_url() -> None:
    served = serve({"https://example.com/a.png": FetchFailed("It could not be reached.", detail="ConnectError")})
    served.client.get("/v1/check", params={"url": "https://example.com/a.png"})
    (call,) = served.observer.calls
    assert (call["code"], call["detail"]) == ("fetch_failed", "ConnectError")
    assert "example.com" not in str(call)


def test_a_call_in_which_all_went_well_has_no_details() -> None:
    assert not {"code", "detail", "refused_images"} & logged({"imageDataUrl": data_url(good_png())}).keys()
