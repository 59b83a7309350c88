"""The operator's block list refuses hosts and images, in both dialects and as deployed."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from PIL import Image
from tests.helpers.photos import photo
from tests.helpers.support import ROOT, FakeClassifier, ServedApp, data_url, encoded, png, serve
from tests.integration.test_booking import CHECK, CLASSIFY, FIRST, IMAGE, MODERATIONS, SECOND, Store
from tests.unit.moderate.fetching.web import Web

from moderate.blocking.block_list import BlockList, InvalidBlockList, load
from moderate.blocking.hits import ListHit, OnListHit, PolicyViolation

CAT = photo("chelsea")
LISTED, FINE = encoded(CAT, "PNG"), png(grey=200)
SHA256 = hashlib.sha256(LISTED).hexdigest()
MODEST = Path(sys.executable).with_name("modest")


class Classifier224(FakeClassifier):
    def __init__(self) -> None:
        super().__init__()
        self.model = replace(self.model, size=224)


def service(*lines: str) -> ServedApp:
    return serve({}, Classifier224(), block_list=BlockList(lines))


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
    listed = BlockList([f"sha256 {SHA256}"])
    store = Store(block_list=listed, on_list_hit=OnListHit.ERROR, web={FIRST: found})
    answer = store.client.post(path, json=request_body)
    error = answer.json()["error"] if path == MODERATIONS else answer.json()
    assert (answer.status_code, error["code"]) == (400, "policy_violation")
    assert answer.headers["x-ratelimit-remaining"] == "999"
    (settled,) = store.entries()
    assert (settled["outcome"], settled["images"], settled["amount"]) == ("policy_violation", 0, 0)


def test_a_partial_answer_charges_the_images_beside_a_hit() -> None:
    store = Store(block_list=BlockList([f"sha256 {SHA256}"]), web={FIRST: FINE, SECOND: LISTED})
    body = store.judge(FIRST, SECOND, on_error="partial").json()
    assert (body["has_nsfw_concepts"], body["is_nsfw"], body["cost"]) == ([False, None], None, 0.0015)
    assert [error["code"] for error in body["errors"]] == ["policy_violation"]
    (settled,) = store.entries()
    assert (settled["outcome"], settled["images"], settled["amount"]) == ("ok", 1, Decimal("0.0015"))


def test_a_listed_picture_is_known_in_another_file_and_in_the_frame_of_an_animation(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(LISTED)
    picture = block_hash(tmp_path / "cat.png").stdout.splitlines()[1]
    blocking = service(picture)
    smaller = encoded(CAT.resize((200, 133)), "JPEG", quality=60)
    white = Image.new("RGB", CAT.size, "white")
    animation = encoded(white, "GIF", save_all=True, append_images=[CAT], duration=500)
    for data in (smaller, animation):
        reason = blocking.client.post("/v1/check", content=data).json()["meta"]["reason"]
        assert (reason["list"], reason["match"]) == ("block", "pdq")
    other = encoded(photo("astronaut"), "PNG")
    assert blocking.client.post("/v1/check", content=other).status_code == 200


def test_a_long_picture_is_listed_and_known_as_a_whole(tmp_path: Path) -> None:
    square = CAT.resize((200, 200))
    strip = Image.new("RGB", (800, 200))
    for left, panel in zip(range(0, 800, 200), (photo("astronaut").resize(square.size), square) * 2, strict=True):
        strip.paste(panel, (left, 0))
    (tmp_path / "strip.png").write_bytes(encoded(strip, "PNG"))
    _file, *pictures = block_hash(tmp_path / "strip.png").stdout.splitlines()
    assert len(pictures) == 1
    assert service(*pictures).client.post("/v1/check", content=encoded(square, "PNG")).status_code == 200


def test_a_hit_is_logged_by_hash_alone() -> None:
    blocking = service(f"sha256 {SHA256}")
    blocking.client.post("/api/nsfw/image", json={"imageDataUrls": [data_url(LISTED)] * 2})
    assert blocking.observer.on_block_list == [f"sha256 {SHA256}"]
    assert blocking.observer.results == ["policy_violation"] * 2


def test_a_listed_host_is_never_looked_up() -> None:
    web = Web()
    web.image(host="cdn.example.com")
    with pytest.raises(PolicyViolation):
        web.fetch("http://CDN.example.com./a.jpg", refuse_host=BlockList(["host example.com"]).refuse_host)
    assert (web.lookups, web.dialled) == ([], [])


def test_a_redirect_to_a_listed_host_goes_no_further() -> None:
    web = Web()
    web.redirect("http://cdn.example.com/a.jpg")
    with pytest.raises(PolicyViolation):
        web.fetch("http://pub.test/", refuse_host=BlockList(["host example.com"]).refuse_host)
    assert web.lookups == ["pub.test"]


def test_the_list_may_be_an_object_in_s3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="operators")
        s3.put_object(Bucket="operators", Key="lists/blocked.txt", Body=f"sha256 {SHA256}\n".encode())
        with pytest.raises(PolicyViolation):
            load("s3://operators/lists/blocked.txt").refuse_file(SHA256)
        for source in ("s3://operators/none.txt", "s3://nobody/blocked.txt"):
            with pytest.raises(InvalidBlockList, match="cannot be read from S3"):
                load(source)


def test_a_service_with_a_list_that_cannot_be_meant_does_not_start(tmp_path: Path, model_path: Path) -> None:
    (tmp_path / "blocked.txt").write_text("example.com\n")
    environment = {"MODEL_PATH": str(model_path), "BLOCK_LIST": str(tmp_path / "blocked.txt")}
    run = subprocess.run(
        [sys.executable, "-c", "import moderate.main"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "blocked.txt: line 1 must be `host example.com`" in run.stderr


def block_hash(*files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([MODEST, "block-hash", *files], capture_output=True, text=True, check=False)


def test_block_hash_prints_lines_for_a_list(tmp_path: Path) -> None:
    (tmp_path / "cat #1.png").write_bytes(LISTED)
    lines = block_hash(tmp_path / "cat #1.png").stdout.splitlines()
    assert lines[0] == f"sha256 {SHA256}  # cat #1.png"
    with pytest.raises(PolicyViolation):
        BlockList(lines).refuse_file(SHA256)


def test_block_hash_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    for name, says in (("notes.txt", "not an image"), ("missing.png", "cannot be read")):
        result = block_hash(tmp_path / name)
        assert result.returncode == 1
        assert name in result.stderr
        assert says in result.stderr
