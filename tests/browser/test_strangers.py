"""What other pages in the same browser can do to the local gateway: nothing. `make browser` runs this."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.browser.chromium import ask_chromium
from tests.helpers.ledgers import environment
from tests.helpers.local_gateway import LocalGateway

from modest.store.dynamodb import make_client

Items = list[dict[str, Any]]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGateway]:
    with LocalGateway(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def before_and_after(gateway: LocalGateway) -> tuple[Items, dict[str, dict[str, Any]], Items]:
    """The ledger before, what the pages got, and the ledger after."""
    before = ledger_of(gateway)
    given = {"url": gateway.url, "aws": gateway.aws_url, "key": gateway.key("mega")}
    return before, ask_chromium("strangers.mjs", given), ledger_of(gateway)


def ledger_of(gateway: LocalGateway) -> Items:
    with environment(gateway.aws_environment):
        client = make_client(connect_seconds=5, answer_seconds=10)
    return [dict(item) for item in client.scan(TableName="modest-Ledger")["Items"]]


def test_a_page_on_another_port_reads_nothing(before_and_after: tuple[Items, dict[str, Any], Items]) -> None:
    _, got, _ = before_and_after
    for target in ("gateway", "aws"):
        answers = got[f"{target} from another port"]
        assert answers.pop("blind") == "opaque"
        assert answers.pop("picture") == "not shown"
        assert set(answers.values()) == {"TypeError"}, answers


def test_a_page_under_a_stolen_name_gets_only_refusals(before_and_after: tuple[Items, dict[str, Any], Items]) -> None:
    _, got, _ = before_and_after
    for target, status in (("gateway", 400), ("aws", 403)):
        answers = got[f"{target} under a stolen name"]
        assert answers.pop("picture") == "not shown"
        assert set(answers.values()) == {status}, answers


def test_the_ledger_is_as_it_was(before_and_after: tuple[Items, dict[str, Any], Items]) -> None:
    before, _, after = before_and_after
    assert after == before
    assert len(before) > 4
