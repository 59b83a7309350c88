"""What decided about an image is told wherever the answer says that it is not safe."""

from decimal import Decimal
from typing import Any

import pytest
from PIL import Image
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable
from tests.helpers.crafted import animated, film
from tests.helpers.ledgers import Shop
from tests.helpers.support import FakeClassifier, data_url, encoded, png, scoring, serve

from moderate.verdict import Cuts, Policy, Scores, decisive_class
from modest.accounts.records import account_item_key

HENTAI = Scores(drawing=0.1, hentai=0.7, neutral=0.1, porn=0.05, sexy=0.05)
SUGGESTIVE = Scores(drawing=0, hentai=0.05, neutral=0.2, porn=0.05, sexy=0.7)
SAFE = scoring(0.1)


def meta(data: bytes, classifier: FakeClassifier, second: FakeClassifier | None = None, **more: Any) -> dict[str, Any]:
    answer = serve({}, classifier, second=second).client.post("/v1/classify", params=more, content=data)
    return dict(answer.json()["meta"])


@pytest.mark.parametrize(
    ("scores", "policy", "name"),
    [(HENTAI, "balanced", "hentai"), (SUGGESTIVE, "balanced", "sexy"), (scoring(0.9), "lenient", "porn")],
)
def test_the_class_that_weighs_most_is_named(scores: Scores, policy: str, name: str) -> None:
    assert meta(png(), FakeClassifier(scores), policy=policy)["reason"] == {"class": name}


def test_a_class_that_counts_nothing_under_the_policy_decides_nothing() -> None:
    assert decisive_class(SUGGESTIVE, Policy.LENIENT, Cuts())[0] != "sexy"


def test_what_is_safe_has_no_reason() -> None:
    classifier = FakeClassifier(SAFE)
    assert "reason" not in meta(png(), classifier)
    client = serve({}, classifier).client
    assert "reason" not in client.post("/v1/check", content=png()).json()["meta"]
    body = client.post("/api/nsfw/image", json={"imageDataUrl": data_url(png())}).json()
    assert (body["verdicts"], body["reasons"]) == (["safe"], [None])


def test_check_has_a_reason_if_the_caller_s_threshold_is_reached_whatever_the_verdict() -> None:
    client = serve({}, FakeClassifier(scoring(0.2))).client
    strict, lax = (client.post("/v1/check", params={"threshold": each}, content=png()) for each in (0.1, 0.9))
    assert (strict.json()["meta"]["reason"], strict.json()["meta"]["verdict"]) == ({"class": "porn"}, "safe")
    assert "reason" not in lax.json()["meta"]


@pytest.mark.parametrize("second", [scoring(0.9), SAFE], ids=["that agrees", "that does not"])
def test_a_second_opinion_is_named_whichever_way_it_went(second: Scores) -> None:
    found = meta(png(), FakeClassifier(HENTAI), FakeClassifier(second, name="other"))["reason"]
    assert found["second_opinion"] is True
    assert found["class"] in ("hentai", "porn")


def test_a_limit_of_the_account_is_named_if_it_lifted_the_score() -> None:
    table = FakeTable()
    shop = Shop(table, Clock())
    customer = shop.customer("Large")
    limits = {"class_limits": {"sexy": Decimal("0.5"), "porn": Decimal("0.04")}}
    table.items[account_item_key(customer.account_id)]["policy"] = limits
    service = serve({}, FakeClassifier(SUGGESTIVE), identify=lambda _: customer.key_hash, ledger=shop.ledger())
    body = service.client.post("/v1/classify", content=png()).json()
    assert body["data"]["verdict"] == "nsfw"
    assert body["meta"]["reason"] == {"class": "sexy", "class_limit": 0.5}


def test_the_square_of_a_long_picture_is_named() -> None:
    long = Image.new("L", (800, 100), 200)
    long.paste(Image.new("L", (100, 100), 10), (700, 0))
    found = meta(encoded(long, "PNG"), FakeClassifier(SAFE, {10: HENTAI}), FakeClassifier(HENTAI))
    assert found["reason"]["square"] == found["tiles"] > 1
    assert found["reason"]["class"] == "hentai"


def test_the_frame_of_an_animation_is_named() -> None:
    greys = [Image.new("L", (64, 64), grey) for grey in (200, 150, 200, 10, 150, 10)]
    for kind in ("GIF", "WEBP"):
        found = meta(animated(greys, kind, [100] * 6), FakeClassifier(SAFE, {10: HENTAI, 9: HENTAI, 11: HENTAI}))
        assert found["reason"] == {"class": "hentai", "frame": 4}


def test_an_animation_that_was_not_judged_in_full_is_named_as_such_or_by_what_was() -> None:
    long = animated(film(200), "GIF", [40] * 200)
    assert meta(long, FakeClassifier(SAFE))["reason"] == {"in_part": True}
    found = meta(long, FakeClassifier(scoring(0.4)))["reason"]
    assert found["class"] == "porn"
    assert found["frame"] >= 1


def test_every_dialect_says_questionable_and_why() -> None:
    client = serve({}, FakeClassifier(scoring(0.4))).client
    url = data_url(png())
    nanogpt = client.post("/api/nsfw/image", json={"imageDataUrls": [url]}).json()
    part = {"type": "image_url", "image_url": {"url": url}}
    (openai,) = client.post("/v1/moderations", json={"input": [part]}).json()["results"]
    (misskey,) = client.post("/v1/detect-images", files={"a": png()}).json()["result"]["results"]
    check = client.post("/v1/check", content=png()).json()["meta"]
    assert (nanogpt["verdicts"], nanogpt["reasons"]) == (["questionable"], [{"class": "porn"}])
    assert (nanogpt["is_nsfw"], openai["flagged"]) == (False, False)
    for found in (openai, misskey, check):
        assert (found["verdict"], found["reason"]) == ("questionable", {"class": "porn"})
