"""Hosts, user names, zones, encodings and redirects put together by chance: nothing inside is ever dialled."""

import asyncio
from ipaddress import ip_address

from httpcore2 import AsyncMockStream, AsyncNetworkBackend
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.support import attempt

from moderate.fetching.fetcher import Fetcher
from moderate.fetching.urls import WEB_PORTS
from modest.errors import PublicError

PUBLIC = "93.184.216.34"
INSIDE = (
    *("127.0.0.1", "10.0.0.5", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[fe80::1]", "[fe80::1%25lo]"),
    *("[64:ff9b::7f00:1]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "localhost", "a.localhost"),
    *("\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "127\u30020\u30020\u30021", "\uff11\uff12\uff17.0.0.1"),
    *("\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54", "loc\u00adalhost", "local\u200bhost", "inside.test"),
    *("169\uff0e254\uff61169.254", "localhost\ufe0f", "\U0001d7cf\U0001d7d0\U0001d7d5.0.0.1"),
)
OUTSIDE = ("pub.test", "PUB.test.", "\U0001f600.test", "\u2764\ufe0f.test", "\u00fc.test", "\u24df\u24e4b.test")
SCHEMES = (
    *("http://", "http://", "http://", "HTTP://", "http:/", "http:", "http:///", "http:\\\\", "ht\ttp://", "file://"),
    *("\uff48ttp://", "http\uff1a//", "http://http://", "//", "\\\\", "/\\", "///", "/", "../", "?"),
)
BEFORE = (
    *(
        "",
        "",
        "",
        "user@",
        "user:p@",
        "pub.test@",
        "pub.test%40",
        "pub.test#@",
        "pub.test\\@",
        "pub.test?@",
        "pub.test/@",
    ),
    *("pub.test\uff20", "pub.test\uff0f", "pub.test\uff0e", "%40", ";"),
)
AFTER = ("", "", "", ":80", ":443", ":22", ":", "%00.pub.test", "%2e", "\uff0epub.test", "\uff1a80", ":80:80", "%25lo")
PATHS = ("/", "", "/a.png", "?x=1", "#y", "/\ufeff", "/\u00e9", "//127.0.0.1/")
EDGES = ("", "", " ", "\t", "\u00a0", "\u3000")

urls = st.tuples(*map(st.sampled_from, (EDGES, SCHEMES, BEFORE, INSIDE + OUTSIDE, AFTER, PATHS))).map("".join)
locations = st.builds(
    lambda url, encoding: url.encode(encoding, "replace").replace(b"\0", b""),
    urls,
    st.sampled_from(("utf-8", "utf-8", "latin-1", "utf-16-le")),
)


class Stream(AsyncMockStream):
    """The connection to an address that redirects once."""

    def __init__(self, address: str, location: bytes | None) -> None:
        head = b"200 OK" if location is None else b"302 Found\r\nLocation: " + location
        super().__init__([b"HTTP/1.1 " + head + b"\r\nContent-Length: 0\r\n\r\n"])
        self._address = address

    def get_extra_info(self, info: str) -> object:
        return (self._address, 80) if info == "server_addr" else None


class Maze(AsyncNetworkBackend):
    """Redirects from place to place, and keeps what was dialled."""

    def __init__(self, redirects: list[bytes]) -> None:
        self._redirects = iter(redirects)
        self.dialled: list[tuple[str, int]] = []

    async def connect_tcp(self, host: str, port: int, **_: object) -> Stream:  # type: ignore[override]
        self.dialled.append((host, port))
        return Stream(host, next(self._redirects, None))


async def resolve(host: str) -> list[str]:
    return [PUBLIC, "127.0.0.1"] if "inside" in host else [PUBLIC]


@settings(max_examples=1000)
@given(st.just("http://pub.test/") | urls, st.lists(locations, max_size=3))
def test_no_way_leads_inside(url: str, redirects: list[bytes]) -> None:
    maze = Maze(redirects)
    fetched = attempt(lambda: asyncio.run(Fetcher(backend=maze, resolve=resolve).fetch(url)))
    assert isinstance(fetched, bytes | PublicError)
    # None of the addresses inside is one that Python takes for a global one.
    assert all(ip_address(host).is_global and port in WEB_PORTS for host, port in maze.dialled), maze.dialled
