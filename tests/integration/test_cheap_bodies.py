"""Bodies made to be dear cost little more than harmless ones, and nothing of them on the event loop."""

import asyncio
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.types import Message
from tests.helpers.reference import Stopwatch
from tests.helpers.support import png, serve

from moderate.sources import MAX_SENT_BYTES

BODY_BYTES = MAX_SENT_BYTES * 4 // 3
FILE = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n'
CHECK, NANOGPT, OPENAI = "/v1/check", "/api/nsfw/image", "/v1/moderations"
Make = Callable[[], bytes]
# What disturbs a measurement makes it longer, so a bound holds if one of so many keeps to it.
ATTEMPTS = 3


def filled(unit: bytes, head: bytes = b"", end: bytes = b"") -> Make:
    return lambda: head + unit * (BODY_BYTES // len(unit)) + end


DEAR: dict[str, tuple[str, Make]] = {
    "form of fields": (CHECK, filled(b"&a=", b"a=")),
    "form of escapes": (CHECK, filled(b"%41", b"base64=")),
    "form of broken UTF-8": (CHECK, filled(b"a%E9", b"base64=")),
    "form of percent signs": (CHECK, filled(b"%", b"base64=")),
    "JSON of numbers": (CHECK, filled(b"1,", b'{"a":[', b"1]}")),
    "JSON of objects": (NANOGPT, filled(b"{},", b'{"image_urls":[', b"{}]}")),
    "JSON of lists in lists": (OPENAI, filled(b"[", b'{"input":')),
    "JSON of digits": (CHECK, filled(b"9", b'{"threshold":', b"}")),
    "JSON of escapes": (CHECK, filled(b"\\u0041", b'{"base64":"', b'"}')),
    "JSON of names": (CHECK, lambda: b"{" + b",".join(b'"%d":1' % number for number in range(500_000)) + b"}"),
    "data URL of escapes": (NANOGPT, filled(b"%41", b'{"imageDataUrl":"data:;base64,', b'"}')),
    "data URL of letters and escapes": (NANOGPT, filled(b"A%0A", b'{"imageDataUrl":"data:;base64,', b'"}')),
    "data URL of percent signs": (NANOGPT, filled(b"%", b'{"imageDataUrl":"data:;base64,', b'"}')),
    "data URL of semicolons": (NANOGPT, filled(b"; ", b'{"imageDataUrl":"data:', b',A"}')),
    "base64 of white space": (CHECK, filled(b" ", b'{"base64":"', b'"}')),
    "base64 of letters that it has not": (CHECK, filled("aé".encode(), b'{"base64":"', b'"}')),
    "multipart of headers": (CHECK, filled(b"a:b\r\n", FILE, b"\r\n\r\n1\r\n--x--")),
    "multipart of one header": (CHECK, filled(b"b", FILE + b"a:", b"\r\n\r\n1\r\n--x--")),
    "multipart of parts": (CHECK, filled(FILE + b"\r\n\r\n", b"", b"--x--")),
    "multipart of almost boundaries": (CHECK, filled(b"\r\n--", FILE + b"\r\n", b"\r\n--x--")),
}


def ask(app: FastAPI, path: str, content: bytes, headers: dict[str, str] | None = None) -> int:
    """Calls the application on an event loop of this thread, and returns the status of its answer."""
    return asyncio.run(_ask(app, path, content, headers or {}))


async def _ask(app: FastAPI, path: str, content: bytes, headers: dict[str, str]) -> int:
    kind = "multipart/form-data; boundary=x" if content.startswith(b"--x") else "application/octet-stream"
    named = {"content-type": kind, **headers}
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    waiting: list[Message] = [{"type": "http.request", "body": content}]
    answers: list[Message] = []

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop()

    async def send(message: Message) -> None:
        answers.append(message)

    await app(scope, receive, send)
    return int(answers[0]["status"])


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return serve().app


@pytest.fixture(scope="module")
def stopwatch(photo_path: Path) -> Stopwatch:
    return Stopwatch(photo_path.read_bytes())


@pytest.mark.parametrize("name", DEAR)
def test_a_body_made_to_be_dear_takes_at_most_two_decodes_of_a_photo_and_six_times_its_memory(
    app: FastAPI, stopwatch: Stopwatch, name: str
) -> None:
    path, make = DEAR[name]
    content = make()
    assert any(stopwatch.decodes(lambda: ask(app, path, content)) < 2 for _ in range(ATTEMPTS))
    tracemalloc.start()
    status = ask(app, path, content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert status in (400, 413, 415)
    assert peak < 6 * len(content)


@pytest.mark.parametrize("name", DEAR)
def test_the_event_loop_works_for_a_large_body_no_longer_than_a_tenth_of_a_decode(
    app: FastAPI, stopwatch: Stopwatch, name: str
) -> None:
    path, make = DEAR[name]
    content = make()
    assert loop_seconds(app, path, content) < stopwatch.decode_seconds() / 10


@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "a"}])
def test_nor_does_it_for_a_large_image_or_to_recognise_one_that_is_repeated(
    app: FastAPI, stopwatch: Stopwatch, headers: dict[str, str]
) -> None:
    content = png() + bytes(MAX_SENT_BYTES - 1000)
    assert loop_seconds(app, CHECK, content, headers) < stopwatch.decode_seconds() / 10


def loop_seconds(app: FastAPI, path: str, content: bytes, headers: dict[str, str] | None = None) -> float:
    """Returns the processor time of this thread, which runs the event loop and nothing else: the best of some."""

    def once() -> float:
        start = time.thread_time()
        ask(app, path, content, headers)
        return time.thread_time() - start

    return min(once() for _ in range(ATTEMPTS))
