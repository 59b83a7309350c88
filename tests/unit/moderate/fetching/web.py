"""Simulates a public internet in one process: names, the addresses they resolve to, and servers behind those."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from httpcore2 import SOCKET_OPTION, AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream, ConnectError

from moderate.fetching.fetcher import Fetcher

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

ADDRESS = "93.184.216.34"


class PretendedPeer(AsyncNetworkStream):
    """Connects to a local server and claims to lead to the address that was asked for."""

    def __init__(self, stream: AsyncNetworkStream, peer: str) -> None:
        self._stream = stream
        self._peer = peer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> AsyncNetworkStream:
        return await self._stream.start_tls(ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        return (self._peer, 0) if info == "server_addr" else self._stream.get_extra_info(info)


@dataclass
class Web(AsyncNetworkBackend):
    answers: dict[str, list[list[str]]] = field(default_factory=dict)
    handlers: dict[tuple[str, int], tuple[Handler, ssl.SSLContext | None]] = field(default_factory=dict)
    peers: dict[str, str] = field(default_factory=dict)
    """Addresses for which another one answers."""
    lookups: list[str] = field(default_factory=list)
    dialled: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _local_ports: dict[tuple[str, int], int] = field(default_factory=dict)
    _serving: list[Any] = field(default_factory=list)

    def name(self, host: str, *answers: list[str]) -> None:
        """Gives later look-ups later answers; the last one stays."""
        self.answers[host] = list(answers)

    def serve(
        self,
        handler: Handler,
        *,
        host: str = "pub.test",
        address: str = ADDRESS,
        port: int = 80,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.answers.setdefault(host, [[address]])
        self.handlers[address, port] = handler, tls

    def answer(self, raw: bytes, **place: Any) -> None:
        """Answers any request with these bytes, then closes."""

        async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(raw)
            await writer.drain()

        self.serve(handle, **place)

    def image(self, body: bytes = b"image", **place: Any) -> None:
        self.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body), **place)

    def redirect(self, location: str, status: int = 302, **place: Any) -> None:
        self.answer(f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\n\r\n".encode(), **place)

    def fetch(self, url: str, **options: Any) -> bytes:
        async def run() -> bytes:
            async with self.running():
                return await self.fetcher(**options).fetch(url)

        return asyncio.run(run())

    def fetcher(self, **options: Any) -> Fetcher:
        """Returns one that nothing is too late for, unless a test says otherwise."""
        return Fetcher(resolve=self.resolve, backend=self, **{"url_deadline": 600, **options})

    @contextlib.asynccontextmanager
    async def running(self) -> Any:
        async with contextlib.AsyncExitStack() as stack:
            for place, (handler, tls) in self.handlers.items():
                server = await asyncio.start_server(self._recording(handler), "127.0.0.1", 0, ssl=tls)
                stack.callback(server.close)
                self._local_ports[place] = server.sockets[0].getsockname()[1]
            stack.push_async_callback(self._stop_serving)
            yield

    async def _stop_serving(self) -> None:
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving)
        self._serving.clear()

    async def resolve(self, host: str) -> list[str]:
        self.lookups.append(host)
        answers = self.answers.get(host)
        if not answers:
            raise OSError
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        self.dialled.append(host)
        if (host, port) not in self._local_ports:
            raise ConnectError
        local_port = self._local_ports[host, port]
        stream = await AnyIOBackend().connect_tcp("127.0.0.1", local_port, timeout, local_address, socket_options)
        return PretendedPeer(stream, self.peers.get(host, host))

    def _recording(self, handler: Handler) -> Handler:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._serving.append(asyncio.current_task())
            try:
                with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                    self.requests.append((await reader.read(65536)).decode(errors="replace"))
                    await handler(reader, writer)
            finally:
                writer.transport.close()

        return handle
