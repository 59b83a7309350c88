"""The documentation page as a browser shows it, against the local gateway."""

from pathlib import Path

from tests.browser.chromium import ask_chromium
from tests.helpers.local_gateway import LocalGateway


def test_the_documentation_page_shows_every_operation_from_files_that_arrive_compressed(tmp_path: Path) -> None:
    with LocalGateway(tmp_path) as gateway, gateway.client() as client:
        operations = [
            method
            for path in client.get("/openapi.json").json()["paths"].values()
            for method in path
            if method != "parameters"
        ]
        seen = ask_chromium("docs.mjs", {"url": gateway.url})
    print(seen)
    assert seen["operations"] == len(operations)
    assert seen["faults"] == []
    assert seen["margin"] != "0px"
    assert 400_000 < seen["transferred"] < 700_000
