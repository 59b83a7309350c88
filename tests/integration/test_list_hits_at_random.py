"""Random calls with listed, allowed and other images: each API tells them apart, and charges for what was judged."""

from dataclasses import dataclass
from hashlib import sha256
from itertools import count

import httpx2
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.helpers.lists import fixed
from tests.helpers.photos import photo
from tests.helpers.support import Web, data_url, encoded, png
from tests.integration.test_booking import Store
from tests.integration.test_lists import pdq_lines

from moderate.blocking.hits import ListHit, OnListHit, PolicyViolation

CAT = photo("chelsea").resize((160, 120))
HOST = "https://listed.test/a.png"


@dataclass(frozen=True)
class Sent:
    data: bytes
    url: str
    is_listed: bool


LISTED_FILE, PICTURE, ALLOWED = png(grey=10), encoded(CAT, "JPEG", quality=80), encoded(CAT, "PNG", compress_level=1)
IMAGES = [
    Sent(LISTED_FILE, "https://pub.test/file.png", is_listed=True),
    Sent(PICTURE, "https://pub.test/picture.jpg", is_listed=True),
    Sent(ALLOWED, "https://pub.test/allowed.png", is_listed=False),
    Sent(png(grey=200), "https://pub.test/fine.png", is_listed=False),
    Sent(encoded(photo("coffee").resize((160, 120)), "PNG"), "https://pub.test/other.png", is_listed=False),
]
AT_LISTED_HOST = Sent(b"", HOST, is_listed=True)
WEB: Web = {sent.url: sent.data for sent in IMAGES} | {HOST: PolicyViolation(ListHit("block", "host", 0), "0" * 64)}
LISTS = fixed(
    f"sha256 {sha256(LISTED_FILE).hexdigest()}",
    *pdq_lines(encoded(CAT, "PNG")),
    f"allow sha256 {sha256(ALLOWED).hexdigest()}",
)
STORES = {on_list_hit: Store(lists=LISTS, on_list_hit=on_list_hit, web=WEB) for on_list_hit in OnListHit}
NAMES = ("check", "classify", "gate", "nanogpt", "partial", "openai", "misskey")
KEYS = map("call-{}".format, count())
sent_images = st.tuples(st.sampled_from([*IMAGES, AT_LISTED_HOST]), st.booleans())


def named(sent: Sent, *, as_url: bool) -> str:
    return sent.url if as_url or not sent.data else data_url(sent.data)


def send(client: TestClient, name: str, images: list[tuple[Sent, bool]], headers: dict[str, str]) -> httpx2.Response:
    urls = [named(sent, as_url=as_url) for sent, as_url in images]
    match name:
        case "check" | "classify" | "gate":
            path, (sent, as_url) = f"/v1/{name}", images[0]
            if as_url or not sent.data:
                return client.post(path, params={"url": sent.url}, headers=headers)
            return client.post(path, content=sent.data, headers=headers)
        case "nanogpt" | "partial":
            body = {"image_urls": urls, "on_error": "partial" if name == "partial" else "fail"}
            return client.post("/api/nsfw/image", json=body, headers=headers)
        case "openai":
            parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
            return client.post("/v1/moderations", json={"input": parts}, headers=headers)
        case _:
            # The boundary says how a form is divided, so that only the same one is the same call.
            form = b"".join(
                b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n%b\r\n' % sent.data
                for sent, _ in images
            )
            typed = {"content-type": "multipart/form-data; boundary=x"} | headers
            return client.post("/v1/detect-images", content=form + b"--x--\r\n", headers=typed)


def flags(name: str, answer: httpx2.Response, images: int) -> list[bool | None]:
    """Returns of each image whether the answer says that it is nsfw, and None where it says that it was not judged."""
    if name == "gate" and answer.status_code in (204, 406):
        return [answer.status_code == 406]
    body = answer.json()
    if answer.status_code == 400:
        return [None] * images
    match name:
        case "check" | "classify":
            return [not body["data"]["safe"]]
        case "nanogpt" | "partial":
            return list(body["has_nsfw_concepts"])
        case "openai":
            return [each["flagged"] for each in body["results"]]
        case _:
            results = body["result"]["results"]
            return [each["verdict"] == "nsfw" if each["success"] else None for each in results]


def expected(name: str, images: list[tuple[Sent, bool]], on_list_hit: OnListHit) -> list[bool | None]:
    listed = [sent.is_listed for sent, _ in images]
    errors = on_list_hit is OnListHit.ERROR or name in ("nanogpt", "partial")
    if not errors:
        return list(listed)
    if name in ("partial", "misskey"):
        return [None if each else False for each in listed]
    return [None] * len(listed) if any(listed) else [False] * len(listed)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), st.lists(sent_images, min_size=1, max_size=6), st.sampled_from(OnListHit))
def test_each_image_is_flagged_or_refused_as_it_is_listed_and_charged_if_it_was_judged(
    name: str, images: list[tuple[Sent, bool]], on_list_hit: OnListHit
) -> None:
    if name in ("check", "classify", "gate"):
        images = images[:1]
    if name == "misskey":
        images = [(sent, False) for sent, _ in images if sent.data] or [(IMAGES[0], False)]
    store = STORES[on_list_hit]
    before = {str(entry["sk"]) for entry in store.entries()}
    headers = {"idempotency-key": next(KEYS)}
    answers = [send(store.client, name, images, headers) for _ in range(2)]
    wanted = expected(name, images, on_list_hit)
    assert [flags(name, answer, len(images)) for answer in answers] == [wanted, wanted]
    answered = answers[0].status_code in (200, 204, 406)
    assert ("idempotency-replayed" in answers[1].headers) is answered
    new = [entry for entry in store.entries() if entry["sk"] not in before]
    # Errors are not kept, so such a call is judged again, and free of charge again.
    assert len(new) == (1 if answered else 2)
    judged = {sent.data for sent, _ in images if not sent.is_listed} if answered else set()
    assert sum(int(entry["images"]) for entry in new) == len(judged)
    hits = {entry["judged_by"]["list_hits"][0]["match"] for entry in new if entry["judged_by"].get("list_hits")}
    assert bool(hits) is any(sent.is_listed for sent, _ in images)
