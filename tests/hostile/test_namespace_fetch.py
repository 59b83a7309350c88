"""The shipped fetcher on an internet where every address answers: what must never be dialled never is."""

import hashlib
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.hostile.internet import PORTS
from tests.hostile.namespace import Internet, internet

from moderate.fetching.addresses import is_public

VECTORS: dict[str, list[Any]] = tomllib.loads((Path(__file__).parent / "url_vectors.toml").read_text("utf-8"))
ADDRESS = "93.184.216.34"
IMAGE = b"image" * 1000

INSIDE = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.5", "100.64.0.9", "169.254.169.254", "169.254.170.2"),  # noqa: S104
    *("169.254.170.23", "172.16.0.9", "192.168.7.7", "192.0.0.192", "168.63.129.16", "198.18.0.1", "192.88.99.1"),
    *("::1", "::ffff:127.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1"),
    *("2002:7f00:1::1", "2001:0:7f00:1::", "2606:4700::5efe:10.0.0.1", "fd00:ec2::254", "fec0::5", "5f00::1"),
]
NAMES_INSIDE = {f"inside{number}.test": [address] for number, address in enumerate(INSIDE)}
NAMES_MIXED = {f"mixed{number}.test": [ADDRESS, address] for number, address in enumerate(INSIDE)}
FLIPS = {f"flip{run}.test": [[ADDRESS], ["127.0.0.1"]] for run in range(20)}
DEAD = {f"dead{number}.test": None for number in range(16)}
ZONE = {
    **{
        name: [ADDRESS, "2606:2800:220:1::1"]
        for name in ("pub.test", "xn--bcher-kva.test", "xn--i-7iq.test", "example.com")
    },
    "six.test": ["2606:2800:220:1::1"],
    "loop.test": ["127.0.0.1"],
    "alias.test": "loop.test",
    "good-alias.test": "pub.test",
    **NAMES_INSIDE,
    **NAMES_MIXED,
    **FLIPS,
    **DEAD,
}
HOSTS_SERVED = [
    "pub.test",
    "xn--bcher-kva.test",
    "xn--i-7iq.test",
    "example.com",
    "six.test",
    ADDRESS,
    "good-alias.test",
    *FLIPS,
]
REDIRECTS = {
    "pub.test/relative": "/a.jpg",
    "pub.test/up": "https://pub.test/a.jpg",
    "pub.test/down": "http://pub.test/a.jpg",
    "pub.test/loop": "/loop",
    **{f"pub.test/hop{hop}": f"/hop{hop + 1}" for hop in range(5)},
    "pub.test/hop5": "/a.jpg",
    **{f"pub.test/stair{step}": f"/stair{step + 1}" for step in range(4)},
    "pub.test/stair4": "http://169.254.169.254/",
    **{f"pub.test/blocked{number}": url for number, url in enumerate(VECTORS["blocked_url"])},
    **{f"pub.test/{name}": f"http://{name}/a.jpg" for name in NAMES_INSIDE},
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    folder = tmp_path_factory.mktemp("internet")
    image = folder / "image"
    image.write_bytes(IMAGE)
    files = {f"{host}/a.jpg": image for host in HOSTS_SERVED}
    with internet(folder, zone=ZONE, files=files, redirects=REDIRECTS) as running:
        yield running


def fetch(web: Internet, *urls: str) -> dict[str, str]:
    return {outcome["url"]: outcome["result"] for outcome in _probe(web, *urls)}


def _probe(web: Internet, *urls: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.hostile.fetch_probe"]
    outcomes: list[dict[str, Any]] = json.loads(web.run(command, input=json.dumps(urls)))
    return outcomes


def _dialled_inside(web: Internet) -> list[str]:
    return [str(address) for address in web.connections() if not is_public(address)]


@pytest.mark.parametrize(
    "url",
    [
        "http://pub.test/a.jpg",
        "https://pub.test/a.jpg",
        "HTTP://PUB.test./a.jpg#x",
        "http://bücher.test/a.jpg",
        "https://bücher.test/a.jpg",
        "https://example.com/a.jpg",
        "http://six.test/a.jpg",
        "http://good-alias.test/a.jpg",
        f"http://{ADDRESS}/a.jpg",
        "http://pub.test/relative",
        "http://pub.test/up",
        " http://pub.test/a.jpg\n",
        "https://i❤️.test/a.jpg",
        "http://pub.test/hop1",
    ],
)
def test_a_public_url_is_fetched(web: Internet, url: str) -> None:
    assert fetch(web, url) == {url: hashlib.sha256(IMAGE).hexdigest()}


def test_every_url_that_is_blocked_or_invalid_is_refused_with_its_code_and_nothing_inside_is_dialled(
    web: Internet,
) -> None:
    blocked = [url for url in VECTORS["blocked_url"] if "\u0000" not in url]
    assert set(fetch(web, *blocked).values()) == {"BlockedUrl"}
    assert set(fetch(web, *VECTORS["invalid_url"]).values()) == {"InvalidUrl"}
    assert _dialled_inside(web) == []


def test_names_that_lead_inside_alone_or_beside_a_public_address_are_blocked_undialled(web: Internet) -> None:
    urls = [f"http://{name}/a.jpg" for name in (*NAMES_INSIDE, *NAMES_MIXED, "loop.test", "alias.test")]
    assert set(fetch(web, *urls).values()) == {"BlockedUrl"}
    assert _dialled_inside(web) == []


def test_redirects_inside_are_blocked_undialled(web: Internet) -> None:
    urls = [f"http://{page}" for page in REDIRECTS if "/blocked" in page or "/inside" in page]
    assert len(urls) > 80
    results = fetch(web, *urls)
    assert {url for url, result in results.items() if result != "BlockedUrl"} == set()
    assert _dialled_inside(web) == []


def test_a_redirect_down_to_http_or_in_circles_fails(web: Internet) -> None:
    urls = ["https://pub.test/down", "http://pub.test/loop", "http://pub.test/hop0"]
    assert set(fetch(web, *urls).values()) == {"FetchFailed"}


def test_the_last_redirect_that_is_followed_is_checked_like_the_first(web: Internet) -> None:
    assert set(fetch(web, "http://pub.test/stair0").values()) == {"BlockedUrl"}
    assert _dialled_inside(web) == []


def test_a_name_that_flips_to_loopback_is_fetched_from_its_first_answer_and_then_refused(web: Internet) -> None:
    urls = [f"http://{name}/a.jpg" for name in FLIPS]
    assert set(fetch(web, *urls).values()) == {hashlib.sha256(IMAGE).hexdigest()}
    assert set(fetch(web, *urls).values()) == {"BlockedUrl"}
    assert _dialled_inside(web) == []


def test_sixteen_dead_name_servers_do_not_delay_a_good_url(web: Internet) -> None:
    """The good one's time has nothing to do with theirs: if it is ever the shortest, it did not wait for them."""
    quicker = []
    for _ in range(3):
        *dead, good = _probe(web, *[f"http://{name}/" for name in DEAD], "http://pub.test/a.jpg")
        assert {outcome["result"] for outcome in dead} == {"FetchFailed"}
        assert good["result"] == hashlib.sha256(IMAGE).hexdigest()
        quicker.append(good["seconds"] < min(outcome["seconds"] for outcome in dead))
    assert any(quicker)


def test_a_name_that_does_not_exist_fails(web: Internet) -> None:
    assert fetch(web, "http://nowhere.test/") == {"http://nowhere.test/": "FetchFailed"}


def test_the_canaries_sing_when_they_are_dialled(web: Internet) -> None:
    before = len(web.connections())
    web.dial(INSIDE)
    dialled = web.connections()[before:]
    assert len(dialled) == len(PORTS) * len(INSIDE)
    assert not any(map(is_public, dialled))
