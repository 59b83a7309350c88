"""NanoGPT's dialect: its answer, where images may stand, what they cost, and what becomes of those not judged."""

import json
from hashlib import sha256
from typing import Any

import pytest
from tests.helpers.support import NSFW, SAFE, FakeClassifier, ServedApp, data_url, mosaic, png, scoring, serve

from moderate.fetching.responses import FetchFailed, FetchTimeout
from moderate.inference.classifier import Classifier
from moderate.sources import ImageTooLarge
from moderate.verdict import Scores

BENIGN, FLAGGED = 200, 50
"""The grey of an image, and with it what the model says."""

FIRST = "https://example.com/image-1.jpg"
SECOND = "https://example.com/image-2.jpg"
MISSING = "https://example.com/missing.jpg"
PAGE = "https://example.com/index.html"
WEB = {FIRST: png(grey=BENIGN), SECOND: png(grey=FLAGGED), PAGE: b"<!doctype html>"}


def serving(web: dict[str, bytes | Exception] | None = None, **settings: Any) -> ServedApp:
    return serve(web or WEB, FakeClassifier(SAFE, {FLAGGED: NSFW}), **settings)


@pytest.fixture(scope="module")
def idle() -> ServedApp:
    """Is asked for nothing that gets as far as a fetch."""
    return serving()


def ask(service: ServedApp, **fields: object) -> dict[str, Any]:
    answer = service.client.post("/api/nsfw/image", content=json.dumps(fields))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def refusal(service: ServedApp, **fields: object) -> dict[str, Any]:
    answer = service.client.post("/api/nsfw/image", content=json.dumps(fields))
    assert answer.status_code == 400, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_the_seeds_example_gets_the_seeds_answer_field_by_field() -> None:
    answer = serving().client.post("/api/nsfw/image", json={"image_urls": [FIRST, SECOND]})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
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
        ("reasons", [None, {"class": "porn"}]),
        ("sha256", [sha256(WEB[FIRST]).hexdigest(), sha256(WEB[SECOND]).hexdigest()]),
    ]


def test_nothing_flagged_is_not_nsfw() -> None:
    body = ask(serving(), imageUrl=FIRST)
    assert (body["has_nsfw_concepts"], body["is_nsfw"]) == ([False], False)


@pytest.mark.parametrize(("score", "flagged"), [(0.5999, False), (0.6, True)])
def test_a_flag_means_the_verdict_nsfw(score: float, flagged: bool) -> None:
    service = serve(WEB, FakeClassifier(scoring(score)))
    assert ask(service, imageUrl=FIRST)["has_nsfw_concepts"] == [flagged]


def test_a_policy_may_be_named() -> None:
    suggestive = Scores(drawing=0.0, hentai=0.0, neutral=0.3, porn=0.0, sexy=0.7)
    service = serve(WEB, FakeClassifier(suggestive))
    flags = {policy: ask(service, imageUrl=FIRST, policy=policy)["is_nsfw"] for policy in ("lenient", "strict", None)}
    assert flags == {"lenient": False, "strict": True, None: False}
    assert "policy must be one of" in refusal(service, imageUrl=FIRST, policy="lax")["error"]


def test_images_are_taken_from_the_five_fields_in_the_documented_order() -> None:
    urls = {name: f"https://example.com/{name}" for name in ("image_urls", "imageUrls", "imageUrl")}
    web = {urls["image_urls"]: png(grey=1), urls["imageUrls"]: png(grey=2), urls["imageUrl"]: png(grey=3)}
    fields: dict[str, object] = {
        "imageDataUrls": [data_url(png(grey=5)), data_url(png(grey=6))],
        "imageDataUrl": data_url(png(grey=4)),
        "imageUrl": urls["imageUrl"],
        "imageUrls": [urls["imageUrls"]],
        "image_urls": [urls["image_urls"]],
    }
    for grey in range(1, 7):
        body = ask(serve(web, FakeClassifier(SAFE, {grey: NSFW})), **fields)
        assert body["has_nsfw_concepts"] == [grey == position for position in range(1, 7)]


@pytest.mark.parametrize("field", ["image_urls", "imageUrls"])
def test_a_url_field_takes_a_string_or_a_list(field: str) -> None:
    service = serving()
    assert ask(service, **{field: SECOND})["has_nsfw_concepts"] == [True]
    assert ask(service, **{field: [FIRST, SECOND]})["has_nsfw_concepts"] == [False, True]


@pytest.mark.parametrize("field", ["image_urls", "imageUrls", "imageUrl", "imageDataUrl"])
def test_every_field_takes_a_data_url(field: str) -> None:
    assert ask(serving(), **{field: data_url(png(grey=FLAGGED))})["has_nsfw_concepts"] == [True]


def test_a_list_field_mixes_web_and_data_urls() -> None:
    body = ask(serving(), image_urls=[data_url(png(grey=FLAGGED)), FIRST])
    assert body["has_nsfw_concepts"] == [True, False]


@pytest.mark.parametrize("absent", [None, "", []])
@pytest.mark.parametrize("field", ["image_urls", "imageUrls", "imageUrl", "imageDataUrl", "imageDataUrls"])
def test_an_empty_field_is_absent(field: str, absent: object) -> None:
    service = serving()
    assert refusal(service, **{field: absent})["error"] == "No valid image URLs provided"
    other = "imageUrls" if field == "imageUrl" else "imageUrl"
    assert ask(service, **{field: absent, other: FIRST})["inputCount"] == 1


@pytest.mark.parametrize("fields", [{}, {"model": "nsfw-classifier"}, {"pictures": [FIRST], "link": FIRST}])
def test_a_call_without_an_image_gets_the_seeds_text(fields: dict[str, object]) -> None:
    service = serving()
    body = refusal(service, **fields)
    assert body == {
        "error": "No valid image URLs provided",
        "code": "invalid_request",
        "requestId": service.observer.calls[-1]["request_id"],
    }


@pytest.mark.parametrize("field", ["imageUrl", "imageDataUrl"])
def test_a_field_for_one_image_takes_no_list(idle: ServedApp, field: str) -> None:
    assert refusal(idle, **{field: [FIRST]})["error"] == f"{field} must be a string."


@pytest.mark.parametrize("value", [1, True, {"url": FIRST}, 0, False, {}])
@pytest.mark.parametrize("field", ["image_urls", "imageUrls", "imageDataUrls"])
def test_a_field_for_several_images_takes_nothing_but_text_and_lists(
    idle: ServedApp, field: str, value: object
) -> None:
    assert refusal(idle, **{field: value})["error"] == f"{field} must be a string or a list of strings."


@pytest.mark.parametrize("entry", [None, "", 1, [FIRST], {}])
def test_an_entry_that_is_no_url_keeps_its_place_and_is_named(entry: object) -> None:
    service = serving()
    assert refusal(service, image_urls=[FIRST, entry])["errors"] == [
        {
            "index": 1,
            "param": "image_urls[1]",
            "code": "invalid_request",
            "message": "This entry is not a URL. Remove it, or send an image's URL.",
        }
    ]
    assert ask(service, image_urls=[FIRST, entry, SECOND], on_error="partial")["has_nsfw_concepts"] == [
        False,
        None,
        True,
    ]


def test_only_the_first_ten_are_fetched_judged_and_charged() -> None:
    urls = [f"https://example.com/{number}.jpg" for number in range(12)]
    service = serving({url: png(grey=100 + number) for number, url in enumerate(urls)})

    body = ask(service, image_urls=urls[:7], imageUrls=urls[7:], imageDataUrl=data_url(png(grey=FLAGGED)))

    assert (body["inputCount"], body["truncated"], body["cost"]) == (10, True, 0.015)
    assert body["has_nsfw_concepts"] == [False] * 10
    assert service.fetch.asked == urls[:10]
    assert service.classifier.shown == 10  # type: ignore[attr-defined]


def test_ten_are_not_truncated_and_what_stands_after_them_is_not_looked_at() -> None:
    service = serving()
    assert ask(service, image_urls=[FIRST] * 10)["truncated"] is False
    body = ask(service, image_urls=[*[FIRST] * 10, "no URL at all", 5])
    assert (body["inputCount"], body["truncated"], body["is_nsfw"]) == (10, True, False)


def test_identical_images_are_counted_each_but_fetched_judged_and_charged_once() -> None:
    service = serving()
    body = ask(service, image_urls=[SECOND, SECOND], imageUrl=SECOND)
    assert (body["inputCount"], body["cost"], body["has_nsfw_concepts"]) == (3, 0.0015, [True, True, True])
    assert service.fetch.asked == [SECOND]
    assert service.classifier.shown == 1  # type: ignore[attr-defined]


def test_one_image_under_two_names_is_charged_once() -> None:
    body = ask(serving({FIRST: png(), SECOND: png()}), image_urls=[FIRST, SECOND], imageDataUrl=data_url(png()))
    assert (body["inputCount"], body["cost"]) == (3, 0.0015)


@pytest.mark.parametrize("count", range(1, 11))
def test_the_cost_is_exact(count: int) -> None:
    images = [data_url(png(grey=grey)) for grey in range(count)]
    answer = serving().client.post("/api/nsfw/image", json={"imageDataUrls": images})
    assert f'"cost":{round(0.0015 * count, 4)},' in answer.text


@pytest.mark.parametrize("model", ["nsfw-classifier", "", None])
def test_the_model_may_be_named_or_left_out(model: str | None) -> None:
    assert ask(serving(), imageUrl=FIRST, model=model)["model"] == "nsfw-classifier"


@pytest.mark.parametrize("model", ["other", "NSFW-classifier", 1, False, ["nsfw-classifier"], {}])
def test_another_model_is_refused_before_any_fetch(idle: ServedApp, model: object) -> None:
    assert "nsfw-classifier" in refusal(idle, imageUrl=FIRST, model=model)["error"]
    assert idle.fetch.asked == []


@pytest.mark.parametrize("on_error", ["ignore", "Partial", True, 1, ["partial"]])
def test_an_unknown_on_error_is_refused(idle: ServedApp, on_error: object) -> None:
    assert refusal(idle, imageUrl=FIRST, on_error=on_error)["error"] == "on_error must be fail or partial."


@pytest.mark.parametrize("on_error", ["fail", "", None])
def test_by_default_one_image_that_cannot_be_judged_fails_the_call(on_error: str | None) -> None:
    service = serving()
    body = refusal(service, image_urls=[FIRST, PAGE, SECOND], imageUrl=MISSING, on_error=on_error)

    page = (
        "The URL leads to a web page, not to an image. "
        "Use the URL of the image itself. Accepted formats: JPEG, PNG/APNG, GIF, WebP, AVIF, HEIC, BMP."
    )
    assert body == {
        "error": f"Image at index 1 (image_urls[1]): {page} (The field `errors` lists 1 more.)",
        "code": "unsupported_format",
        "requestId": service.observer.calls[-1]["request_id"],
        "errors": [
            {"index": 1, "param": "image_urls[1]", "code": "unsupported_format", "message": page},
            {
                "index": 3,
                "param": "imageUrl",
                "code": "fetch_failed",
                "message": "The URL's host name could not be resolved. Check its spelling.",
            },
        ],
    }


def test_the_seeds_schema_dump_is_told_what_is_wrong_with_which_entry() -> None:
    url = "https://example.com/image.jpg"
    body = refusal(
        serving({url: b"<!doctype html><title>Example Domain</title>"}),
        image_urls=url,
        imageUrls=url,
        imageUrl=url,
        imageDataUrl="...",
        imageDataUrls=["<string>"],
        model="nsfw-classifier",
    )
    assert [(error["index"], error["param"], error["code"]) for error in body["errors"]] == [
        (0, "image_urls", "unsupported_format"),
        (1, "imageUrls", "unsupported_format"),
        (2, "imageUrl", "unsupported_format"),
        (3, "imageDataUrl", "invalid_base64"),
        (4, "imageDataUrls[0]", "invalid_base64"),
    ]
    assert body["error"].startswith("Image at index 0 (image_urls): The URL leads to a web page")
    assert "requestId" in body


def test_a_partial_answer_says_null_of_what_was_not_judged_and_charges_the_rest() -> None:
    body = ask(serving(), image_urls=[FIRST, MISSING], imageDataUrl="...", on_error="partial")
    assert body["has_nsfw_concepts"] == [False, None, None]
    assert body["sha256"] == [sha256(WEB[FIRST]).hexdigest(), None, None]
    assert (body["inputCount"], body["cost"], body["is_nsfw"]) == (3, 0.0015, None)
    assert [(error["index"], error["param"], error["code"]) for error in body["errors"]] == [
        (1, "image_urls[1]", "fetch_failed"),
        (2, "imageDataUrl", "invalid_base64"),
    ]


def test_a_partial_answer_is_nsfw_as_soon_as_one_judged_image_was_flagged() -> None:
    assert ask(serving(), image_urls=[MISSING, SECOND], on_error="partial")["is_nsfw"] is True


def test_a_partial_answer_with_nothing_judged_charges_nothing_and_calls_nothing_safe() -> None:
    body = ask(serving(), image_urls=[MISSING, PAGE], on_error="partial")
    assert (body["has_nsfw_concepts"], body["is_nsfw"], body["cost"]) == ([None, None], None, 0)


def test_a_partial_answer_without_failures_looks_like_any_other() -> None:
    body = ask(serving(), image_urls=[FIRST], on_error="partial")
    assert body["is_nsfw"] is False
    assert "errors" not in body


def test_one_failed_fetch_of_ten_costs_the_others_nothing() -> None:
    urls = [f"https://example.com/{number}.jpg" for number in range(10)]
    web: dict[str, bytes | Exception] = {url: png(grey=100 + number) for number, url in enumerate(urls)}
    web[urls[4]] = FetchTimeout()
    service = serving(web)

    assert [error["index"] for error in refusal(service, image_urls=urls)["errors"]] == [4]
    body = ask(service, image_urls=urls, on_error="partial")
    assert body["has_nsfw_concepts"] == [False] * 4 + [None] + [False] * 5
    assert body["cost"] == 0.0135


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (FetchFailed("no"), "fetch_failed"),
        (FetchTimeout(), "fetch_timeout"),
        (ImageTooLarge("no"), "image_too_large"),
        (b"<svg/>", "unsupported_format"),
        (png()[:40], "undecodable_image"),
        (b"", "unsupported_format"),
    ],
)
def test_what_other_dialects_answer_with_413_415_or_422_is_400_here(failure: bytes | Exception, code: str) -> None:
    service = serving({FIRST: failure})
    body = refusal(service, imageUrl=FIRST)
    assert (body["code"], body["errors"][0]["code"]) == (code, code)


def test_a_web_address_where_a_data_url_belongs_is_told_where_to_go() -> None:
    service = serving()
    body = refusal(service, imageDataUrls=[FIRST])
    assert "image_urls" in body["errors"][0]["message"]
    assert service.fetch.asked == []


def test_data_urls_that_add_up_to_too_much_are_refused_together() -> None:
    # As a body, the first pair is within what one may hold, and the second is not.
    for size in (2_205_000, 2_300_000):
        half = data_url(b"BM" + bytes(size))
        body = refusal(serving(), imageDataUrls=[half, half + "AAAA"], on_error="partial")
        assert body["code"] == "image_too_large"
        assert "add up to more than 4.4 MB" in body["error"]
    half = data_url(b"BM" + bytes(2_195_000))
    assert ask(serving(), imageDataUrls=[half, half + "AAAA"], on_error="partial")["is_nsfw"] is None


def test_unknown_fields_are_ignored() -> None:
    assert ask(serving(), imageUrl=FIRST, nested={"a": [1]}, user="x", stream=False)["inputCount"] == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("images", "There is no parameter 'images'. Did you mean image_urls?"),
        ("image_url", "There is no parameter 'image_url'. Did you mean imageUrl?"),
        ("url", "url is a parameter of /v1/check, not of /api/nsfw/image, which takes image_urls, imageUrls, "),
    ],
)
def test_a_wrong_image_field_gets_nanogpts_own_text_and_a_hint_beside_it(idle: ServedApp, name: str, told: str) -> None:
    body = refusal(idle, **{name: FIRST})
    assert body["error"] == "No valid image URLs provided"
    assert body["message"].startswith(told)
    assert idle.fetch.asked == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("polcy", "Did you mean policy?"),
        ("on_eror", "Did you mean on_error?"),
        ("threshold", "threshold is a parameter of /v1/check"),
        ("input", "input is a parameter of /v1/moderations"),
    ],
)
def test_another_name_that_would_be_ignored_is_refused_before_any_fetch(idle: ServedApp, name: str, told: str) -> None:
    body = refusal(idle, imageUrl=FIRST, **{name: "x"})
    assert told in body["error"]
    assert "message" not in body
    assert idle.fetch.asked == []


def test_a_policy_in_the_query_is_refused_since_it_would_be_ignored(idle: ServedApp) -> None:
    answer = idle.client.post("/api/nsfw/image?policy=strict", json={"imageUrl": FIRST})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "Send policy in the JSON body" in answer.json()["error"]
    assert idle.client.post("/api/nsfw/image?utm_source=x", json={"imageUrl": FIRST}).status_code == 200


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", None])
def test_json_is_read_whatever_its_content_type(content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}
    content = b"\xef\xbb\xbf" + json.dumps({"imageUrl": FIRST}).encode()
    assert serving().client.post("/api/nsfw/image", content=content, headers=headers).status_code == 200


@pytest.mark.parametrize(("entries", "told"), [(9_000, "Remove it"), (1_000_000, "more than 10,000 values")])
def test_of_many_entries_ten_are_looked_at_and_of_a_million_none(entries: int, told: str) -> None:
    service = serving()
    content = '{"image_urls": ["' + FIRST + '"' + ',""' * entries + "]}"
    answer = service.client.post("/api/nsfw/image", content=content)
    assert answer.status_code == 400
    assert told in answer.json()["error"]
    assert len(service.fetch.asked) == (entries < 10_000)


def test_the_model_judges_through_this_dialect_too(classifier: Classifier) -> None:
    body = ask(serve(classifier=classifier), imageDataUrls=[data_url(mosaic("porn.png")), data_url(png())])
    assert body["has_nsfw_concepts"] == [True, False]
