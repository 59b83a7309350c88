"""The documentation page as a browser shows it, against the local gateway."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.browser.chromium import ask_chromium
from tests.helpers.local_gateway import LocalGateway

Operations = set[str]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Operations, dict[str, Any]]]:
    """The operations of the document, and what the page shows and does."""
    folder = tmp_path_factory.mktemp("gateway")
    with LocalGateway(folder) as gateway, gateway.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
        yield (
            {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods},
            ask_chromium("docs.mjs", {"url": gateway.url, "key": gateway.key("mega")}),
        )


def test_the_page_comes_from_files_that_arrive_compressed(shown: tuple[Operations, dict[str, Any]]) -> None:
    _, seen = shown
    print(seen)
    assert seen["faults"] == []
    assert seen["margin"] != "0px"
    assert seen["logo"]
    assert 400_000 < seen["transferred"] < 700_000


def test_execute_works_for_every_operation_as_it_stands(shown: tuple[Operations, dict[str, Any]]) -> None:
    operations, seen = shown
    wanted = dict.fromkeys(operations, 200) | {"POST /v1/gate": 204}
    assert {name: answer["status"] for name, answer in seen["answers"].items()} == wanted


def test_no_call_has_an_idempotency_key_that_others_would_have_too(shown: tuple[Operations, dict[str, Any]]) -> None:
    _, seen = shown
    assert {answer["idempotencyKey"] for answer in seen["answers"].values()} == {None}
