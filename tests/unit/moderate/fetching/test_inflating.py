"""Content codings that a server applies although it was asked not to."""

import gzip
import time
import tracemalloc
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.moderate.fetching.web import Web

from moderate.fetching.responses import FetchFailed
from moderate.sources import MAX_FETCHED_BYTES, ImageTooLarge

URL = "http://pub.test/a.jpg"
BODY = bytes(range(256)) * 400


def raw_deflate(data: bytes) -> bytes:
    squeezer = zlib.compressobj(wbits=-15)
    return squeezer.compress(data) + squeezer.flush()


def answer(web: Web, body: bytes, *codings: str) -> None:
    lines = "".join(f"Content-Encoding: {coding}\r\n" for coding in codings)
    web.answer(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body)


@pytest.mark.parametrize(
    "coding",
    ["", "identity", "Identity", "none", "aws-chunked", "base64", "utf-8", "UTF-8, aws-chunked", ",", "binary", "x"],
)
def test_what_names_no_coding_means_nothing(web: Web, coding: str) -> None:
    answer(web, BODY, coding)
    assert web.fetch(URL) == BODY


@pytest.mark.parametrize(
    ("codings", "body"),
    [
        (["gzip"], gzip.compress(BODY, mtime=0)),
        (["GZip "], gzip.compress(BODY, mtime=0)),
        (["x-gzip"], gzip.compress(BODY, mtime=0)),
        (["aws-chunked, gzip"], gzip.compress(BODY, mtime=0)),
        (["identity", "gzip"], gzip.compress(BODY, mtime=0)),
        (["deflate"], zlib.compress(BODY)),
        (["deflate"], raw_deflate(BODY)),
        (["deflate"], raw_deflate(b"")),
        (["gzip"], gzip.compress(BODY, mtime=0) + b"bytes that browsers ignore"),
    ],
)
def test_one_coding_of_gzip_or_deflate_is_undone(web: Web, codings: list[str], body: bytes) -> None:
    answer(web, body, *codings)
    assert web.fetch(URL) in (BODY, b"")


@pytest.mark.parametrize(
    ("codings", "named"),
    [
        (["br"], "br"),
        (["zstd"], "zstd"),
        (["compress"], "compress"),
        (["gzip, gzip"], "gzip and gzip"),
        (["gzip", "br"], "gzip and br"),
    ],
)
def test_any_other_coding_is_named(web: Web, codings: list[str], named: str) -> None:
    answer(web, gzip.compress(BODY, mtime=0), *codings)
    with pytest.raises(FetchFailed, match=f"compressed its response with {named}, although"):
        web.fetch(URL)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x1f",
        b"\x78",
        BODY,
        gzip.compress(BODY, mtime=0)[:-1],
        gzip.compress(BODY, mtime=0)[:-8] + bytes(8),
        zlib.compress(BODY)[:-1],
        raw_deflate(BODY)[:-1],
    ],
    ids=[
        "nothing",
        "a byte of gzip",
        "a byte of zlib",
        "not compressed",
        "short",
        "bad CRC",
        "short zlib",
        "short raw",
    ],
)
def test_a_damaged_or_incomplete_body_is_a_failed_fetch(web: Web, coding: str, body: bytes) -> None:
    answer(web, body, coding)
    with pytest.raises(FetchFailed, match="damaged or incomplete"):
        web.fetch(URL)


def test_a_coded_body_may_come_byte_by_byte(web: Web) -> None:
    chunks = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in zlib.compress(b"image"))
    web.answer(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    )
    assert web.fetch(URL) == b"image"


def test_an_inflated_body_of_exactly_the_limit_passes_and_one_byte_more_does_not(web: Web) -> None:
    answer(web, gzip.compress(bytes(1000)), "gzip")
    assert web.fetch(URL, max_bytes=1000) == bytes(1000)
    with pytest.raises(ImageTooLarge):
        web.fetch(URL, max_bytes=999)


def test_bytes_that_inflate_to_nothing_count_too(web: Web) -> None:
    answer(web, zlib.compress(b"image") + bytes(2000), "deflate")
    with pytest.raises(ImageTooLarge):
        web.fetch(URL, max_bytes=1000)


def squeezed_zeros(count: int) -> bytes:
    squeezer = zlib.compressobj(9, wbits=31)
    return b"".join(squeezer.compress(bytes(1_000_000)) for _ in range(count // 1_000_000)) + squeezer.flush()


def test_a_bomb_stops_at_the_limit_with_no_more_memory_than_a_file_of_that_size(web: Web) -> None:
    """A fetch of as many bytes as are allowed, which are not compressed, is the measure of memory and time."""
    costs = {}
    for name, body, codings in (
        ("plain", bytes(MAX_FETCHED_BYTES), []),
        ("bomb", squeezed_zeros(500_000_000), ["gzip"]),
    ):
        answer(web, body, *codings)
        tracemalloc.start()
        start = time.process_time()
        if codings:
            with pytest.raises(ImageTooLarge):
                web.fetch(URL)
        else:
            web.fetch(URL)
        costs[name] = time.process_time() - start, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert costs["bomb"][0] <= 3 * costs["plain"][0]
    assert costs["bomb"][1] <= 1.5 * costs["plain"][1]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(), st.binary(max_size=20), st.integers(0, 40), st.sampled_from(["gzip", "deflate"]))
def test_whatever_is_sent_as_compressed_is_inflated_or_a_failed_fetch(
    web: Web, data: bytes, noise: bytes, at: int, coding: str
) -> None:
    whole = gzip.compress(data) if coding == "gzip" else zlib.compress(data)
    answer(web, whole[:at] + noise + whole[at + len(noise) :], coding)
    try:
        assert isinstance(web.fetch(URL, url_deadline=5), bytes)
    except FetchFailed:
        return
