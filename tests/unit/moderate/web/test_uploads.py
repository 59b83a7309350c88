"""Bodies on a plain server, over real connections: what comes late is given up, and large ones take turns."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.helpers.waiting import HANGS_SECONDS
from uvicorn.server import ServerState

from moderate.web.connections import Connection
from moderate.web.uploads import SMALL_BYTES, Uploads

SOON = 0.3
LARGE = SMALL_BYTES + 1


class Impatient(Connection):
    head_seconds = SOON


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the length of the body; the path is the caller."""
    request = Request(scope, receive)
    scope["state"]["key_hash"] = request.url.path
    try:
        text = str(len(await request.body()))
    except ClientDisconnect:
        text = "late"
    await PlainTextResponse(text)(scope, receive, send)


class Client:
    """Opens connections to a server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: list[asyncio.StreamWriter] = []

    async def send(self, *parts: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers.append(writer)
        for part in parts:
            writer.write(part)
        return reader, writer

    async def close(self) -> None:
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)


@contextlib.asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[Client]:
    config, state = uvicorn.Config(app, log_level="critical"), ServerState()
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Impatient(config, state, {}), "127.0.0.1", 0)
    client = Client(server.sockets[0].getsockname()[1])
    async with server:
        try:
            yield client
        finally:
            await client.close()
            await asyncio.gather(*state.tasks)


def head(length: int, caller: str = "/") -> bytes:
    return f"POST {caller} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n".encode()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Returns all that comes until the server closes the connection."""
    async with asyncio.timeout(HANGS_SECONDS):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


def test_a_body_one_byte_short_is_given_up_and_its_connection_closed() -> None:
    async def run() -> list[bytes]:
        async with serving(Uploads(app, seconds=SOON)) as client:
            opened = [await client.send(head(length), bytes(length - 1)) for length in (10, LARGE)]
            return [await rest(reader) for reader, _ in opened]

    for answer in asyncio.run(run()):
        assert answer.endswith(b"late")
        assert b"connection: close" in answer.lower()


@pytest.mark.parametrize("start", [b"", b"P", b"GET / HTTP/1.1\r\nHost: a\r\n"])
def test_a_head_that_does_not_end_is_given_up(start: bytes) -> None:
    async def run() -> bytes:
        async with serving(app) as client:
            reader, _ = await client.send(start)
            return await rest(reader)

    assert asyncio.run(run()) == b""


def test_nor_does_a_head_after_an_answer_get_more_time() -> None:
    async def run() -> bytes:
        async with serving(app) as client:
            reader, writer = await client.send(head(1) + b"a")
            await reader.readuntil(b"\r\n\r\n1")
            writer.write(b"GET")
            return await rest(reader)

    assert asyncio.run(run()) == b""


def test_one_callers_large_bodies_wait_for_each_other_and_for_nobody_elses() -> None:
    async def run() -> tuple[bytes, bytes]:
        async with serving(Uploads(app, seconds=HANGS_SECONDS, large_at_once=1)) as client:
            _, holding = await client.send(head(LARGE, "/mine"))
            reader, _ = await client.send(head(LARGE, "/mine"), bytes(LARGE))
            others, _ = await client.send(head(LARGE, "/other"), bytes(LARGE))
            small, _ = await client.send(head(1, "/mine"), b"a")
            none, _ = await client.send(b"GET /mine HTTP/1.1\r\nHost: a\r\n\r\n")
            for answered in (others, small, none):
                await answered.readuntil(b"\r\n\r\n")
            assert not reader._buffer  # type: ignore[attr-defined]
            holding.write(bytes(LARGE))
            await reader.readuntil(b"\r\n\r\n")
            return await reader.readexactly(len(str(LARGE))), await others.readexactly(len(str(LARGE)))

    assert asyncio.run(run()) == (str(LARGE).encode(), str(LARGE).encode())


def test_a_body_in_tiny_parts_is_refused_and_one_in_ordinary_parts_is_not() -> None:
    faults: list[Exception] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except Exception as fault:
            faults.append(fault)
            raise

    async def run(part: bytes, count: int) -> bytes:
        async with serving(watched) as client:
            chunk = b"%x\r\n%b\r\n" % (len(part), part)
            start = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            reader, _ = await client.send(start, chunk * count, b"0\r\n\r\n")
            return await rest(reader)

    assert asyncio.run(run(b"a", 100)).endswith(b"100")
    assert asyncio.run(run(bytes(1000), 2000)).endswith(b"2000000")
    for size in (1, 100):
        assert b"200 OK" not in asyncio.run(run(bytes(size), 2000))
    assert faults == []
