"""Every keyed route, asked in every way that is not one valid key: one answer for all, and nothing done."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.helpers.support import MOSAICS
from tests.hostile.namespace import Internet, internet
from tests.hostile.service import ServiceProcess, serving
from tests.hostile.slots import FETCHING, Slot

from modest.api_keys import hash_of, new_key

ADDRESS = "93.184.216.34"
URL = "https://pub.test/a.png"
KNOWN, HASHED, UNKNOWN = new_key(), new_key(), new_key()

Headers = list[tuple[str, str]]

ACCEPTED: dict[str, Headers] = {
    "x-api-key": [("x-api-key", KNOWN)],
    "x-oanor-key": [("x-oanor-key", KNOWN)],
    "bearer": [("Authorization", f"Bearer {KNOWN}")],
    "a key of which the file holds the hash": [("x-api-key", HASHED)],
    "a key beside another service's": [("x-api-key", KNOWN), ("authorization", "Bearer eyJ4.eyJ5.c2ln")],
    "one key three times": [("x-api-key", KNOWN), ("x-oanor-key", KNOWN), ("authorization", f"bearer {KNOWN}")],
}
REFUSED: dict[str, Headers] = {
    "none": [],
    "empty": [("x-api-key", "")],
    "unknown": [("x-api-key", UNKNOWN)],
    "cut short": [("x-api-key", KNOWN[:-1])],
    "a wrong checksum": [("x-api-key", KNOWN[:-1] + ("0" if KNOWN[-1] != "0" else "1"))],
    "another case": [("x-api-key", KNOWN.swapcase())],
    "its hash": [("x-api-key", hash_of(KNOWN))],
    "two keys": [("x-api-key", KNOWN), ("x-oanor-key", HASHED)],
    "two keys in one header": [("x-api-key", f"{KNOWN}, {HASHED}")],
    "one header twice": [("x-api-key", KNOWN), ("x-api-key", UNKNOWN)],
    "a known and a broken one": [("x-api-key", KNOWN), ("authorization", f"Bearer {KNOWN[:-1]}")],
    "basic": [("Authorization", f"Basic {KNOWN}")],
    "no scheme": [("Authorization", KNOWN)],
    "a cookie": [("Cookie", f"x-api-key={KNOWN}")],
    "what API Gateway would add": [("x-amzn-request-context", f'{{"authorizer":{{"keyHash":"{hash_of(KNOWN)}"}}}}')],
}
NO_KEY_NEEDED = ["/health", "/openapi.json", "/docs"]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    files = {"pub.test/a.png": MOSAICS / "neutral.png"}
    with internet(tmp_path_factory.mktemp("internet"), zone={"pub.test": [ADDRESS]}, files=files) as running:
        yield running


@pytest.fixture(scope="module")
def service(web: Internet, tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Iterator[ServiceProcess]:
    folder = tmp_path_factory.mktemp("service")
    keys = folder / "keys"
    keys.write_text(f"{KNOWN}\n{hash_of(HASHED)}\n")
    with serving(web, folder, model_path, "--keys", str(keys)) as running:
        yield running


def essence(answer: httpx2.Response) -> object:
    """An answer without what differs from call to call."""
    body = answer.json()
    headers = {name for name in answer.headers if name != "date"}
    return answer.status_code, sorted(headers), body | dict.fromkeys(("requestId", "meta"))


@pytest.mark.parametrize("headers", ACCEPTED.values(), ids=ACCEPTED)
@pytest.mark.parametrize("slot", FETCHING, ids=str)
def test_a_known_key_is_let_in_from_each_header(service: ServiceProcess, slot: Slot, headers: Headers) -> None:
    assert slot.ask(service.client, URL, headers).is_success


@pytest.mark.parametrize("slot", FETCHING, ids=str)
def test_anything_else_gets_one_and_the_same_401_and_nothing_is_fetched(
    web: Internet, service: ServiceProcess, slot: Slot
) -> None:
    before = len(web.connections())
    answers = {name: slot.ask(service.client, URL, headers) for name, headers in REFUSED.items()}
    assert len(web.connections()) == before
    expected = essence(answers["none"])
    assert answers["none"].status_code == 401
    assert slot.documents(answers["none"])
    assert {name for name, answer in answers.items() if essence(answer) != expected} == set()


@pytest.mark.parametrize("name", ["x-api-key", "x_api_key", "api_key", "key", "authorization"])
def test_a_key_in_the_url_is_no_key(service: ServiceProcess, name: str) -> None:
    answer = service.client.get("/v1/check", params={"url": URL, name: KNOWN})
    assert answer.status_code == 401
    assert KNOWN not in answer.text


@pytest.mark.parametrize("path", NO_KEY_NEEDED)
def test_the_services_own_routes_ask_for_no_key(service: ServiceProcess, path: str) -> None:
    assert service.client.get(path).status_code == 200
