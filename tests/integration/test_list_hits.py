"""What each API answers about an image that is on a list, what it costs, and what the ledger has of it."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable
from tests.helpers.ledgers import Shop
from tests.helpers.support import FakeClassifier, ServedApp, data_url, png, scoring, serve

from moderate.blocking.hits import ListHit, OnListHit, PolicyViolation
from moderate.blocking.screening import decode_here
from moderate.images.decoded import Picture
from moderate.scheduling.work import Work

LISTED, FINE = png(grey=10), png(grey=200)
DIGEST = sha256(LISTED).hexdigest()
HOST = ListHit("block", "host", 0)
HITS = [HOST, ListHit("block", "sha256", 0), ListHit("block", "pdq", 12)]
URL, ELSEWHERE = "https://listed.test/a.png", "https://fine.test/a.png"
PORN = {"drawing": 0, "hentai": 0, "neutral": 0, "porn": 1, "sexy": 0}


class Shown:
    """The whole service with a ledger, where LISTED, whether fetched or sent, is on a list."""

    def __init__(self, hit: ListHit, on_list_hit: OnListHit = OnListHit.VERDICT) -> None:
        def decode(data: bytes, size: int, work: Work, *, room: int, points: bool) -> Picture:
            if data == LISTED:
                raise PolicyViolation(hit, DIGEST)
            return decode_here(data, size, work, room=room, points=points)

        self.of_host = hit.match == "host"
        found = PolicyViolation(hit, sha256(b"listed.test").hexdigest()) if self.of_host else LISTED
        self.shop = Shop(FakeTable(), Clock())
        self.customer = self.shop.customer("Large")
        self.service: ServedApp = serve(
            {URL: found, ELSEWHERE: FINE},
            FakeClassifier(scoring(0.1)),
            identify=lambda _request: self.customer.key_hash,
            ledger=self.shop.ledger(),
            decode=decode,
            on_list_hit=on_list_hit,
        )
        self.client: TestClient = self.service.client

    def entry(self) -> dict[str, Any]:
        (entry,) = self.shop.usage_reader.entries(self.customer.account_id, "2026-11")
        return dict(entry)

    @property
    def digest(self) -> str | None:
        return None if self.of_host else DIGEST


@pytest.fixture(params=HITS, ids=[hit.match for hit in HITS])
def hit(request: pytest.FixtureRequest) -> ListHit:
    found: ListHit = request.param
    return found


def reason(hit: ListHit) -> dict[str, object]:
    return {"list": hit.list, "match": hit.match, "distance": hit.distance}


def part(url: str) -> dict[str, object]:
    return {"type": "image_url", "image_url": {"url": url}}


def check(shown: Shown, **more: object) -> httpx2.Response:
    return shown.client.post("/v1/check", json={"url": URL, **more})


def classify(shown: Shown, **more: object) -> httpx2.Response:
    return shown.client.post("/v1/classify", json={"url": URL, **more})


def nanogpt(shown: Shown, **more: object) -> httpx2.Response:
    return shown.client.post("/api/nsfw/image", json={"image_urls": [URL, ELSEWHERE], **more})


def openai(shown: Shown) -> httpx2.Response:
    return shown.client.post("/v1/moderations", json={"input": [part(URL), part(ELSEWHERE)]})


def misskey(shown: Shown) -> httpx2.Response:
    return shown.client.post("/v1/detect-images", files=[("a", ("a", data)) for data in (LISTED, FINE)])


def booked(shown: Shown) -> tuple[str, int, object]:
    entry = shown.entry()
    return entry["outcome"], int(entry["images"]), entry["judged_by"].get("list_hits")


@pytest.mark.parametrize("threshold", [0, 0.5, 1])
def test_check_finds_it_unsafe_at_every_threshold(hit: ListHit, threshold: float) -> None:
    shown = Shown(hit)
    body = check(shown, threshold=threshold).json()
    assert body["data"] == {"safe": False, "threshold": threshold, "top_class": "Porn", "nsfw_score": 1.0}
    assert (body["meta"]["verdict"], body["meta"]["reason"]) == ("nsfw", reason(hit))
    assert (body["meta"]["sha256"], body["meta"]["frames"]) == (shown.digest, {"judged": 0, "total": 0})
    assert booked(shown) == ("ok", 0, [reason(hit)])


@pytest.mark.parametrize("explain", ["false", "true", "overlay"])
def test_classify_finds_it_nsfw_with_all_of_its_probability_in_one_class(hit: ListHit, explain: str) -> None:
    shown = Shown(hit)
    body = classify(shown, explain=explain, policy="lenient").json()
    data = body["data"]
    assert (data["safe"], data["verdict"], data["nsfw_score"], data["classes"]) == (False, "nsfw", 1.0, PORN)
    assert body["meta"]["reason"] == reason(hit)
    assert (data.get("heatmaps"), data.get("overlay")) == (None, None)
    assert body["message"] == "Image found on a list"
    assert booked(shown) == ("ok", 0, [reason(hit)])


def test_openai_s_dialect_flags_it_and_charges_the_image_beside_it(hit: ListHit) -> None:
    shown = Shown(hit)
    body = openai(shown).json()
    listed, fine = body["results"]
    assert (listed["flagged"], listed["category_scores"]["sexual"], listed["verdict"]) == (True, 1.0, "nsfw")
    assert (listed["reason"], "reason" in fine) == (reason(hit), False)
    assert body["sha256"] == [shown.digest, sha256(FINE).hexdigest()]
    assert booked(shown) == ("ok", 1, [reason(hit)])


def test_misskey_s_dialect_predicts_porn_and_charges_the_image_beside_it() -> None:
    shown = Shown(HITS[1])
    listed, fine = misskey(shown).json()["result"]["results"]
    assert listed["predictions"][0] == {"className": "Porn", "probability": 1}
    assert (listed["verdict"], listed["reason"], listed["sha256"]) == ("nsfw", reason(HITS[1]), DIGEST)
    assert (fine["verdict"], "reason" in fine) == ("safe", False)
    assert booked(shown) == ("ok", 1, [reason(HITS[1])])


@pytest.mark.parametrize("on_list_hit", OnListHit)
def test_nanogpt_s_dialect_keeps_the_error_of_its_document(hit: ListHit, on_list_hit: OnListHit) -> None:
    whole, partial = Shown(hit, on_list_hit), Shown(hit, on_list_hit)
    refused = nanogpt(whole)
    assert (refused.status_code, refused.json()["code"]) == (400, "policy_violation")
    body = nanogpt(partial, on_error="partial").json()
    assert (body["has_nsfw_concepts"], body["is_nsfw"], body["verdicts"]) == ([None, False], None, [None, "safe"])
    assert (body["reasons"], body["cost"]) == ([None, None], 0.0015)
    assert booked(whole) == ("policy_violation", 0, [reason(hit)])
    assert booked(partial) == ("ok", 1, [reason(hit)])


@pytest.mark.parametrize("call", [check, classify, openai], ids=["check", "classify", "openai"])
def test_an_operator_may_have_an_error_everywhere(hit: ListHit, call: Callable[[Shown], httpx2.Response]) -> None:
    shown = Shown(hit, OnListHit.ERROR)
    answer = call(shown)
    error = answer.json()["error"] if call is openai else answer.json()
    assert (answer.status_code, error["code"]) == (400, "policy_violation")
    assert "block list" in error["message"]
    assert booked(shown) == ("policy_violation", 0, [reason(hit)])


def test_an_error_of_a_part_leaves_misskey_s_answer_its_other_parts() -> None:
    shown = Shown(HITS[2], OnListHit.ERROR)
    listed, fine = misskey(shown).json()["result"]["results"]
    assert (listed["success"], listed["error"]["code"], fine["success"]) == (False, "INVALID_REQUEST", True)
    assert booked(shown) == ("ok", 1, [reason(HITS[2])])


@pytest.mark.parametrize("on_list_hit", OnListHit)
def test_a_hit_is_counted_apart_from_verdicts_and_logged_by_a_hash_alone(hit: ListHit, on_list_hit: OnListHit) -> None:
    shown = Shown(hit, on_list_hit)
    check(shown)
    assert shown.service.observer.results == ["policy_violation"]
    hashed = sha256(b"listed.test").hexdigest() if shown.of_host else DIGEST
    assert shown.service.observer.on_block_list == [f"sha256 {hashed}"]


def test_a_repeated_call_gets_the_same_verdict_and_neither_is_charged(hit: ListHit) -> None:
    shown = Shown(hit)
    headers = {"idempotency-key": "once"}
    first, second = (shown.client.post("/v1/check", json={"url": URL}, headers=headers) for _ in range(2))
    assert first.content == second.content
    assert booked(shown)[1] == 0


def test_ten_listed_images_in_one_call_are_ten_hits_in_the_ledger_and_no_charge() -> None:
    shown = Shown(HITS[1])
    parts = [part(data_url(LISTED)) for _ in range(10)]
    assert shown.client.post("/v1/moderations", json={"input": parts}).status_code == 200
    assert booked(shown) == ("ok", 0, [reason(HITS[1])] * 10)
