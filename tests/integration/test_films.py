"""What each API answers about an animation that is too much to judge in full."""

from typing import Any

import httpx2
import pytest
from PIL import Image
from tests.helpers.crafted import animated, film
from tests.helpers.support import FakeClassifier, ServedApp, data_url, png, scoring, serve

FILM = animated(film(200), "GIF", [40] * 200)
STILL = png()


def serving(score: float) -> ServedApp:
    return serve({}, FakeClassifier(scoring(score)))


def ask(service: ServedApp, route: str, image: bytes = FILM, **query: Any) -> dict[str, Any]:
    answer = service.client.post(f"/v1/{route}", params=query, content=image)
    body: dict[str, Any] = answer.json()
    return body | {"status_code": answer.status_code}


@pytest.mark.parametrize(
    ("score", "shown", "verdict"), [(0.1, 0.3, "questionable"), (0.4, 0.4, "questionable"), (0.7, 0.7, "nsfw")]
)
def test_classify_never_calls_it_safe(score: float, shown: float, verdict: str) -> None:
    answer = ask(serving(score), "classify")
    data, frames = answer["data"], answer["meta"]["frames"]
    assert (data["safe"], data["nsfw_score"], data["verdict"]) == (False, shown, verdict)
    assert frames["judged"] < frames["total"] == 200


@pytest.mark.parametrize(("threshold", "status"), [(0.1, 422), (0.05, 200), (0.9, 422)])
def test_check_answers_only_if_what_was_judged_reaches_the_threshold(threshold: float, status: int) -> None:
    answer = ask(serving(0.07), "check", threshold=threshold)
    assert answer["status_code"] == status
    if status == httpx2.codes.OK:
        assert answer["data"]["safe"] is False
    else:
        assert answer["code"] == "too_many_frames"
        assert answer["message"].endswith("Send it in shorter parts.")


@pytest.mark.parametrize("score", [0.1, 0.5, 0.7])
def test_nanogpt_flags_it_or_says_why_it_does_not(score: float) -> None:
    service = serving(score)
    images = {"imageDataUrls": [data_url(FILM), data_url(STILL)]}
    whole = service.client.post("/api/nsfw/image", json=images)
    partial = service.client.post("/api/nsfw/image", json=images | {"on_error": "partial"}).json()
    if score >= 0.6:
        assert whole.json()["has_nsfw_concepts"] == partial["has_nsfw_concepts"] == [True, True]
    else:
        assert (whole.status_code, whole.json()["code"]) == (400, "too_many_frames")
        assert (partial["has_nsfw_concepts"], partial["is_nsfw"], partial["cost"]) == ([None, False], None, 0.0015)
        assert [(error["index"], error["code"]) for error in partial["errors"]] == [(0, "too_many_frames")]


def test_ten_large_animations_in_one_call_are_refused_and_the_stills_beside_them_judged() -> None:
    large = [
        animated([Image.new("L", (1000, 1000), level + each) for level in (0, 99) * 10], "GIF", [40] * 20)
        for each in range(9)
    ]
    service = serving(0.1)
    assert ask(service, "classify", image=large[0])["data"]["verdict"] == "safe"
    images = {"imageDataUrls": [data_url(image) for image in (*large, STILL)], "on_error": "partial"}
    answer = service.client.post("/api/nsfw/image", json=images).json()
    assert answer["has_nsfw_concepts"] == [None] * 9 + [False]
    assert {error["code"] for error in answer["errors"]} == {"too_many_frames"}


@pytest.mark.parametrize("score", [0.1, 0.5, 0.7])
def test_misskey_s_dialect_has_predictions_for_it_or_says_why_it_has_not(score: float) -> None:
    files = [("image", ("a", image)) for image in (STILL, FILM)]
    still, film = serving(score).client.post("/v1/detect-images", files=files).json()["result"]["results"]
    assert still["success"] is True
    if score >= 0.6:
        assert (film["success"], film["verdict"]) == (True, "nsfw")
    else:
        assert (film["success"], film["error"]["code"]) == (False, "REQUEST_TOO_LARGE")


@pytest.mark.parametrize("score", [0.1, 0.5, 0.7])
def test_openai_flags_it_or_says_why_it_does_not(score: float) -> None:
    parts = [{"type": "image_url", "image_url": {"url": data_url(image)}} for image in (STILL, FILM)]
    answer = serving(score).client.post("/v1/moderations", json={"input": parts}).json()
    if score >= 0.6:
        assert [result["flagged"] for result in answer["results"]] == [True, True]
    else:
        assert (answer["error"]["code"], answer["error"]["param"]) == ("too_many_frames", "input[1]")
