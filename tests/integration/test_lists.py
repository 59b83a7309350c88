"""What is on the operator's lists is refused, in every dialect and as deployed."""

import asyncio
import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image
from tests.helpers.hostile_s3 import Answer, Handler, HostileS3, error, hostile_s3
from tests.helpers.lists import fixed, listing, packed
from tests.helpers.photos import photo
from tests.helpers.support import ROOT, FakeClassifier, ServedApp, data_url, encoded, png, serve
from tests.integration.test_booking import CHECK, CLASSIFY, FIRST, IMAGE, MODERATIONS, SECOND, Store
from tests.unit.moderate.fetching.web import Web

from moderate.blocking.entries import Kind
from moderate.blocking.hits import ListHit, OnListHit, PolicyViolation, refuse
from moderate.blocking.pdq import hash_of_points
from moderate.blocking.places import Content
from moderate.blocking.reloading import CHECK_SECONDS, ReloadedLists
from moderate.images.decode import decode
from moderate.pipeline import Pipeline
from moderate.sources import ImageUrl
from moderate.verdict import Cuts, Policy

CAT = photo("chelsea")
LISTED, FINE = encoded(CAT, "PNG"), png(grey=200)
SHA256 = hashlib.sha256(LISTED).hexdigest()


def refuse_example(host: str) -> None:
    refuse(listing("host example.com").find_host(host), "0" * 64)


class Classifier224(FakeClassifier):
    def __init__(self) -> None:
        super().__init__()
        self.model = replace(self.model, size=224)


def service(*lines: str) -> ServedApp:
    return serve({}, Classifier224(), lists=fixed(*lines))


def test_a_listed_image_is_a_policy_violation_in_nanogpts_form() -> None:
    blocking = service(f"sha256 {SHA256}")
    answer = blocking.client.post("/api/nsfw/image", json={"imageDataUrls": [data_url(FINE), data_url(LISTED)]})
    assert answer.status_code == 400
    assert answer.json()["code"] == "policy_violation"
    assert "block list" in answer.json()["error"]
    assert [error["index"] for error in answer.json()["errors"]] == [1]


def test_a_listed_image_has_a_verdict_in_oanors_envelope() -> None:
    answer = service(f"sha256 {SHA256}").client.post("/v1/check", content=LISTED)
    assert answer.status_code == 200
    assert answer.json()["meta"]["reason"] == {"list": "block", "match": "sha256", "distance": 0}


def test_a_listed_image_is_neither_judged_nor_charged_and_others_are() -> None:
    blocking = service(f"sha256 {SHA256}")
    fields = {"imageDataUrls": [data_url(LISTED), data_url(FINE)], "on_error": "partial"}
    body = blocking.client.post("/api/nsfw/image", json=fields).json()
    assert (body["has_nsfw_concepts"], body["is_nsfw"]) == ([None, False], None)
    assert [error["code"] for error in body["errors"]] == ["policy_violation"]
    assert body["cost"] == 0.0015
    assert blocking.classifier.shown == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("found", [LISTED, PolicyViolation(ListHit("block", "host", 0), "0" * 64)])
@pytest.mark.parametrize(
    ("path", "request_body"),
    [
        (IMAGE, {"image_urls": [FIRST]}),
        (CHECK, {"url": FIRST}),
        (CLASSIFY, {"url": FIRST}),
        (MODERATIONS, {"input": [{"type": "image_url", "image_url": {"url": FIRST}}]}),
    ],
)
def test_a_hit_is_counted_as_a_call_and_not_charged_in_every_dialect(
    path: str, request_body: dict[str, object], found: bytes | Exception
) -> None:
    store = Store(lists=fixed(f"sha256 {SHA256}"), on_list_hit=OnListHit.ERROR, web={FIRST: found})
    answer = store.client.post(path, json=request_body)
    error = answer.json()["error"] if path == MODERATIONS else answer.json()
    assert (answer.status_code, error["code"]) == (400, "policy_violation")
    assert answer.headers["x-ratelimit-remaining"] == "999"
    (settled,) = store.entries()
    assert (settled["outcome"], settled["images"], settled["amount"]) == ("policy_violation", 0, 0)


def test_a_partial_answer_charges_the_images_beside_a_hit() -> None:
    store = Store(lists=fixed(f"sha256 {SHA256}"), web={FIRST: FINE, SECOND: LISTED})
    body = store.judge(FIRST, SECOND, on_error="partial").json()
    assert (body["has_nsfw_concepts"], body["is_nsfw"], body["cost"]) == ([False, None], None, 0.0015)
    assert [error["code"] for error in body["errors"]] == ["policy_violation"]
    (settled,) = store.entries()
    assert (settled["outcome"], settled["images"], settled["amount"]) == ("ok", 1, Decimal("0.0015"))


def test_a_hit_is_logged_by_hash_alone() -> None:
    blocking = service(f"sha256 {SHA256}")
    blocking.client.post("/api/nsfw/image", json={"imageDataUrls": [data_url(LISTED)] * 2})
    assert blocking.observer.on_block_list == [f"sha256 {SHA256}"]
    assert blocking.observer.results == ["policy_violation"] * 2


def test_a_listed_host_is_never_looked_up() -> None:
    web = Web()
    web.image(host="cdn.example.com")
    with pytest.raises(PolicyViolation):
        web.fetch("http://CDN.example.com./a.jpg", refuse_host=refuse_example)
    assert (web.lookups, web.dialled) == ([], [])


def test_a_redirect_to_a_listed_host_goes_no_further() -> None:
    web = Web()
    web.redirect("http://cdn.example.com/a.jpg")
    with pytest.raises(PolicyViolation):
        web.fetch("http://pub.test/", refuse_host=refuse_example)
    assert web.lookups == ["pub.test"]


def pdq_lines(data: bytes) -> list[str]:
    return [f"pdq {hash_of_points(points).bits.hex()}" for points in decode(data, 224, points=True).points]


def test_a_listed_picture_is_known_in_another_file_and_in_the_frame_of_an_animation() -> None:
    blocking = service(*pdq_lines(LISTED))
    smaller = encoded(CAT.resize((300, 200)), "JPEG", quality=60)
    white = Image.new("RGB", CAT.size, "white")
    animation = encoded(white, "GIF", save_all=True, append_images=[CAT], duration=500)
    for data in (smaller, animation):
        reason = blocking.client.post("/v1/check", content=data).json()["meta"]["reason"]
        assert (reason["list"], reason["match"]) == ("block", "pdq")
    other = encoded(photo("astronaut"), "PNG")
    assert blocking.client.post("/v1/check", content=other).status_code == 200


def test_a_long_picture_is_listed_and_known_as_a_whole() -> None:
    square = CAT.resize((200, 200))
    strip = Image.new("RGB", (800, 200))
    for left, panel in zip(range(0, 800, 200), (photo("astronaut").resize(square.size), square) * 2, strict=True):
        strip.paste(panel, (left, 0))
    pictures = pdq_lines(encoded(strip, "PNG"))
    assert len(pictures) == 1
    assert service(*pictures).client.post("/v1/check", content=encoded(square, "PNG")).status_code == 200


def test_a_file_that_is_allowed_may_look_like_a_listed_picture_and_is_judged() -> None:
    blocking = service(*pdq_lines(LISTED), f"allow sha256 {SHA256}")
    assert blocking.client.post("/v1/check", content=LISTED).status_code == 200
    assert blocking.classifier.shown == 1  # type: ignore[attr-defined]
    again = encoded(CAT, "PNG", compress_level=9)
    assert blocking.client.post("/v1/check", content=again).json()["meta"]["reason"]["match"] == "pdq"


class Place:
    def __init__(self) -> None:
        self.content = Content(b"", "")

    def write(self, *lines: str) -> None:
        self.content = Content(packed(*lines), str(lines))

    def read(self, known: str | None) -> Content | None:
        return None if self.content.tag == known else self.content


@pytest.mark.parametrize("line", [f"sha256 {SHA256}", *pdq_lines(LISTED), "host example.com"])
def test_two_warm_services_take_up_a_change_with_their_next_call_a_minute_later(line: str) -> None:
    place, now = Place(), [1e9]
    web = {"https://example.com/a.png": LISTED}
    both = [serve(web, Classifier224(), lists=ReloadedLists(place, now=lambda: now[0])) for _ in range(2)]
    request_body = {"url": "https://example.com/a.png"}
    assert [warm.client.post("/v1/check", json=request_body).status_code for warm in both] == [200, 200]
    place.write(line)
    now[0] += CHECK_SECONDS
    for warm in both:
        if line.startswith("host"):
            warm.client.post("/v1/check", json=request_body)
            assert warm.pipeline.lists.current.find_host("example.com") is not None
        else:
            answer = warm.client.post("/v1/check", json=request_body).json()
            assert answer["meta"]["reason"]["match"] == line.split(maxsplit=1)[0]
        assert warm.observer.lists_read[-1] == {kind: int(line.startswith(f"{kind} ")) for kind in Kind}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileS3]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with hostile_s3() as server:
        yield server


def _slow(handler: Handler) -> None:
    time.sleep(1)
    handler.send(304)


def _gone(handler: Handler) -> None:
    handler.close_connection = True


NEW = packed("host example.com")


@pytest.mark.parametrize(
    ("answer", "late"),
    [
        (_gone, 0),
        (_slow, 1),
        (error(403, "AccessDenied"), 0),
        (error(404, "NoSuchKey"), 0),
        (error(503, "SlowDown"), 0),
        (lambda handler: handler.send(200, NEW[:-64], tag='"v2"'), 0),
        (lambda handler: handler.send(200, NEW[:-64], length=len(NEW), tag='"v2"'), 0),
        (lambda handler: handler.send(200, b"", tag='"v2"'), 0),
        (lambda handler: handler.send(200, b"host example.com\n", tag='"v2"'), 0),
    ],
    ids=["gone", "slow", "forbidden", "deleted", "busy", "half written", "cut off", "empty", "text"],
)
def test_whatever_s3_does_the_earlier_lists_stay_in_use_and_the_call_is_answered_soon(
    s3: HostileS3, answer: Answer, late: int
) -> None:
    now = [1e9]
    s3.answers(lambda handler: handler.send(200, packed(f"sha256 {SHA256}")), answer)
    lists = ReloadedLists(s3.place, now=lambda: now[0])
    lists.check()
    lists.wait(10)
    warm = serve({}, Classifier224(), lists=lists)
    warm.client.post("/v1/check", content=FINE)
    now[0] += CHECK_SECONDS
    begun = time.monotonic()
    found = [warm.client.post("/v1/check", content=data) for data in (LISTED, FINE)]
    assert time.monotonic() - begun < 0.9
    assert [answer.status_code for answer in found] == [200, 200]
    assert [answer.json()["data"]["safe"] for answer in found] == [False, True]
    lists.wait(10)
    warm.client.post("/v1/check", content=FINE)
    assert (warm.observer.late_checks, len(warm.observer.failed_checks)) == (late, 1 - late)


def test_a_host_that_has_just_been_listed_is_not_fetched_from() -> None:
    place, now, fetched = Place(), [1e9], []
    lists = ReloadedLists(place, now=lambda: now[0])
    lists.check()
    lists.wait(10)

    async def fetch(url: str) -> bytes:
        refuse(lists.current.find_host("example.com"), "0" * 64)
        fetched.append(url)
        return LISTED

    pipeline = Pipeline(fetch, Classifier224(), cuts=Cuts(), workers=1, lists=lists)
    place.write("host example.com")
    now[0] += CHECK_SECONDS
    (outcome,) = asyncio.run(pipeline.judge([ImageUrl("https://example.com/a.png")], Policy.BALANCED))
    assert isinstance(outcome, PolicyViolation)
    assert fetched == []


def start(script: str, model_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import sys, moderate.main\n{script}"],
        env={"MODEL_PATH": str(model_path), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("content", [b"host example.com\n", packed("host example.com")[:-1], b""])
def test_a_service_whose_lists_are_broken_starts_without(tmp_path: Path, model_path: Path, content: bytes) -> None:
    (tmp_path / "lists").write_bytes(content)
    run = start("", model_path, LISTS=str(tmp_path / "lists"))
    assert (run.returncode, run.stderr) == (0, "")


def test_a_service_whose_s3_does_not_answer_starts_without(model_path: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    run = start("", model_path, LISTS="s3://bucket/lists", AWS_ENDPOINT_URL="http://127.0.0.1:1", **keys)
    assert (run.returncode, run.stderr) == (0, "")


def test_a_service_without_lists_asks_nobody_for_them(model_path: Path) -> None:
    built = "from moderate.settings import Settings; from moderate.calls.authentication import anyone"
    shown = "print(type(moderate.main.build(Settings.from_environ({}), anyone).service.pipeline.lists).__name__)"
    settings = f"import os; {built}; {shown.replace('{}', 'os.environ')}"
    assert start(settings, model_path).stdout == "FixedLists\n"
    assert start(settings, model_path, LISTS="none").stdout == "ReloadedLists\n"
