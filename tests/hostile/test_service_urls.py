"""URLs that lead inside, through every place where the service takes one: the connections that they cause, counted."""

import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.support import MOSAICS
from tests.hostile.namespace import Internet, internet
from tests.hostile.service import ServiceProcess, serving
from tests.hostile.slots import DOCUMENT, FETCHING, SLOTS, WITHOUT_IMAGES, WITHOUT_URLS, Slot, code_of, keyed_operations
from tests.hostile.test_namespace_fetch import INSIDE

from moderate.fetching.addresses import IPAddress, is_public
from moderate.fetching.urls import MAX_URL_LENGTH

VECTORS: dict[str, list[Any]] = tomllib.loads((Path(__file__).parent / "url_vectors.toml").read_text("utf-8"))
ADDRESS = "93.184.216.34"
RUNS = 20

# Where images are wanted, an empty string is no image and a data URL is one.
INVALID = [url for url in VECTORS["invalid_url"] if url and not url.startswith("data:")]
BLOCKED = VECTORS["blocked_url"]
ALONE = {f"inside{number}.test": [address] for number, address in enumerate(INSIDE)}
MIXED = {f"mixed{number}.test": [ADDRESS, address] for number, address in enumerate(INSIDE)}
ALIASES = {"loop.test": ["127.0.0.1"], "alias.test": "loop.test"}
REBINDING = [f"flip{place}-{run}.test" for place in range(len(FETCHING)) for run in range(RUNS)]
ZONE = {
    "pub.test": [ADDRESS],
    **ALONE,
    **MIXED,
    **ALIASES,
    **{name: [[ADDRESS], ["127.0.0.1"]] for name in REBINDING},
}
TO_BLOCKED = {f"pub.test/blocked{number}": url for number, url in enumerate(BLOCKED)}
TO_NAMES = {f"pub.test/{name}": f"http://{name}/a.png" for name in (*ALONE, *MIXED, *ALIASES)}
TO_ITSELF = {f"{name}/again": "/a.png" for name in REBINDING}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    files = {f"{name}/a.png": MOSAICS / "neutral.png" for name in ("pub.test", *REBINDING)}
    redirects = TO_BLOCKED | TO_NAMES | TO_ITSELF
    with internet(tmp_path_factory.mktemp("internet"), zone=ZONE, files=files, redirects=redirects) as running:
        yield running


@pytest.fixture(scope="module")
def service(web: Internet, tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Iterator[ServiceProcess]:
    with serving(web, tmp_path_factory.mktemp("service"), model_path) as running:
        yield running
        calls = running.stdout.read_text().count('"message":"call"')
        print(f"{calls} calls, {len(web.connections())} connections, {len(dialled_inside(web))} of them inside")


every_fetching_slot = pytest.mark.parametrize("slot", FETCHING, ids=str)


def answers(service: ServiceProcess, slot: Slot, urls: Iterable[str]) -> dict[str, tuple[int, str | None]]:
    """URL -> status and code; each of them must be in the document."""

    def ask(url: str) -> tuple[int, str | None]:
        answer = slot.ask(service.client, url)
        assert answer.is_success or slot.documents(answer), (url, answer.text)
        return answer.status_code, code_of(answer)

    urls = list(urls)
    with ThreadPoolExecutor(4) as several:
        return dict(zip(urls, several.map(ask, urls), strict=True))


def assert_all(service: ServiceProcess, slot: Slot, urls: Iterable[str], status: int, code: str | None = None) -> None:
    found = answers(service, slot, urls)
    assert {url: answer for url, answer in found.items() if answer != (status, code)} == {}


def dialled_inside(web: Internet) -> list[IPAddress]:
    return [address for address in web.connections() if not is_public(address)]


def test_every_operation_that_takes_an_image_has_a_place_for_its_url() -> None:
    operations = {(method, path) for method, path, _ in keyed_operations()} - WITHOUT_IMAGES - WITHOUT_URLS
    assert operations <= {(slot.method, slot.path) for slot in FETCHING}


def test_the_service_documents_the_routes_that_are_attacked_here(service: ServiceProcess) -> None:
    served = service.client.get("/openapi.json").json()["paths"]
    assert {path: set(served[path]) for path in served} == {
        path: set(DOCUMENT["paths"][path]) for path in DOCUMENT["paths"]
    }


@every_fetching_slot
def test_a_public_url_is_fetched(service: ServiceProcess, slot: Slot) -> None:
    assert_all(service, slot, ["http://pub.test/a.png", "https://pub.test/a.png"], slot.success)


@every_fetching_slot
def test_an_invalid_url_is_refused_undialled(web: Internet, service: ServiceProcess, slot: Slot) -> None:
    too_long = "http://pub.test/".ljust(MAX_URL_LENGTH + 1, "a")
    assert_all(service, slot, [*INVALID, too_long], 400, "invalid_url")
    assert dialled_inside(web) == []


@every_fetching_slot
def test_a_blocked_url_is_refused_undialled(web: Internet, service: ServiceProcess, slot: Slot) -> None:
    assert_all(service, slot, BLOCKED, 400, "blocked_url")
    assert dialled_inside(web) == []


@every_fetching_slot
def test_a_name_that_leads_inside_is_refused_undialled(web: Internet, service: ServiceProcess, slot: Slot) -> None:
    urls = [f"http://{name}/a.png" for name in (*ALONE, *MIXED, *ALIASES)]
    assert_all(service, slot, urls, 400, "blocked_url")
    assert dialled_inside(web) == []


@every_fetching_slot
def test_a_redirect_inside_is_refused_undialled(web: Internet, service: ServiceProcess, slot: Slot) -> None:
    urls = [f"http://{page}" for page in (*TO_BLOCKED, *TO_NAMES)]
    assert_all(service, slot, urls, 400, "blocked_url")
    assert dialled_inside(web) == []


@every_fetching_slot
def test_a_name_that_flips_to_loopback_is_never_followed_there(
    web: Internet, service: ServiceProcess, slot: Slot
) -> None:
    place = FETCHING.index(slot)
    names = [f"flip{place}-{run}.test" for run in range(RUNS)]
    fetched, redirected = names[: RUNS // 2], names[RUNS // 2 :]
    assert_all(service, slot, [f"http://{name}/a.png" for name in fetched], slot.success)
    assert_all(service, slot, [f"http://{name}/a.png" for name in fetched], 400, "blocked_url")
    assert_all(service, slot, [f"http://{name}/again" for name in redirected], 400, "blocked_url")
    assert dialled_inside(web) == []


@pytest.mark.parametrize("slot", [slot for slot in SLOTS if not slot.fetches], ids=str)
def test_a_place_for_data_urls_alone_dials_nothing_at_all(web: Internet, service: ServiceProcess, slot: Slot) -> None:
    before = len(web.connections())
    assert_all(service, slot, ["http://pub.test/a.png", *BLOCKED, *ALONE], 400, "invalid_base64")
    assert len(web.connections()) == before
