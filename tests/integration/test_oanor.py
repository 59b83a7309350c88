"""oanor's dialect: its envelope, what check and classify answer, and what they take beside the image."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image
from tests.helpers.support import MOSAICS, SAFE, FakeClassifier, ServedApp, encoded, mosaic, png, scoring, serve

from moderate.inference.classifier import Classifier
from moderate.verdict import Cuts, Policy, Scores

URL = "https://tesseract.projectnaptha.com/img/eng_bw.png"
IMAGE = png()

# The probabilities behind oanor's sample answers, with more places than the samples show.
SAMPLE_SCORES = Scores(drawing=0.003_11, hentai=0.000_58, neutral=0.996_07, porn=0.000_23, sexy=0.000_01)
SAMPLE_CHECK = json.loads("""
{
    "data": {"safe": true, "threshold": 0.6, "top_class": "Neutral", "nsfw_score": 0.0008},
    "meta": {"timestamp": "2026-05-31T03:47:44.172Z", "request_id": "eb816e53-5961-4837-8f20-e3477e10a3ad"},
    "status": "ok",
    "message": "Image checked",
    "success": true
}
""")
SAMPLE_CLASSIFY = json.loads("""
{
    "data": {
        "safe": true,
        "classes": {"porn": 0.0002, "sexy": 0, "hentai": 0.0006, "drawing": 0.0031, "neutral": 0.9961},
        "verdict": "safe",
        "top_class": "Neutral",
        "nsfw_score": 0.0008
    },
    "meta": {"timestamp": "2026-05-31T03:47:44.345Z", "request_id": "980c7f31-39db-4a14-bc74-dd39d4c455c3"},
    "status": "ok",
    "message": "Image classified",
    "success": true
}
""")


def serving(scores: Scores = SAFE, **settings: Any) -> ServedApp:
    return serve({URL: IMAGE}, FakeClassifier(scores), **settings)


@pytest.fixture(scope="module")
def idle() -> ServedApp:
    """Is asked for nothing that gets as far as a fetch."""
    return serving()


def data_of(service: ServedApp, route: str = "check", **fields: object) -> dict[str, Any]:
    answer = service.client.post(f"/v1/{route}", json={"url": URL, **fields})
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def refusal_of(service: ServedApp, route: str = "check", **fields: object) -> dict[str, Any]:
    answer = service.client.post(f"/v1/{route}", json={"url": URL, **fields})
    assert answer.status_code == 400, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize("prefix", ["/v1", "/nsfw-api/v1"])
@pytest.mark.parametrize(
    ("call", "sample"),
    [("check?url={url}&threshold=0.6", SAMPLE_CHECK), ("classify?url={url}", SAMPLE_CLASSIFY)],
)
def test_the_seeds_calls_get_the_seeds_answers_field_by_field(prefix: str, call: str, sample: dict[str, Any]) -> None:
    url = "https%3A%2F%2Ftesseract.projectnaptha.com%2Fimg%2Feng_bw.png"
    answer = serving(SAMPLE_SCORES).client.get(f"{prefix}/{call.format(url=url)}", headers={"x-oanor-key": "any"})

    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert body | {"meta": sample["meta"]} == sample
    assert list(body) == list(sample)
    assert list(body["data"]) == list(sample["data"])
    assert list(body["data"].get("classes", {})) == list(sample["data"].get("classes", {}))
    assert list(body["meta"])[:2] == list(sample["meta"])


def test_meta_says_when_in_utc_milliseconds_and_which_model_looked_at_which_frames() -> None:
    meta = serving().client.get("/v1/check", params={"url": URL}).json()["meta"]

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", meta["timestamp"])
    assert abs(datetime.fromisoformat(meta["timestamp"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert meta["model"] == {"name": "fake", "version": "fake-1"}
    assert meta["frames"] == {"judged": 1, "total": 1}


def test_meta_names_the_bytes_that_were_judged_however_they_came() -> None:
    service, image = serving(), png(grey=77)
    answers = [
        service.client.post("/v1/check", content=image),
        service.client.post("/v1/classify", json={"base64": base64.b64encode(image).decode()}),
        service.client.post("/v1/check", files={"image": image}),
    ]
    assert {answer.json()["meta"]["sha256"] for answer in answers} == {sha256(image).hexdigest()}


def test_meta_counts_the_frames_of_an_animation(classifier: Classifier) -> None:
    frames = [Image.new("L", (8, 8), grey) for grey in range(0, 240, 10)]
    animation = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    answer = serve(classifier=classifier).client.post("/v1/check", content=animation)
    assert answer.json()["meta"]["frames"] == {"judged": len(frames), "total": len(frames)}


def test_the_request_id_is_the_same_in_the_body_the_header_and_the_log() -> None:
    service = serving()
    ids = set()
    for query in ({"url": URL}, {"url": "https://nowhere.test/"}):
        answer = service.client.get("/v1/check", params=query)
        request_id = answer.headers["x-request-id"]
        assert answer.json()["meta"]["request_id"] == request_id
        assert service.observer.calls[-1]["request_id"] == request_id
        ids.add(request_id)
    assert len(ids) == 2


def test_no_answer_may_be_cached() -> None:
    client = serving().client
    assert client.get("/v1/check", params={"url": URL}).headers["cache-control"] == "no-store"
    assert client.get("/v1/check").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["drawing", "hentai", "neutral", "porn", "sexy"])
def test_a_class_is_lower_case_as_a_key_and_capitalised_as_the_top_class(name: str) -> None:
    scores = Scores(**{key: 0.9 if key == name else 0.025 for key in ("drawing", "hentai", "neutral", "porn", "sexy")})
    data = data_of(serving(scores), "classify")
    assert data["top_class"] == name.capitalize()
    assert data["classes"][name] == 0.9


def test_numbers_are_rounded_to_four_places_and_the_score_before_it_is_compared() -> None:
    third = 1 / 3
    service = serving(Scores(drawing=third, hentai=0.299_98, neutral=third, porn=0.299_98, sexy=0.0))

    classified = data_of(service, "classify")
    assert classified["classes"] == {"porn": 0.3, "sexy": 0, "hentai": 0.3, "drawing": 0.3333, "neutral": 0.3333}
    assert (classified["nsfw_score"], classified["verdict"]) == (0.6, "nsfw")
    assert data_of(service)["safe"] is False


def test_the_score_never_exceeds_one() -> None:
    scores = Scores(drawing=0.0, hentai=0.500_04, neutral=0.0, porn=0.500_04, sexy=0.0)
    assert data_of(serving(scores))["nsfw_score"] == 1


@pytest.mark.parametrize(
    ("score", "verdict"),
    [
        (0, "safe"),
        (0.2999, "safe"),
        (0.3, "questionable"),
        (0.5999, "questionable"),
        (0.6, "nsfw"),
        (1, "nsfw"),
    ],
)
def test_classify_is_safe_below_the_first_cut_and_nsfw_from_the_second_on(score: float, verdict: str) -> None:
    data = data_of(serving(scoring(score)), "classify")
    assert (data["verdict"], data["safe"]) == (verdict, verdict == "safe")


def test_the_operators_cuts_move_the_verdict_and_the_default_threshold() -> None:
    service = serving(scoring(0.5), cuts=Cuts(questionable=0.4, nsfw=0.45))
    assert data_of(service, "classify")["verdict"] == "nsfw"
    assert data_of(service) == {"safe": False, "threshold": 0.45, "top_class": "Neutral", "nsfw_score": 0.5}


@pytest.mark.parametrize(
    ("threshold", "safe"), [(0.5, False), (0.5001, True), ("0.5001", True), (0, False), (1, True), ("1e0", True)]
)
def test_check_is_safe_only_below_the_threshold(threshold: float | str, safe: bool) -> None:
    data = data_of(serving(scoring(0.5)), threshold=threshold)
    assert (data["safe"], data["threshold"]) == (safe, float(threshold))


def test_nothing_is_safe_below_a_threshold_of_zero() -> None:
    assert data_of(serving(), threshold=0)["safe"] is False


@pytest.mark.parametrize("absent", [None, ""])
def test_a_threshold_left_empty_is_the_default(absent: str | None) -> None:
    assert data_of(serving(), threshold=absent)["threshold"] == 0.6


NO_THRESHOLDS = ["nan", "NaN", "inf", "-inf", "Infinity", "-0.1", "1.01", "abc", "true", "1e999", "0,5", "0x1", "6e-1%"]


@pytest.mark.parametrize("threshold", NO_THRESHOLDS)
def test_what_is_no_threshold_in_a_query_is_refused_before_any_fetch(idle: ServedApp, threshold: str) -> None:
    answer = idle.client.get("/v1/check", params={"url": URL, "threshold": threshold})
    assert answer.status_code == 400
    assert answer.json()["param"] == "threshold"
    assert "number from 0 to 1" in answer.json()["message"]
    assert idle.fetch.asked == []


@pytest.mark.parametrize("threshold", ["-0.1", "1.01", '"abc"', '"nan"', "true", "[]", "{}", "1e999", "9" * 400])
def test_what_is_no_threshold_in_json_is_refused(idle: ServedApp, threshold: str) -> None:
    answer = idle.client.post("/v1/check", content=f'{{"url": "{URL}", "threshold": {threshold}}}')
    assert answer.status_code == 400
    assert answer.json()["param"] == "threshold"


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_json_with_a_number_that_json_does_not_have_is_refused(literal: str) -> None:
    answer = serving().client.post("/v1/check", content=f'{{"url": "{URL}", "threshold": {literal}}}')
    assert answer.status_code == 400
    assert "not valid JSON" in answer.json()["message"]


def test_a_threshold_given_twice_must_be_the_same() -> None:
    service = serving()
    twice = service.client.get(f"/v1/check?url={URL}&threshold=0.1&threshold=0.9")
    assert (twice.status_code, twice.json()["param"]) == (400, "threshold")
    assert service.client.get(f"/v1/check?url={URL}&threshold=0.1&threshold=0.1").status_code == 200


@pytest.mark.parametrize(
    ("route", "query", "fields"),
    [
        ("check", "threshold=0.6", {"threshold": 0.6}),
        ("check", "threshold=0.60", {"threshold": "0.6"}),
        ("check", "threshold=1", {"threshold": 1.0}),
        ("classify", "explain=true", {"explain": True}),
        ("classify", "policy=strict&explain=", {"policy": "strict", "explain": None}),
    ],
)
def test_a_parameter_may_stand_in_the_query_and_in_json_if_it_means_the_same(
    route: str, query: str, fields: dict[str, object]
) -> None:
    answer = serving().client.post(f"/v1/{route}?{query}", json={"url": URL} | fields)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("query", "value"), [("0.6", 0.61), ("0.6", True), ("0", False), ("nan", "nan"), ("0", None), ("", 0.6)]
)
def test_a_threshold_that_means_another_number_in_the_query_than_in_json_is_refused(query: str, value: object) -> None:
    answer = serving().client.post(f"/v1/check?threshold={query}", json={"url": URL, "threshold": value})
    assert (answer.status_code, answer.json()["param"]) == (400, "threshold")


@pytest.mark.parametrize(
    ("route", "name", "told"),
    [
        ("check", "treshold", "Did you mean threshold?"),
        ("check", "polcy", "Did you mean policy?"),
        ("check", "explain", "explain is a parameter of /v1/classify, not of /v1/check"),
        ("check", "image_urls", "image_urls is a parameter of /api/nsfw/image, not of /v1/check"),
        ("classify", "threshold", "threshold is a parameter of /v1/check, not of /v1/classify"),
        ("classify", "tresholds", "threshold is a parameter of /v1/check, not of /v1/classify"),
    ],
)
def test_a_misspelt_parameter_or_one_of_another_route_is_refused_before_any_fetch(
    idle: ServedApp, route: str, name: str, told: str
) -> None:
    for prefix in ("/v1", "/nsfw-api/v1"):
        path, fields = f"{prefix}/{route}", {"url": URL, name: "0.5"}
        for answer in (
            idle.client.get(path, params=fields),
            idle.client.post(path, json=fields),
            idle.client.post(path, data=fields),
            idle.client.post(path, data=fields, files={"image": IMAGE}),
            idle.client.post(path, params={name: "0.5"}, content=IMAGE),
        ):
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
            assert told in answer.json()["message"]
            assert answer.json()["param"] in told
    assert idle.fetch.asked == []


def test_a_url_whose_own_query_was_not_escaped_is_refused_before_any_fetch(idle: ServedApp) -> None:
    signed = f"{URL}?signature=1&expires=2"
    for answer in (
        idle.client.get(f"/v1/check?url={signed}"),
        idle.client.get(f"/v1/check?threshold=0.5&url={signed}"),
        idle.client.post("/v1/check", content=f"url={signed}"),
    ):
        assert (answer.status_code, answer.json()["param"]) == (400, "url")
        assert "%26" in answer.json()["message"]
        assert "'expires'" in answer.json()["message"]
    assert idle.fetch.asked == []


def test_a_url_whose_own_query_was_escaped_is_fetched_whole() -> None:
    signed, resized = f"{URL}?signature=1&expires=2", f"{URL}?w=300"
    service = serve({signed: IMAGE, resized: IMAGE}, FakeClassifier(SAFE))
    assert service.client.get(f"/v1/check?url={quote(resized, safe='')}&utm_source=x").status_code == 200
    assert service.client.post("/v1/check", data={"url": resized, "comment": "x"}).status_code == 200
    assert service.client.get("/v1/check", params={"url": signed, "utm_source": "x"}).status_code == 200
    assert service.client.post("/v1/check", data={"url": signed}).status_code == 200
    assert service.client.post("/v1/check", json={"url": signed, "expires": 2}).status_code == 200


def test_classify_takes_a_threshold_that_holds_nothing() -> None:
    assert data_of(serving(), "classify", threshold=None)["verdict"] == "safe"


SUGGESTIVE = Scores(drawing=0.0, hentai=0.05, neutral=0.25, porn=0.1, sexy=0.6)


@pytest.mark.parametrize(
    ("policy", "score", "verdict"),
    [("lenient", 0.15, "safe"), ("balanced", 0.45, "questionable"), ("strict", 0.75, "nsfw"), (None, 0.45, None)],
)
def test_a_policy_says_how_much_suggestive_content_counts(policy: str | None, score: float, verdict: str) -> None:
    service = serving(SUGGESTIVE)
    assert data_of(service, policy=policy)["nsfw_score"] == score
    assert data_of(service, "classify", policy=policy)["verdict"] == (verdict or "questionable")


def test_the_operator_chooses_the_default_policy() -> None:
    service = serving(SUGGESTIVE, default_policy=Policy.STRICT)
    assert data_of(service)["nsfw_score"] == 0.75
    assert data_of(service, policy="lenient")["nsfw_score"] == 0.15


@pytest.mark.parametrize("policy", ["Strict", "none", 1, True, [], {}, "\ud800"])
def test_an_unknown_policy_is_refused_before_any_fetch(idle: ServedApp, policy: object) -> None:
    answer = idle.client.post("/v1/check", content=json.dumps({"url": URL, "policy": policy}))
    assert (answer.status_code, answer.json()["param"]) == (400, "policy")
    assert answer.json()["message"] == "policy must be one of: lenient, balanced, strict."
    assert idle.fetch.asked == []


def test_unknown_fields_are_ignored() -> None:
    service = serving()
    assert data_of(service, comment="other", nested={"url": [1, 2]}, tags=["x"], threshold=0.5)["threshold"] == 0.5
    assert service.client.get("/v1/check", params={"url": URL, "utm_source": "x"}).status_code == 200


@pytest.mark.parametrize("kind", json.loads((MOSAICS / "index.json").read_text()), ids=lambda kind: str(kind["file"]))
def test_a_mosaic_gets_the_verdict_it_was_made_for(kind: dict[str, Any], classifier: Classifier) -> None:
    client = serve(classifier=classifier).client
    image = mosaic(kind["file"])

    classified = client.post("/v1/classify", content=image, headers={"content-type": "image/png"}).json()["data"]
    assert classified["verdict"] == kind["verdict"]
    assert classified["safe"] is (kind["verdict"] == "safe")
    assert sum(classified["classes"].values()) == pytest.approx(1, abs=0.0003)
    assert "class" not in kind or classified["top_class"] == kind["class"].capitalize()
    assert "nsfw_score" not in kind or classified["nsfw_score"] == pytest.approx(kind["nsfw_score"], abs=0.05)

    checked = client.post("/v1/check", content=image).json()["data"]
    assert checked["safe"] is (kind["verdict"] != "nsfw")
    assert checked["nsfw_score"] == classified["nsfw_score"]
