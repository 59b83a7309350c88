"""Listed hosts in all their spellings, in URLs and in redirects: none is looked up or dialled."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.lists import listing
from tests.helpers.support import attempt
from tests.hostile.test_redirect_mazes import AFTER, BEFORE, EDGES, PATHS, PUBLIC, SCHEMES, Maze

from moderate.blocking.hits import PolicyViolation, refuse
from moderate.fetching.fetcher import Fetcher
from modest.errors import PublicError

LISTS = listing(
    *("host listed.test", "host bücher.test", "host 😀.test", "host faß.test"),
    *("host 93.184.216.35", "host [2606:2800:220:1::35]"),
)
NAMES = ("listed.test", "xn--bcher-kva.test", "xn--e28h.test", "xn--fa-hia.test")
ADDRESSES = ("93.184.216.35", "2606:2800:220:1::35")
SPELLINGS = (
    *("listed.test", "LISTED.TEST", "Listed.test.", "listed\u3002test", "listed\uff0etest\uff61", "\uff4cisted.test"),
    *("li\u00adsted.test", "listed\u200b.test", "\u24db\u24d8\u24e2\u24e3\u24d4\u24d3.test", "\u217cisted.test"),
    *("a.listed.test", "A.b.LISTED.test.", "xn--bcher-kva.listed.test", "_a.listed.test", "1.listed.test"),
    *(
        "bücher.test",
        "BÜCHER.test",
        "bu\u0308cher.test",
        "xn--bcher-kva.test",
        "XN--Bcher-KVA.test.",
        "a.Bu\u0308cher.test",
    ),
    *("😀.test", "\U0001f600\ufe0f.test", "xn--e28h.test", "faß.test", "FAẞ.test", "xn--fa-hia.test"),
    *("93.184.216.35", "93.184.216.35.", "\uff19\uff13.184.216.35", "93\u3002184\u3002216\u300235"),
    *("[2606:2800:220:1::35]", "[2606:2800:0220:0001:0:0:0:0035]", "[2606:2800:220:1::0.0.0.53]"),
    "[2606:2800:220:1:0000::0035]",
)
# Other hosts, though they look much like those, and other ways to write an address, which are no hosts at all.
OTHERS = ("pub.test", "notlisted.test", "listed.test.pub.test", "listed.tests", "93.184.216.3", "0135.184.216.35")

urls = st.tuples(*map(st.sampled_from, (EDGES, SCHEMES, BEFORE, SPELLINGS + OTHERS, AFTER, PATHS))).map("".join)
locations = st.builds(
    lambda url, encoding: url.encode(encoding, "replace").replace(b"\0", b""),
    urls,
    st.sampled_from(("utf-8", "utf-8", "latin-1")),
)


def follow(url: str, redirects: Sequence[bytes]) -> tuple[bytes | PublicError, list[str]]:
    """Returns what came of it, and which hosts were looked up and which addresses dialled."""
    seen: list[str] = []

    async def resolve(host: str) -> list[str]:
        seen.append(host.lower().rstrip("."))
        return [PUBLIC]

    maze = Maze(list(redirects))
    fetcher = Fetcher(backend=maze, resolve=resolve, refuse_host=lambda host: refuse(LISTS.find_host(host), "0" * 64))
    outcome = attempt(lambda: asyncio.run(fetcher.fetch(url)))
    return outcome, seen + [address for address, _ in maze.dialled]


def is_listed(seen: str) -> bool:
    return seen in ADDRESSES or any(seen == name or seen.endswith(f".{name}") for name in NAMES)


@pytest.mark.parametrize("host", SPELLINGS)
@pytest.mark.parametrize("url", ["http://{}/a.png", "https://{}:443", "HTTP://{}:80/#a", " http://{}?a\t"])
def test_a_listed_host_is_known_by_each_spelling(host: str, url: str) -> None:
    outcome, seen = follow(url.format(host), [])
    assert (type(outcome), seen) == (PolicyViolation, [])
    outcome, seen = follow("http://pub.test/", [b"/b", f"//{host}/a".encode()])
    assert (type(outcome), set(seen)) == (PolicyViolation, {"pub.test", PUBLIC})


@pytest.mark.parametrize("host", OTHERS[:-1])
def test_a_host_that_only_looks_like_a_listed_one_is_fetched_from(host: str) -> None:
    assert follow(f"http://{host}/", [])[0] == b""


@settings(max_examples=1000)
@given(st.just("http://pub.test/") | urls, st.lists(locations, max_size=3))
def test_no_way_leads_to_a_listed_host(url: str, redirects: list[bytes]) -> None:
    outcome, seen = follow(url, redirects)
    assert isinstance(outcome, bytes | PublicError)
    assert not any(map(is_listed, seen)), seen
