import asyncio
import json
import tempfile
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message
from tests.helpers.support import attempt

from moderate.calls import body
from moderate.calls.parameters import InvalidRequest
from moderate.sources import MAX_SENT_BYTES, ImageTooLarge

LIMIT = MAX_SENT_BYTES * 4 // 3 + 64 * 1024
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def read(chunks: Iterable[bytes]) -> bytes:
    waiting = [*chunks]
    taken: list[bytes] = []

    async def receive() -> Message:
        taken.append(waiting.pop(0))
        return {"type": "http.request", "body": taken[-1], "more_body": bool(waiting)}

    data = asyncio.run(body.read(Request({"type": "http", "headers": []}, receive)))
    assert not waiting
    return data


def parse_form(content: bytes, content_type: str = "multipart/form-data; boundary=x") -> list[tuple[str, str | bytes]]:
    return body.parse_multipart({"content-type": content_type}, content)


def test_a_body_is_read_whole_however_it_is_cut() -> None:
    assert read([b"ab", b"", b"c"]) == b"abc"
    assert len(read([bytes(LIMIT)])) == LIMIT


def test_a_body_over_the_limit_is_not_read_to_its_end() -> None:
    asked = 0

    async def endless() -> Message:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": bytes(1_000_000), "more_body": True}

    with pytest.raises(ImageTooLarge, match=r"4\.4 MB"):
        asyncio.run(body.read(Request({"type": "http", "headers": []}, endless)))
    assert asked == LIMIT // 1_000_000 + 1


def test_a_body_that_breaks_off_is_an_invalid_request() -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(InvalidRequest, match="ended before it was complete"):
        asyncio.run(body.read(Request({"type": "http", "headers": []}, gone)))


@settings(max_examples=30)
@given(st.dictionaries(st.text(), JSON))
def test_every_json_object_is_read_with_or_without_a_byte_order_mark(fields: dict[str, Any]) -> None:
    for lead in (b"", b"\xef\xbb\xbf"):
        content = lead + json.dumps(fields).encode()
        assert body.looks_like_json(content)
        assert body.parse_json(content) == fields


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_sent_as_json_is_an_object_or_refused(content: bytes) -> None:
    assert isinstance(attempt(lambda: body.parse_json(content)), dict | InvalidRequest)


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": [{"b": 1, "b": 2}]}',
        b'{"\\u0061": 1, "a": 2}',
    ],
)
def test_a_name_twice_in_one_object_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequest, match="same field twice"):
        body.parse_json(content)


def test_a_name_may_stand_in_several_objects() -> None:
    assert body.parse_json(b'{"a": {"a": [{"a": 1}, {"a": 2}]}}') == {"a": {"a": [{"a": 1}, {"a": 2}]}}


def test_a_json_body_has_a_bounded_number_of_values() -> None:
    assert len(body.parse_json(b'{"a": [0' + b",0" * 9_000 + b"]}")["a"]) == 9_001
    for value in (b"0,", b"[],", b"{},"):
        with pytest.raises(InvalidRequest, match="10,000 values"):
            body.parse_json(b'{"a": [' + value * 10_001 + b"0]}")


@pytest.mark.parametrize("image", [b"\xff\xd8\xff", b"\x89PNG", b"GIF89a", b"RIFF", b"BM", b"\x00\x00\x00\x20ftypavif"])
def test_no_accepted_image_is_taken_for_text(image: bytes) -> None:
    assert not body.looks_like_json(image)
    assert not body.looks_like_form(image + b"=" + bytes(4))


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"url=https%3A%2F%2Fexample.com%2F%3Fa%3D1", [("url", "https://example.com/?a=1")]),
        (b"url=https://example.com/?a=1&threshold=0.5", [("url", "https://example.com/?a=1"), ("threshold", "0.5")]),
        (b"base64=ab+c%2B&url=\r\n", [("base64", "ab c+"), ("url", "")]),
        (b"base64=ab\r\ncd ef\n", [("base64", "ab\r\ncd ef")]),
    ],
)
def test_a_form_is_recognised_by_its_content(content: bytes, fields: list[tuple[str, str]]) -> None:
    assert body.looks_like_form(content)
    assert body.parse_form(content) == fields


@given(st.text("ab=&+%2BfCc3aA9 ", max_size=60))
def test_a_form_is_read_as_the_standard_library_reads_it(text: str) -> None:
    assert body.parse_form(text.encode()) == parse_qsl(text.strip(), keep_blank_values=True)


@given(st.text(max_size=30))
def test_a_long_value_of_a_form_is_read_like_a_short_one(text: str) -> None:
    for value in (text, text + "x" * 10_000):
        assert body.parse_form(urlencode({"base64": value}).encode()) == [("base64", value)]


def test_a_percent_sign_that_begins_no_escape_is_kept_in_a_short_value_and_refused_in_a_long_one() -> None:
    assert body.parse_form(b"url=https://example.com/50%.png") == [("url", "https://example.com/50%.png")]
    with pytest.raises(InvalidRequest, match="%25"):
        body.parse_form(b"base64=" + b"%" * 10_000)


def test_a_url_encoded_form_has_a_bounded_number_of_fields() -> None:
    assert len(body.parse_form(b"&".join([b"a=1"] * 32))) == 32
    with pytest.raises(InvalidRequest, match="more than 32 fields"):
        body.parse_form(b"&".join([b"a=1"] * 33))


@pytest.mark.parametrize("content", [b"", b"=", b"hello", b"a b=c", b"url=\x00", b"url=\xff", b"\nurl=x", b"<svg a=1>"])
def test_anything_else_is_no_form(content: bytes) -> None:
    assert not body.looks_like_form(content)


FILE = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
TEXT = b'--x\r\nContent-Disposition: form-data; name="policy"\r\n\r\n'


def test_a_multipart_form_comes_back_in_order_with_files_as_bytes_and_text_as_text() -> None:
    content = TEXT + "ström".encode() + b"\r\n" + FILE + b"\x00\r\n--x" + b"\r\n" + TEXT + b"\r\n--x--\r\n"
    content = content.replace(b"\x00\r\n--x\r\n", b"\x00\r\n--y\r\n")
    assert parse_form(content) == [("policy", "ström"), ("image", b"\x00\r\n--y"), ("policy", "")]


def test_a_preamble_and_an_epilogue_are_no_fields() -> None:
    assert parse_form(b"\r\n" + FILE + b"1\r\n--x--\r\nepilogue") == [("image", b"1")]


@given(st.integers(0, len(FILE) + 10))
def test_a_multipart_form_cut_short_is_malformed(end: int) -> None:
    content = (FILE + b"1\r\n--x--")[:-1]
    with pytest.raises(InvalidRequest, match="malformed"):
        parse_form(content[:end])


@given(st.binary(max_size=300), st.sampled_from(["", "; boundary=x", '; boundary="', "; boundary=", "; charset=\xff"]))
def test_whatever_is_sent_as_multipart_is_a_form_or_refused(content: bytes, parameter: str) -> None:
    for whole in (content, FILE + content + b"\r\n--x--", b"--x\r\n" + content + b"\r\n\r\n1\r\n--x--"):
        parsed = attempt(partial(parse_form, whole, f"multipart/form-data{parameter}"))
        assert isinstance(parsed, list | InvalidRequest)


@pytest.mark.parametrize("part", [FILE, TEXT])
def test_a_form_has_a_bounded_number_of_fields(part: bytes) -> None:
    assert len(parse_form((part + b"1\r\n") * 32 + b"--x--")) == 32
    with pytest.raises(InvalidRequest, match="malformed"):
        parse_form((part + b"1\r\n") * 33 + b"--x--")


def test_a_file_as_large_as_a_body_may_be_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    with pytest.raises(FileNotFoundError), tempfile.TemporaryFile():
        pass
    ((_, data),) = parse_form(FILE + bytes(LIMIT) + b"\r\n--x--")
    assert data == bytes(LIMIT)
