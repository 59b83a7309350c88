"""Opens a TCP connection to one of the addresses that were checked, and to no other."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

from httpcore2 import (
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
    RemoteProtocolError,
)

from moderate.fetching.addresses import IPAddress

MAX_OVERHEAD_BYTES = 32 * 1024
# This is small, so that the part of the body that arrives with the head does not use up the head's allowance.
READ_BYTES = 16 * 1024


async def connect(
    backend: AsyncNetworkBackend, addresses: Sequence[IPAddress], port: int, *, seconds_each: float
) -> AsyncNetworkStream:
    """Tries the addresses in turn. Raises what the last of them raised."""
    failure: Exception = ConnectError()
    for address in addresses:
        try:
            stream = await backend.connect_tcp(str(address), port, timeout=seconds_each)
        except (ConnectError, ConnectTimeout) as error:
            failure = error
            continue
        peer = stream.get_extra_info("server_addr")
        if peer and ip_address(peer[0]) == address:
            return stream
        await stream.aclose()
        failure = ConnectError()
    raise failure


class OverheadLimitedStream(AsyncNetworkStream):
    """Ends a response that makes no progress with its body: endless headers or interim responses, or chunks
    smaller than their framing. Parsing those would take a core from the other fetches.
    """

    def __init__(self, stream: AsyncNetworkStream) -> None:
        self._stream = stream
        self._allowance = MAX_OVERHEAD_BYTES

    def earn(self, body_bytes: int) -> None:
        """Raises the allowance: body bytes pay for themselves and for as much overhead again."""
        self._allowance += 2 * body_bytes

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore2's signature
        data = await self._stream.read(min(max_bytes, READ_BYTES), timeout)
        self._allowance -= len(data)
        if self._allowance < 0:
            raise RemoteProtocolError
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
