"""Fetches a URL from the public web, and from nowhere else, within a deadline and a size limit.

Each hop is parsed, resolved and connected to separately: always to a checked address, never to a name.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from functools import cached_property
from ipaddress import ip_address

from httpcore2 import (
    URL,
    AnyIOBackend,
    AsyncHTTP11Connection,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    NetworkError,
    ProtocolError,
    Response,
    TimeoutException,
)

from moderate.fetching.addresses import IPAddress, is_public
from moderate.fetching.connection import OverheadLimitedStream, connect
from moderate.fetching.inflating import Inflater
from moderate.fetching.resolver import SystemResolver
from moderate.fetching.responses import (
    URL_DEADLINE_SECONDS,
    FetchFailed,
    FetchTimeout,
    coding_of,
    redirect_target,
    refuse_unusable,
    values_of,
)
from moderate.fetching.self_reference import VIA, user_agent
from moderate.fetching.urls import WEB_PORTS, BlockedUrl, Target, parse
from moderate.images.formats import FORMATS
from moderate.sources import MAX_FETCHED_BYTES, too_large_to_fetch
from moderate.version import VERSION

MAX_REDIRECTS = 5
MAX_ADDRESSES_TRIED = 6

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ACCEPT = ",".join([*(image_format.content_types[0] for image_format in FORMATS), "*/*;q=0.5"])
# How h11 begins or ends its reports of a header that it cannot read.
_BAD_HEADER = ("illegal header line", "continuation line")

Resolve = Callable[[str], Awaitable[Sequence[str]]]


class Fetcher:
    def __init__(
        self,
        *,
        allowed_ports: frozenset[int] = WEB_PORTS,
        url_deadline: float = URL_DEADLINE_SECONDS,
        max_bytes: int = MAX_FETCHED_BYTES,
        max_redirects: int = MAX_REDIRECTS,
        agent: str = user_agent(VERSION),
        refuse_host: Callable[[str], None] = lambda _: None,
        resolve: Resolve | None = None,
        backend: AsyncNetworkBackend | None = None,
    ) -> None:
        """refuse_host: raises if nothing may be fetched from a host; called before the host is looked up.
        resolve: returns the addresses of a host as text; they are checked before use.
        backend: opens connections; it only ever gets checked addresses.
        """
        self._allowed_ports = allowed_ports
        self._url_deadline = url_deadline
        self._max_bytes = max_bytes
        self._max_redirects = max_redirects
        self._agent = agent
        self._refuse_host = refuse_host
        self._resolve = resolve or SystemResolver()
        self._backend = backend or AnyIOBackend()

    async def fetch(self, url: str) -> bytes:
        """Raises InvalidUrl, BlockedUrl, FetchFailed, FetchTimeout, ImageTooLarge, or what refuse_host does."""
        target = parse(url, allowed_ports=self._allowed_ports)
        # The errors are raised without their cause, because its text contains addresses.
        try:
            async with asyncio.timeout(self._url_deadline):
                return await self._follow(target)
        except (TimeoutError, TimeoutException) as error:
            raise FetchTimeout(self._url_deadline, detail=type(error).__name__) from None
        except (NetworkError, ProtocolError, OSError) as error:
            raise _failure(error) from None

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """The context is made on first use, since that takes some milliseconds."""
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        return context

    async def _follow(self, target: Target) -> bytes:
        for _ in range(self._max_redirects + 1):
            answer = await self._get(target)
            if isinstance(answer, bytes):
                return answer
            target = answer
        raise FetchFailed(f"The URL redirects more than {self._max_redirects} times. Use its final address.")

    async def _get(self, target: Target) -> bytes | Target:
        """Returns the body, or where a redirect leads."""
        self._refuse_host(target.host)
        addresses = [target.address] if target.address else await self._look_up(target.host)
        # Each address gets an equal share of the deadline, and so does the response.
        share = self._url_deadline / (len(addresses) + 1)
        async with aclosing(await connect(self._backend, addresses, target.port, seconds_each=share)) as tcp:
            stream = OverheadLimitedStream(await self._secure(tcp, target))
            url = URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
            connection = AsyncHTTP11Connection(url.origin, stream)
            async with connection.stream("GET", url, headers=self._request_headers(target)) as response:
                if response.status in _REDIRECTS:
                    return redirect_target(target, response.headers, self._allowed_ports)
                refuse_unusable(response.status, response.headers)
                return await self._read_body(response, stream)

    async def _secure(self, tcp: AsyncNetworkStream, target: Target) -> AsyncNetworkStream:
        if target.scheme == "http":
            return tcp
        try:
            return await tcp.start_tls(self.tls, target.host)
        except NetworkError as error:
            raise FetchFailed(
                "The image's server has no TLS certificate that is valid for this URL, or does not support TLS.",
                detail=type(error).__name__,
            ) from None

    async def _look_up(self, host: str) -> list[IPAddress]:
        try:
            answers = await self._resolve(host)
        except OSError as error:
            raise FetchFailed(
                "The URL's host name could not be resolved. Check its spelling.", detail=type(error).__name__
            ) from None
        return judge_addresses(answers)

    async def _read_body(self, response: Response, stream: OverheadLimitedStream) -> bytes:
        if any(int(length) > self._max_bytes for length in values_of(response.headers, b"content-length")):
            raise too_large_to_fetch(self._max_bytes)
        coding = coding_of(response.headers)
        inflater = Inflater(coding) if coding else None
        body = bytearray()
        received = 0
        async for chunk in response.aiter_stream():
            stream.earn(len(chunk))
            received += len(chunk)
            left = self._max_bytes + 1 - len(body)
            # On a thread, because a few bytes may hold megabytes.
            body += await asyncio.to_thread(inflater.add, chunk, left) if inflater else chunk
            if max(received, len(body)) > self._max_bytes:
                raise too_large_to_fetch(self._max_bytes)
        if inflater:
            inflater.end()
        return bytes(body)

    def _request_headers(self, target: Target) -> list[tuple[str, str]]:
        return [
            ("Host", target.authority),
            ("User-Agent", self._agent),
            ("Accept", _ACCEPT),
            ("Accept-Encoding", "identity"),
            ("Via", VIA),
            ("Connection", "close"),
        ]


def _failure(error: Exception) -> FetchFailed:
    detail = type(error).__name__
    if any(sign in str(error) for sign in _BAD_HEADER):
        return FetchFailed(
            "The image's server sent a malformed header line, so its response cannot be read. Send the image itself.",
            detail=detail,
        )
    return FetchFailed(
        "The image's server could not be reached, or ended its response early. Check the URL, then try again.",
        detail=detail,
    )


def judge_addresses(answers: Iterable[str]) -> list[IPAddress]:
    """Returns the addresses to try, in order. Raises BlockedUrl if any of them is not public."""
    addresses = [ip_address(answer) for answer in dict.fromkeys(answers)]
    if not all(map(is_public, addresses)):
        raise BlockedUrl(
            "The URL's host name leads to an address that is not on the public internet. Use a public host."
        )
    # A Lambda outside a VPC reaches nothing over IPv6.
    return sorted(addresses, key=lambda address: address.version)[:MAX_ADDRESSES_TRIED]
