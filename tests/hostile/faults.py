"""Web servers that misbehave, one for each path. Run inside a network namespace; prints a line when it is ready."""

import asyncio
import contextlib
import gzip
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator

from tests.hostile.namespace import Internet

PORT = 8000
PAUSE_SECONDS = 1.0
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.0 200 OK\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

Fault = Callable[[], AsyncIterator[bytes]]


def once(answer: bytes) -> Fault:
    async def send() -> AsyncIterator[bytes]:
        yield answer

    return send


def endless(first: bytes, again: bytes, *, pause: float = 0) -> Fault:
    async def send() -> AsyncIterator[bytes]:
        yield first
        while True:
            yield again
            await asyncio.sleep(pause)

    return send


def with_length(length: int, body: bytes) -> bytes:
    return OK + b"Content-Length: %d\r\n\r\n%b" % (length, body)


def gzipped(head: bytes) -> bytes:
    """50 MB of zeros."""
    bomb = gzip.compress(bytes(50_000_000))
    return OK + head + b"Content-Length: %d\r\n\r\n" % len(bomb) + bomb


# Takes the whole deadline, unless somebody looks at a clock other than the time since the last byte.
SLOW: dict[str, Fault] = {
    "silence": endless(b"", b"", pause=PAUSE_SECONDS),
    "head-a-byte-a-second": endless(OK, b"X", pause=PAUSE_SECONDS),
    "body-a-byte-a-second": endless(OK + b"Content-Length: 1000\r\n\r\n", b"\x89", pause=PAUSE_SECONDS),
    "chunk-a-second": endless(CHUNKED, b"1\r\nx\r\n", pause=PAUSE_SECONDS),
    "continue-a-second": endless(b"", CONTINUE, pause=PAUSE_SECONDS),
    "never-closed": endless(UNTIL_CLOSED + PIXEL, b"", pause=PAUSE_SECONDS),
}
FAST: dict[str, Fault] = {
    "endless-status-line": endless(b"HTTP/1.1 200 ", b"x" * 1000),
    "endless-headers": endless(OK, b"X-Padding: " + b"x" * 1000 + b"\r\n"),
    "endless-chunks": endless(CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "endless-tiny-chunks": endless(CHUNKED, b"1\r\nx\r\n" * 1000),
    "endless-body": endless(UNTIL_CLOSED, b"x" * 65536),
    "continue-flood": endless(b"", CONTINUE * 1000),
    "length-too-large": once(with_length(1000, PIXEL)),
    "length-too-small": once(with_length(len(PIXEL) - 30, PIXEL)),
    "length-absurd": once(with_length(10**19, PIXEL)),
    "gzip-bomb": once(gzipped(b"Content-Encoding: gzip\r\n")),
    "gzip-cut-short": once(UNTIL_CLOSED[:-2] + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(PIXEL)[:-9]),
    "gzip-that-is-none": once(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(PIXEL), PIXEL)),
    "gzip-bomb-as-image": once(gzipped(b"Content-Type: image/png\r\n")),
    "redirect-to-itself": once(b"HTTP/1.1 302 Found\r\nLocation: ?\r\n\r\n"),
    "redirect-there": once(b"HTTP/1.1 302 Found\r\nLocation: redirect-back\r\n\r\n"),
    "redirect-back": once(b"HTTP/1.1 302 Found\r\nLocation: redirect-there\r\n\r\n"),
    "refuses-at-length": once(
        b"HTTP/1.1 403 CANARY-reason\r\nX-Upstream: CANARY-header\r\nContent-Length: 11\r\n\r\nCANARY-body"
    ),
    "hangs-up": once(b""),
    "no-http": once(b"\x16\x03\x01\x02\x00"),
}
FAULTS = SLOW | FAST


@contextlib.contextmanager
def running_in(web: Internet) -> Iterator[None]:
    with web.popen([sys.executable, "-m", "tests.hostile.faults"], stdout=subprocess.PIPE) as process:
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise RuntimeError("The faulty servers did not start.")
            yield
        finally:
            process.terminate()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        request = await reader.readuntil(b"\r\n\r\n")
        path = request.split(b" ")[1].decode().removeprefix("/").partition("?")[0]
        async for part in FAULTS[path]():
            writer.write(part)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(answer, "0.0.0.0", PORT)  # noqa: S104 - every address is here
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
