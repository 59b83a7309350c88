import asyncio
import gzip
import json
import zlib
from collections.abc import Iterable
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
from moderate.images.limits import UnsupportedFormat
from moderate.sources import MAX_SENT_BYTES, ImageTooLarge
from modest.errors import PublicError

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
        (
            "url=https://example.com/bücher.jpg&größe=1".encode(),
            [("url", "https://example.com/bücher.jpg"), ("größe", "1")],
        ),
        (b"image[url]=https://example.com/&x[]=1", [("image[url]", "https://example.com/"), ("x[]", "1")]),
        (b"image%5Burl%5D=a&a.b-c=1", [("image[url]", "a"), ("a.b-c", "1")]),
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


@pytest.mark.parametrize(
    "content", [b"", b"=", b"hello", b"a b=c", b"url=\x00", b"url=\xff", b"\nurl=x", b"<svg a=1>", b"A" * 65 + b"="]
)
def test_anything_else_is_no_form(content: bytes) -> None:
    assert not body.looks_like_form(content)


def request(event: dict[str, Any] | None = None, **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw, "aws.event": event})


def received(content: bytes, **headers: str) -> bytes:
    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return asyncio.run(body.read(Request({"type": "http", "headers": raw}, receive)))


@pytest.mark.parametrize(
    ("content", "said", "coding"),
    [
        (gzip.compress(b"{}", mtime=0), "gzip", "gzip"),
        (gzip.compress(b"{}", mtime=0), "", "gzip"),
        (b"\x28\xb5\x2f\xfd\x00", "zstd", "zstd"),
        (zlib.compress(b"{}"), "deflate", "deflate"),
        (b"\x8b\x03\x80{}\x03", "br", "br"),
        # What API Gateway makes of gzip that it takes for text.
        (gzip.compress(b"{}", mtime=0).decode(errors="replace").encode(), "gzip", "gzip"),
    ],
)
def test_a_compressed_body_is_called_compressed(content: bytes, said: str, coding: str) -> None:
    with pytest.raises(UnsupportedFormat, match=f"The body is compressed with {coding}. Send it uncompressed."):
        received(content, content_encoding=said)


@pytest.mark.parametrize("said", ["", "identity", "gzip", "deflate", "utf-8", "aws-chunked"])
@pytest.mark.parametrize("content", [b"", b"{}", b"url=a", b"\xff\xd8\xff\xe0\x00", b"GIF89a"])
def test_a_body_that_is_only_said_to_be_compressed_is_read(content: bytes, said: str) -> None:
    assert received(content, content_encoding=said) == content


@pytest.mark.parametrize(
    "image",
    [
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
        b"\x89PNG\r\n\x1a\n\xff",
        b"GIF89a\x01\x00\xff",
        b"RIFF\x00\x01\x00\x00WEBP\xff",
    ],
)
def test_an_image_that_curl_read_as_text_is_told_of_data_binary(image: bytes) -> None:
    body.refuse_spoilt(request(), image)
    with pytest.raises(UnsupportedFormat, match="--data-binary"):
        body.refuse_spoilt(request(), image.translate(None, b"\r\n\0"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"https://example.com/a.jpg", '"url"'),
        (b" HTTP://example.com/a.jpg\n", '"url"'),
        (b"/9j/4AAQSkZJRgABAQ==", '"base64"'),
        (b"data:image/png;base64,iVBORw0KGgo=", '"base64"'),
        (b"url=https://example.com/b\xfccher.jpg", "UTF-8"),
    ],
)
def test_text_in_place_of_an_image_is_told_where_it_belongs(content: bytes, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        body.refuse_spoilt(request(), content)


@given(st.binary())
def test_any_body_is_spoilt_or_not(content: bytes) -> None:
    assert isinstance(attempt(lambda: body.refuse_spoilt(request(), content)), PublicError | None)
