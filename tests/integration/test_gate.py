"""The gate for upload hooks: its status alone says whether an image passes."""

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.crafted import animated, film
from tests.helpers.support import FakeClassifier, ServedApp, Web, gateway_event, invoke, png, scoring, serve
from tests.integration.test_booking import FIRST, Store

from moderate.blocking.hits import ListHit, OnListHit, PolicyViolation
from moderate.calls.authentication import from_gateway
from moderate.verdict import Cuts

GATE = "/v1/gate"
Primitive = str | int | float | bool | None
URL, LISTED, GONE = "https://example.com/a.png", "https://listed.test/a.png", "https://gone.test/a.png"
WEB: Web = {URL: png(), LISTED: PolicyViolation(ListHit("block", "host", 0), "0" * 64)}
FILM = animated(film(200), "GIF", [40] * 200)


def serving(score: float, **options: Any) -> ServedApp:
    return serve(WEB, FakeClassifier(scoring(score)), **options)


def statuses(service: ServedApp, **query: Any) -> set[int]:
    """Of the same image in each way in which it can be sent."""
    client = service.client
    return {
        client.post(GATE, params=query, content=png(), headers={"content-type": "image/png"}).status_code,
        client.post(GATE, params=query, content=png()).status_code,
        client.post(GATE, params=query, data={"title": "a"}, files={"upload": png()}).status_code,
        client.post(GATE, params=query | {"url": URL}).status_code,
        client.post(GATE, params=query | {"base64": b64encode(png()).decode()}).status_code,
    }


@pytest.mark.parametrize(
    ("score", "query", "status"),
    [
        (0.1, {}, 204),
        (0.4, {}, 204),
        (0.6, {}, 406),
        (0.9, {"reject": "nsfw"}, 406),
        (0.29, {"reject": "questionable"}, 204),
        (0.3, {"reject": "questionable"}, 406),
        (0.9, {"reject_status": 403}, 403),
        (0.9, {"reject_status": 406, "reject": ""}, 406),
    ],
)
def test_an_image_passes_or_is_rejected_however_it_is_sent(score: float, query: dict[str, Any], status: int) -> None:
    assert statuses(serving(score), **query) == {status}


def test_what_passes_has_no_body_and_what_is_rejected_a_reason() -> None:
    passed = serving(0.1).client.post(GATE, content=png())
    assert (passed.content, "content-type" in passed.headers) == (b"", False)
    assert passed.headers["x-request-id"]
    rejected = serving(0.9).client.post(GATE, content=png())
    body = rejected.json()
    assert body["data"] == {"passed": False, "verdict": "nsfw", "top_class": "Porn", "nsfw_score": 0.9}
    assert body["meta"]["reason"] == {"class": "porn"}
    assert body["message"] == "Image rejected: its verdict is nsfw"
    assert body["meta"]["request_id"] == rejected.headers["x-request-id"]


def test_a_listed_image_is_rejected_or_an_error_and_never_passes() -> None:
    rejected = serving(0.1).client.post(GATE, params={"url": LISTED})
    assert (rejected.status_code, rejected.json()["meta"]["reason"]["list"]) == (406, "block")
    refused = serving(0.1, on_list_hit=OnListHit.ERROR).client.post(GATE, params={"url": LISTED})
    assert (refused.status_code, refused.json()["code"]) == (400, "policy_violation")


@pytest.mark.parametrize(
    ("score", "reject", "status"),
    [
        (0.1, "nsfw", 422),
        (0.5, "nsfw", 422),
        (0.7, "nsfw", 406),
        (0.1, "questionable", 422),
        (0.4, "questionable", 406),
        (0.7, "questionable", 406),
    ],
)
def test_an_animation_that_was_judged_in_part_passes_in_no_case(score: float, reject: str, status: int) -> None:
    answer = serving(score).client.post(GATE, params={"reject": reject}, content=FILM)
    assert answer.status_code == status
    assert status == 406 or answer.json()["code"] == "too_many_frames"


@pytest.mark.parametrize(
    "query",
    [
        "reject=safe",
        "reject=NSFW",
        "reject=questionable&reject=nsfw",
        "reject_status=200",
        "reject_status=204",
        "reject_status=406.0",
        "reject_status=0406",
        "reject_status=403&reject_status=406",
        "threshold=0.1",
        "treshold=0.1",
        "rejekt=questionable",
        "reject-status=403",
        "explain=true",
        "policy=lax",
        "url=https://example.com/a.png",
    ],
)
def test_a_parameter_that_cannot_be_obeyed_refuses_the_image(query: str) -> None:
    answer = serving(0.1).client.post(f"{GATE}?{query}", content=png())
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("name", ["policy", "reject", "reject_status", "url", "base64", "threshold"])
@pytest.mark.parametrize("value", ["lenient", "nsfw", "questionable", "403", URL, "1"])
def test_whoever_uploads_cannot_loosen_the_gate_by_a_field_of_their_form(name: str, value: str) -> None:
    client = serving(0.4).client
    answer = client.post(GATE, params={"reject": "questionable"}, data={name: value}, files={"a": png()})
    assert answer.status_code == 406
    assert client.post(GATE, data={name: value}, files={"note": ("a.txt", b"")}).status_code == 400


@pytest.mark.parametrize(
    "content", [b'{"url": "%s"}' % URL.encode(), b"url=%s" % URL.encode(), b'{"base64": "%s"}' % b64encode(png())]
)
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "image/png", ""])
def test_an_upload_that_names_another_image_does_not_pass_as_that(content: bytes, kind: str) -> None:
    answer = serving(0.1).client.post(GATE, content=content, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "in the query" in answer.json()["message"]


HEAD = b'Content-Disposition: form-data; name="a"; filename="a.png"'
FIELD = b'Content-Disposition: form-data; name="b"'
X, Y = b"--x\r\n" + HEAD + b"\r\n\r\n%b\r\n", b"--y\r\n" + HEAD + b"\r\n\r\n%b\r\n"
SAFE_IMAGE, OTHER = png(grey=200), png(grey=10)
# Each shows one file to this service, or may, and another to some other server.
AMBIGUOUS = {
    "quoted-printable": (
        "x",
        (X % SAFE_IMAGE).replace(HEAD, HEAD + b"\r\nContent-Transfer-Encoding: quoted-printable"),
    ),
    "base64": ("x", (X % b64encode(SAFE_IMAGE)).replace(HEAD, HEAD + b"\r\nContent-Transfer-Encoding: base64")),
    "an unknown coding": ("x", (X % SAFE_IMAGE).replace(HEAD, HEAD + b"\r\nContent-Transfer-Encoding: x-gzip")),
    "a header twice": ("x", (X % SAFE_IMAGE).replace(HEAD, HEAD + b"\r\n" + HEAD)),
    "a preamble": ("x", Y % OTHER + b"\r\n" + X % SAFE_IMAGE),
    "an epilogue": ("x", X % SAFE_IMAGE + b"--x--\r\n" + X % OTHER),
    "another form after it": ("x", X % SAFE_IMAGE + b"--x--\r\n" + Y % OTHER + b"--y--\r\n"),
    "two boundaries": ("x; boundary=y", X % SAFE_IMAGE + Y % OTHER + b"--y--\r\n"),
    "a boundary in two ways": ("x; boundary*=utf-8''y", X % SAFE_IMAGE + Y % OTHER + b"--y--\r\n"),
    # PHP ends a line at its line feed, and Go lets white space follow a boundary: both see two files.
    "a boundary after a bare line feed": ("x", X % (SAFE_IMAGE + b"\n" + X % OTHER)),
    "a boundary before white space": ("x", X % (SAFE_IMAGE + b"\r\n" + (X % OTHER).replace(b"x", b"x ", 1))),
    # Multiparty knows no boundary with a space behind it, and stores all until the next one as one file.
    "white space behind a boundary": ("x", X.replace(b"x", b"x ", 1) % SAFE_IMAGE),
    "white space behind the second boundary": (
        "x",
        X % b"" + (X % SAFE_IMAGE).replace(b"--x", b"--x\t", 1),
    ),
    # PHP takes the first `boundary`, also within another word, and ends it at a comma.
    "a boundary with a comma": ("x,y", (X % (SAFE_IMAGE + b"\r\n" + X % OTHER)).replace(b"--x", b"--x,y", 1)),
    "a word that ends in boundary": ("x; xboundary=y", X % SAFE_IMAGE),
    # Go and PHP end headers at bare line feeds, too.
    "headers that end early": ("x", (X % SAFE_IMAGE).replace(HEAD, HEAD + b"\r\nX-A: a\n\nGIF89a")),
    # Werkzeug and Go read this name of a file, PHP the other one.
    "a file by a continued name": ("x", X % SAFE_IMAGE + X.replace(b"filename", b"filename*0") % b"GIF89a"),
    "a file by its first word": (
        "x",
        X % SAFE_IMAGE + b'--x\r\nContent-Disposition: filename="a.gif"; name="b"\r\n\r\nGIF89a\r\n',
    ),
    # Formidable stores whatever has a type as a file. PHP and Werkzeug see a field.
    "a field with a type": ("x", X % SAFE_IMAGE + b"--x\r\n%b\r\nContent-Type: text/plain\r\n\r\nGIF89a\r\n" % FIELD),
    "a field with an empty type": ("x", X % SAFE_IMAGE + b"--x\r\n%b\r\nContent-Type:\r\n\r\nGIF89a\r\n" % FIELD),
    "a field with a type before its name": (
        "x",
        b"--x\r\ncontent-type: Text/HTML\r\n%b\r\n\r\n<b>\r\n" % FIELD + X % SAFE_IMAGE,
    ),
    "a field whose name has that of a file": (
        "x",
        X % SAFE_IMAGE + b'--x\r\nContent-Disposition: form-data; name="b FileName=c"\r\n\r\nGIF89a\r\n',
    ),
    "a form in a part": ("x", (X % SAFE_IMAGE).replace(HEAD, HEAD + b"\r\nContent-Type: multipart/mixed; boundary=y")),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_a_form_in_which_another_server_may_see_another_file_does_not_pass(name: str) -> None:
    boundary, content = AMBIGUOUS[name]
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    service = serve(classifier=FakeClassifier(scoring(0.1), {10: scoring(0.9)}))
    end = b"--x,y--\r\n" if boundary == "x,y" else b"--x--\r\n"
    answer = service.client.post(GATE, content=content + end, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    plain = service.client.post(
        GATE, content=X % SAFE_IMAGE + b"--x--", headers=headers | {"content-type": "multipart/form-data; boundary=x"}
    )
    assert plain.status_code == 204


SAYS_FORM = [
    [("content-type", "image/png"), ("content-type", "multipart/form-data; boundary=x")],
    [("content-type", "multipart/form-data; boundary=x"), ("content-type", "image/png")],
    [("content-type", "multipart/form-data; boundary=x"), ("Content-Type", "multipart/form-data; boundary=y")],
    [("content-type", "image/png, multipart/form-data; boundary=x")],
    [("content-type", "image/png; x=MultiPart/form-data; boundary=x")],
    [("content-type", "\tmultipart/form-data; boundary=x, image/png")],
]


@pytest.mark.parametrize("headers", SAYS_FORM)
@pytest.mark.parametrize("content", [SAFE_IMAGE + b"\r\n" + X % OTHER + b"--x--\r\n", X % SAFE_IMAGE + b"--x--\r\n"])
def test_a_body_that_may_or_may_not_be_a_form_does_not_pass(headers: list[tuple[str, str]], content: bytes) -> None:
    service = serve(classifier=FakeClassifier(scoring(0.1), {10: scoring(0.9)}))
    answer = service.client.post(GATE, content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    event = gateway_event("POST", GATE, body=content)
    event["multiValueHeaders"] |= {"content-type": [value for _, value in headers]}
    assert invoke(service.app, event)["statusCode"] == 400


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, br", "aws-chunked", "x"])
def test_a_body_that_other_servers_may_decode_does_not_pass(coding: str) -> None:
    client = serving(0.1).client
    answer = client.post(GATE, content=SAFE_IMAGE, headers={"content-encoding": coding})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_format")
    files = {"upload": SAFE_IMAGE}
    assert client.post(GATE, files=files, headers={"content-encoding": coding}).status_code == 415
    assert client.post(GATE, files=files, headers={"content-encoding": "Identity"}).status_code == 204


@pytest.mark.parametrize("boundary", ["----WebKitFormBoundaryX1", '"a boundary=b"', "boundary"])
def test_a_boundary_may_be_called_one(boundary: str) -> None:
    content = (X % SAFE_IMAGE + b"--x--\r\n").replace(b"--x", b"--" + boundary.strip('"').encode())
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    assert serving(0.1).client.post(GATE, content=content, headers=headers).status_code == 204


def test_two_files_in_a_form_or_a_file_and_a_url_are_refused() -> None:
    client = serving(0.1).client
    assert client.post(GATE, files=[("a", png()), ("b", png())]).status_code == 400
    assert client.post(GATE, params={"url": URL}, files={"a": png()}).status_code == 400
    assert client.post(GATE, params={"url": URL}, content=png()).status_code == 400


def test_the_account_s_or_the_operator_s_scores_decide() -> None:
    assert statuses(serving(0.4, cuts=Cuts(0.2, 0.4))) == {406}
    assert statuses(serving(0.2, cuts=Cuts(0.2, 0.4)), reject="questionable") == {406}
    assert statuses(serving(0.1, cuts=Cuts(0, 1)), reject="questionable") == {406}


@pytest.mark.parametrize("content", [b"", b"text", png()[:40], b"<svg/>", b"\xff\xd8\xff", b"II*\0" * 9])
def test_what_is_no_image_does_not_pass(content: bytes) -> None:
    assert serving(0.1).client.post(GATE, content=content).status_code in (400, 415, 422)


def test_nor_does_what_cannot_be_fetched_or_judged_or_whose_sender_is_unknown() -> None:
    assert serving(0.1).client.post(GATE, params={"url": GONE}).status_code == 422
    assert serve(classifier=FakeClassifier(RuntimeError("broken"))).client.post(GATE, content=png()).status_code == 500
    assert serve(identify=from_gateway).client.post(GATE, content=png()).status_code == 401
    assert serving(0.1).client.get(GATE).status_code == 405
    assert serving(0.1).client.head(GATE).status_code == 405


def test_a_rejection_and_a_pass_are_covered_by_the_plan_and_a_refusal_judges_nothing() -> None:
    store = Store()
    bodies = [png(grey=1), png(grey=5), b"text"]
    codes = [store.client.post(GATE, content=content).status_code for content in bodies]
    assert codes == [406, 204, 415]
    settled = [(entry["outcome"], entry["images"], entry["amount"]) for entry in store.entries()]
    assert sorted(settled) == [("ok", 1, 0), ("ok", 1, 0), ("unsupported_format", 0, 0)]


def test_a_repeated_call_gets_its_first_answer_whether_it_passed_or_not() -> None:
    store = Store()
    for grey, status in ((1, 406), (5, 204)):
        headers = {"idempotency-key": f"key-{grey}"}
        first, second = (store.client.post(GATE, content=png(grey=grey), headers=headers) for _ in range(2))
        assert (first.status_code, second.status_code) == (status, status)
        assert first.content == second.content
        assert first.headers.get("content-type") == second.headers.get("content-type")
        assert second.headers["idempotency-replayed"] == "true"
    assert len(store.entries()) == 2


def test_a_body_that_was_judged_as_one_form_does_not_pass_as_another() -> None:
    store = Store()
    content = X % png(grey=5) + b"--x--\r\n"
    headers = {"idempotency-key": "once"}
    types = ["multipart/form-data; boundary=x", "multipart/form-data; boundary=-x", "image/png", "image/png; multipart"]
    answers = [store.client.post(GATE, content=content, headers=headers | {"content-type": kind}) for kind in types]
    assert [answer.status_code for answer in answers] == [204, 422, 422, 422]
    assert answers[1].json()["code"] == "idempotency_mismatch"
    again = store.client.post(GATE, content=content, headers=headers | {"content-type": types[0]})
    assert (again.status_code, again.headers["idempotency-replayed"]) == (204, "true")


def test_a_used_up_month_lets_nothing_pass() -> None:
    store = Store("Tiny")
    answers = [store.client.post(GATE, params={"url": FIRST}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [204, 204, 204, 429]


def test_lambda_answers_a_pass_without_a_body() -> None:
    answer = invoke(serving(0.1).app, gateway_event("POST", GATE, body=png()))
    assert (answer["statusCode"], answer["body"]) == (204, "")
    answer = invoke(serving(0.9).app, gateway_event("POST", GATE, body=png()))
    assert (answer["statusCode"], json.loads(answer["body"])["data"]["passed"]) == (406, False)


FUZZED = serving(0.9)
TEXTS = st.sampled_from(["nsfw", "questionable", "safe", "406", "403", "204", "200", "", "0.9", "strict", "true", URL])
NAMES = st.sampled_from(
    ["reject", "reject_status", "policy", "url", "base64", "threshold", "Reject", "reject[]", "x", "explain", "input"]
)
BODIES = st.sampled_from([png(), png()[:50], b"", b"{}", b'{"url": "%s"}' % URL.encode(), b"reject=nsfw", FILM, b"\0"])


@given(st.lists(st.tuples(NAMES, TEXTS), max_size=5), BODIES)
def test_an_image_that_is_nsfw_passes_by_no_parameter(query: list[tuple[str, Primitive]], content: bytes) -> None:
    answer = FUZZED.client.post(GATE, params=query, content=content)
    assert answer.status_code in (400, 403, 406, 413, 415, 422)
    assert FUZZED.observer.failures == []
