"""Misskey's detector API, as its document describes it: forms in, classes or codes out."""

from decimal import Decimal
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.crafted import chunk, png_header
from tests.helpers.support import NSFW, FakeClassifier, ServedApp, png, scoring, serve
from tests.integration.test_booking import Store

from moderate.calls.authentication import from_gateway
from moderate.dialects.misskey_schema import ErrorCode
from moderate.verdict import Scores

DETECT = "/v1/detect-images"
BLACK, WHITE, GREY = png(grey=10), png(grey=200), png(grey=100)
HUGE = png_header(100_000, 100_000) + chunk(b"IDAT") + chunk(b"IEND")
MIXED = Scores(drawing=0.03, hentai=0.005, neutral=0.95, porn=0.0049, sexy=0.0101)
Part = tuple[str, bytes, str]


@pytest.fixture(scope="module")
def service() -> ServedApp:
    return serve({}, FakeClassifier(MIXED, {10: NSFW, 200: scoring(0.4)}))


def detect(service: ServedApp, *parts: bytes | Part) -> httpx2.Response:
    """Sends each part as Misskey does, or under the name and the type that it comes with."""
    files = [
        ("file", part) if isinstance(part, tuple) else (f"image{number}", ("image.png", part, "image/png"))
        for number, part in enumerate(parts)
    ]
    return service.client.post(DETECT, files=files)


def results(answer: httpx2.Response) -> list[dict[str, Any]]:
    body = answer.json()
    assert (answer.status_code, body["success"], set(body)) == (200, True, {"success", "result"}), answer.text
    return list(body["result"]["results"])


def codes(answer: httpx2.Response) -> list[str | None]:
    """The error's code of each part, or None if it was judged."""
    return [None if result["success"] else result["error"]["code"] for result in results(answer)]


def whole(answer: httpx2.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert set(body) == {"success", "error", "code"}
    assert (body["success"], set(body["error"])) == (False, {"code", "message"})
    assert body["error"]["code"] in set(ErrorCode)
    return answer.status_code, body["error"]["code"], body["code"]


def test_each_part_has_its_result_in_order_with_all_five_classes_the_highest_first(service: ServedApp) -> None:
    found = results(detect(service, GREY, BLACK, WHITE))
    assert [(part["className"], part["probability"]) for part in found[0]["predictions"]] == [
        ("Neutral", 0.95),
        ("Drawing", 0.03),
        ("Sexy", 0.0101),
        ("Hentai", 0.005),
        ("Porn", 0.0049),
    ]
    assert [result["predictions"][0]["className"] for result in found] == ["Neutral", "Porn", "Neutral"]
    assert [result["verdict"] for result in found] == ["safe", "nsfw", "questionable"]


def test_a_part_that_cannot_be_judged_leaves_the_others_theirs(service: ServedApp) -> None:
    answer = detect(
        service,
        BLACK,
        b"",
        BLACK[:40],
        b"<svg/>",
        ("note.txt", b"some text", "text/plain"),
        HUGE,
        GREY,
    )
    assert codes(answer) == [
        None,
        "INVALID_REQUEST",
        "IMAGE_DECODE_FAILED",
        "UNSUPPORTED_MEDIA_TYPE",
        "UNSUPPORTED_MEDIA_TYPE",
        "REQUEST_TOO_LARGE",
        None,
    ]
    assert all(result["error"]["message"] for result in results(answer) if not result["success"])


def test_a_text_field_is_no_file_and_is_never_passed_over(service: ServedApp) -> None:
    answer = service.client.post(DETECT, data={"policy": "strict"}, files={"image": GREY})
    assert codes(answer) == ["INVALID_REQUEST", None]


@pytest.mark.parametrize("kind", ["image/webp", "image/svg+xml", "text/plain", "application/octet-stream", "a/b; c"])
def test_an_image_is_judged_whatever_type_its_part_names(service: ServedApp, kind: str) -> None:
    assert codes(detect(service, ("a", BLACK, kind))) == [None]


def test_parts_may_all_have_one_name_and_equal_ones_have_a_result_each(service: ServedApp) -> None:
    found = results(detect(service, *[("a.png", BLACK, "image/png")] * 3))
    assert [result["verdict"] for result in found] == ["nsfw"] * 3


def test_ten_parts_are_judged_and_eleven_are_too_large(service: ServedApp) -> None:
    assert codes(detect(service, *[BLACK] * 10)) == [None] * 10
    assert whole(detect(service, *[BLACK] * 11)) == (413, "REQUEST_TOO_LARGE", "image_too_large")
    assert whole(detect(service, *[b""] * 10_000)) == (413, "REQUEST_TOO_LARGE", "image_too_large")


def test_what_is_no_form_is_an_unsupported_type_and_what_is_too_large_is_that_first(service: ServedApp) -> None:
    for content, kind in ((b"{}", "application/json"), (BLACK, "image/png"), (b"", ""), (b"a=b", "multipart/mixed")):
        answer = service.client.post(DETECT, content=content, headers={"content-type": kind})
        assert whole(answer) == (415, "UNSUPPORTED_MEDIA_TYPE", "unsupported_format")
    large = service.client.post(DETECT, content=bytes(6_000_000), headers={"content-type": "image/png"})
    assert whole(large) == (413, "REQUEST_TOO_LARGE", "image_too_large")
    assert whole(detect(service, *[GREY + bytes(1_500_000)] * 3)) == (413, "REQUEST_TOO_LARGE", "image_too_large")


@pytest.mark.parametrize(
    "query", ["policy=strict", "threshold=0.1", "polcy=strict", "reject=nsfw", "url=https://a.test"]
)
def test_a_parameter_of_another_route_is_refused_since_this_one_has_none(service: ServedApp, query: str) -> None:
    answer = service.client.post(f"{DETECT}?{query}", files={"image": BLACK})
    assert whole(answer) == (400, "INVALID_REQUEST", "invalid_request")
    assert service.client.post(f"{DETECT}?utm_source=misskey", files={"image": BLACK}).status_code == 200


def test_a_method_or_a_path_that_there_is_not_keeps_the_envelope(service: ServedApp) -> None:
    assert whole(service.client.get(DETECT)) == (405, "INVALID_REQUEST", "method_not_allowed")
    assert whole(service.client.post(f"{DETECT}/more")) == (404, "INVALID_REQUEST", "not_found")


def test_a_caller_without_a_key_has_to_authenticate() -> None:
    answer = detect(serve(identify=from_gateway), BLACK)
    assert whole(answer) == (401, "AUTHENTICATION_REQUIRED", "unauthorized")


def test_a_fault_of_ours_is_a_failed_detection_of_the_whole_call() -> None:
    answer = detect(serve(classifier=FakeClassifier(RuntimeError("broken"))), BLACK)
    assert whole(answer) == (500, "DETECTION_FAILED", "internal_error")


def test_each_distinct_image_that_was_judged_is_charged_and_nothing_else() -> None:
    store = Store()
    files = [("image", ("a", data)) for data in (GREY, BLACK, GREY, b"", BLACK[:40], b"<svg/>")]
    assert store.client.post(DETECT, files=files).status_code == 200
    assert store.client.post(DETECT, files=files[3:]).status_code == 200
    assert store.client.post(DETECT, files=[files[0]] * 11).status_code == 413
    settled = [(entry["outcome"], entry["images"], entry["amount"]) for entry in store.entries()]
    assert sorted(settled) == [("image_too_large", 0, 0), ("ok", 0, 0), ("ok", 2, Decimal("0.003"))]


def test_a_used_up_month_and_a_ledger_that_is_gone_are_failed_detections_beside_our_code() -> None:
    store = Store("Tiny")
    for _ in range(3):
        assert store.client.post(DETECT, files={"image": GREY}).status_code == 200
    refused = store.client.post(DETECT, files={"image": GREY})
    assert whole(refused) == (429, "DETECTION_FAILED", "quota_exceeded")
    assert refused.headers["x-should-retry"] == "false"


def test_a_repeated_call_gets_its_first_answer_and_another_body_does_not() -> None:
    store = Store()
    headers = {"idempotency-key": "k", "content-type": "multipart/form-data; boundary=x"}
    first, second = (store.client.post(DETECT, content=form(part(data)), headers=headers) for data in (GREY, BLACK))
    assert store.client.post(DETECT, content=form(part(GREY)), headers=headers).content == first.content
    assert whole(second) == (422, "INVALID_REQUEST", "idempotency_mismatch")
    assert sum(entry["images"] for entry in store.entries()) == 1


NAMED = b'Content-Disposition: form-data; name="a"; filename="a.png"'
PNG_TYPE = b"Content-Type: image/png"


def part(data: bytes, *headers: bytes, boundary: bytes = b"x") -> bytes:
    return b"\r\n".join([b"--" + boundary, *(headers or (NAMED, PNG_TYPE)), b"", data, b""])


def form(*parts: bytes, end: bytes = b"--x--\r\n") -> bytes:
    return b"".join(parts) + end


def nested() -> bytes:
    inner = part(BLACK, boundary=b"y") + b"--y--\r\n"
    return form(part(inner, NAMED, b"Content-Type: multipart/mixed; boundary=y"))


X = "multipart/form-data; boundary=x"
WHOLE_400 = (400, "INVALID_REQUEST")
ALL_LARGE = (413, "REQUEST_TOO_LARGE")
# The content type, the body, and what is answered: the codes of the parts or of the whole.
HOSTILE: dict[str, tuple[str, bytes, object]] = {
    "nothing": (X, b"", WHOLE_400),
    "no parts": (X, b"--x--\r\n", WHOLE_400),
    "no end": (X, form(part(BLACK), end=b""), WHOLE_400),
    "half an end": (X, form(part(BLACK), end=b"--x-"), WHOLE_400),
    "no boundary": ("multipart/form-data", form(part(BLACK)), WHOLE_400),
    "an empty boundary": ('multipart/form-data; boundary=""', form(part(BLACK)), WHOLE_400),
    "another boundary": ("multipart/form-data; boundary=z", form(part(BLACK)), WHOLE_400),
    "an open quote": ('multipart/form-data; boundary="x', form(part(BLACK)), WHOLE_400),
    "boundaries twice": ("multipart/form-data; boundary=x; boundary=z", form(part(BLACK)), WHOLE_400),
    "capitals": ("MULTIPART/FORM-DATA; BOUNDARY=x", form(part(BLACK)), [None]),
    "a longer type": ("multipart/form-data-x; boundary=x", form(part(BLACK)), (415, "UNSUPPORTED_MEDIA_TYPE")),
    "a charset": (f"{X}; charset=utf-16", form(part(BLACK)), [None]),
    "many parameters": (f"{X}{'; a=b' * 300}", form(part(BLACK)), WHOLE_400),
    "a preamble": (X, b"This is MIME.\r\n" + form(part(BLACK)), [None]),
    "an epilogue": (X, form(part(BLACK)) + part(GREY) + b"--x--", [None]),
    "no headers": (X, b"--x\r\n\r\n" + BLACK + b"\r\n--x--", [None]),
    "headers without an end": (X, b"--x\r\n" + NAMED + b"\r\n--x--", WHOLE_400),
    "a header without a colon": (X, form(part(BLACK, NAMED, b"nonsense")), WHOLE_400),
    "a NUL in a header": (X, form(part(BLACK, NAMED, b"A\0b: c")), WHOLE_400),
    "a header of a megabyte": (X, form(part(BLACK, NAMED, b"A: " + b"a" * 1_000_000)), WHOLE_400),
    "ten thousand headers": (X, form(part(BLACK, NAMED, *[b"A: b"] * 10_000)), WHOLE_400),
    "a part of many parameters": (X, form(part(BLACK, NAMED + b"; a=b" * 300)), WHOLE_400),
    "ten thousand empty parts": (X, form(*[part(b"")] * 10_000), ALL_LARGE),
    "ten thousand text fields": (X, form(*[part(b"1", b"A: b")] * 10_000), ALL_LARGE),
    "a form in a form": (X, nested(), ["UNSUPPORTED_MEDIA_TYPE"]),
    "base64": (X, form(part(b"iVBORw0KGgo=", NAMED, b"Content-Transfer-Encoding: base64")), ["IMAGE_DECODE_FAILED"]),
    "no base64": (
        X,
        form(part(b"!", NAMED, b"Content-Transfer-Encoding: base64"), part(BLACK)),
        ["INVALID_REQUEST", None],
    ),
    "an unknown coding": (X, form(part(BLACK, NAMED, b"Content-Transfer-Encoding: x-gzip")), [None]),
    "dispositions twice": (X, form(part(BLACK, NAMED, b"Content-Disposition: form-data")), [None]),
    "names that are no text": (
        X,
        form(part(BLACK, b'Content-Disposition: form-data; name="\xff\xfe"; filename=""')),
        [None],
    ),
    "bare line feeds": (X, form(part(BLACK)).replace(b"\r\n", b"\n"), WHOLE_400),
    "a body under two boundaries": (X, form(part(BLACK + b"\r\n--y\r\n" + NAMED + b"\r\n\r\n" + GREY)), [None]),
    "a boundary in an image": (X, form(part(BLACK[:20] + b"\r\n--x\r\n" + BLACK[20:])), WHOLE_400),
    "a text of zeros": (X, bytes(1000), WHOLE_400),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_form_gets_a_code_of_misskeys_and_is_no_fault_of_ours(service: ServedApp, name: str) -> None:
    content_type, content, expected = HOSTILE[name]
    answer = service.client.post(DETECT, content=content, headers={"content-type": content_type})
    found = codes(answer) if answer.status_code == 200 else whole(answer)[:2]
    assert found == expected
    assert service.observer.failures == []


FUZZED = serve({}, FakeClassifier(MIXED, {10: NSFW}))
HEADERS = st.lists(
    st.sampled_from(
        [
            *(NAMED, PNG_TYPE, b"Content-Type: text/plain; charset=utf-7", b"", b"a", b": b", b"\xff: \xff"),
            *(b"Content-Disposition: attachment; filename*=UTF-8''a", b'Content-Disposition: form-data;;;name="a\\"'),
            *(b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable"),
            *(b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Content-Encoding: gzip"),
        ]
    ),
    max_size=4,
)
CONTENTS = st.sampled_from([BLACK, GREY, b"", BLACK[:50], b"text", b"\0", b"--x", b"\r\n--x--\r\n", b"R0lGODlh"])
PARTS = st.builds(
    lambda data, headers, boundary: part(data, *headers, boundary=boundary),
    CONTENTS,
    HEADERS,
    st.sampled_from([b"x"] * 8 + [b"y", b"", b"xx", b"-x"]),
)
BODIES = st.builds(
    lambda parts, end, junk: junk + form(*parts, end=end),
    st.lists(PARTS, max_size=12),
    st.sampled_from([b"--x--\r\n"] * 6 + [b"--x--", b"--x", b"", b"--y--"]),
    st.sampled_from([b""] * 6 + [b"\r\n", b"junk\r\n", b"--"]),
)
TYPES = st.sampled_from([X] * 8 + [f"{X}; x=y", 'multipart/form-data; boundary="x"', "multipart/form-data; boundary=y"])


@given(BODIES, TYPES)
def test_whatever_form_is_sent_every_part_is_judged_or_told_why_not(content: bytes, content_type: str) -> None:
    answer = FUZZED.client.post(DETECT, content=content, headers={"content-type": content_type})
    assert FUZZED.observer.failures == []
    if answer.status_code != 200:
        assert whole(answer)[0] in (400, 413, 415)
        return
    for result in results(answer):
        if result["success"]:
            assert result["verdict"] in ("safe", "nsfw")
            assert len(result["predictions"]) == 5
        else:
            assert result["error"]["code"] in set(ErrorCode)
