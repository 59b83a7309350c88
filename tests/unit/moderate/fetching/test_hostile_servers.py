import asyncio
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.moderate.fetching.web import Handler, Web

from moderate.fetching.connection import MAX_OVERHEAD_BYTES, READ_BYTES
from moderate.fetching.responses import FetchFailed, FetchTimeout
from moderate.sources import ImageTooLarge
from modest.errors import PublicError

URL = "http://pub.test/a.jpg"
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


CODED = [
    b"Content-Encoding: gzip\r\n",
    b"Content-Encoding: deflate\r\n",
    b"\x1f\x8b\x08\0\0\0\0\0\0\3",
    b"\x78\x9c\x01",
]

PAUSE_SECONDS, DEADLINE_SECONDS = 0.02, 0.3


def endless(first: bytes, again: bytes, *, pause: float = 0, sent: list[bytes] | None = None) -> Handler:
    async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(again)
            await writer.drain()
            if sent is not None:
                sent.append(again)
            await asyncio.sleep(pause)

    return handle


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (OK, b"X-Padding: " + b"x" * 1000 + b"\r\n"),
        (OK + b"X-Padding: ", b"x" * 1000),
        (b"HTTP/1.1 200 ", b"x" * 1000),
        (b"", b"\r\n" * 500),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 40),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 25),
    ],
    ids=["headers", "one header", "status line", "blank lines", "100 Continue", "103 Early Hints"],
)
def test_a_head_without_end_is_cut_off_at_its_limit(web: Web, first: bytes, again: bytes) -> None:
    web.serve(endless(first, again))
    with pytest.raises(FetchFailed):
        web.fetch(URL)


def test_an_ordinary_large_head_passes(web: Web) -> None:
    head = OK + b"Set-Cookie: " + b"x" * (MAX_OVERHEAD_BYTES - READ_BYTES - 100)
    web.answer(head + b"\r\nContent-Length: 5\r\n\r\nimage")
    assert web.fetch(URL) == b"image"


@pytest.mark.parametrize("first", [CHUNKED, b"HTTP/1.0 200 OK\r\n\r\n"], ids=["chunked", "until closed"])
def test_a_body_without_end_is_cut_off_at_its_limit(web: Web, first: bytes) -> None:
    web.serve(endless(first, b"400\r\n" + b"x" * 1024 + b"\r\n"))
    with pytest.raises(ImageTooLarge):
        web.fetch(URL, max_bytes=100_000)


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (OK, b"X"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (OK + b"Content-Length: 1000\r\n\r\n", b"x"),
        (CHUNKED, b"1\r\nx\r\n"),
        (CHUNKED + b"1;", b"x"),
        (CHUNKED + b"0\r\n", b"x: x\r\n"),
    ],
    ids=["head", "100 Continue", "body", "chunks", "chunk extension", "trailer"],
)
def test_a_byte_at_a_time_ends_at_the_deadline(web: Web, first: bytes, again: bytes) -> None:
    """The server and the fetcher share a clock, so what was sent in time is the same on a busy machine."""
    sent: list[bytes] = []
    web.serve(endless(first, again, pause=PAUSE_SECONDS, sent=sent))
    with pytest.raises(FetchTimeout):
        web.fetch(URL, url_deadline=DEADLINE_SECONDS)
    assert len(sent) <= DEADLINE_SECONDS / PAUSE_SECONDS + 1


def test_a_server_that_says_nothing_ends_at_the_deadline(web: Web) -> None:
    web.serve(endless(b"", b"", pause=1))
    with pytest.raises(FetchTimeout):
        web.fetch(URL, url_deadline=0.1)


def test_the_deadline_spans_redirects(web: Web) -> None:
    async def redirect_late(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n")

    web.serve(redirect_late)
    with pytest.raises(FetchTimeout):
        web.fetch(URL, url_deadline=0.25)


def test_chunks_smaller_than_their_framing_are_cut_off_early(web: Web) -> None:
    web.serve(endless(CHUNKED, b"1\r\nx\r\n" * 100))
    with pytest.raises(FetchFailed):
        web.fetch(URL, max_bytes=10_000_000)


def test_small_chunks_pass(web: Web) -> None:
    web.answer(CHUNKED + (b"10\r\n" + b"x" * 16 + b"\r\n") * 50_000 + b"0\r\n\r\n")
    assert len(web.fetch(URL)) == 800_000


def test_nine_servers_of_tiny_chunks_do_not_hold_up_a_good_one(web: Web) -> None:
    """In processor time, of several runs: one thread does all the work, for the servers too."""
    web.serve(endless(CHUNKED, b"1\r\nx\r\n" * 10_000))
    web.image(b"x" * 1_000_000, host="good.test", address="93.184.216.35")

    async def run(beside: int) -> float:
        async with web.running():
            fetcher = web.fetcher()
            bad = [asyncio.create_task(fetcher.fetch(URL)) for _ in range(beside)]
            await asyncio.sleep(0.05)
            start = time.process_time()
            await fetcher.fetch("http://good.test/")
            seconds = time.process_time() - start
            await asyncio.gather(*bad, return_exceptions=True)
            return seconds

    alone, among_nine = ([asyncio.run(run(beside)) for _ in range(3)] for beside in (0, 9))
    assert min(among_nine) <= 3 * max(alone)


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 10\r\n\r\nimage",
        CHUNKED + b"a\r\nimage",
        CHUNKED + b"5\r\nimage\r\n",
        CHUNKED + b"z\r\nimage\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nimage!",
        OK + b"Content-Length: -5\r\n\r\nimage",
        OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nimage",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\nimage",
        OK + b"Bad Header\r\n\r\n",
        OK + b"Content-Length: 5",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\nimage",
        b"HTTP/2 200\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"image",
        b"",
    ],
    ids=lambda answer: ascii(answer[:60]),
)
def test_an_answer_that_is_short_or_no_http_is_a_failed_fetch(web: Web, answer: bytes) -> None:
    web.answer(answer)
    with pytest.raises(FetchFailed):
        web.fetch(URL)


def test_a_stated_length_too_small_is_where_the_body_ends(web: Web) -> None:
    web.answer(OK + b"Content-Length: 3\r\n\r\nimage")
    assert web.fetch(URL) == b"ima"


def test_a_stated_length_too_large_for_an_image_is_refused_unread(web: Web) -> None:
    web.answer(OK + b"Content-Length: 99999999999999999999\r\n\r\n")
    with pytest.raises(ImageTooLarge):
        web.fetch(URL)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from([OK, CHUNKED, b"5\r\n", b"image", b"\r\n", b"Location: /\r\n", *CODED]) | st.binary(),
        max_size=6,
    )
)
def test_whatever_a_server_sends_ends_in_bytes_or_a_public_error(web: Web, parts: list[bytes]) -> None:
    web.answer(b"".join(parts))
    try:
        assert isinstance(web.fetch(URL, url_deadline=1), bytes)
    except PublicError:
        return
