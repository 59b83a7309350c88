"""The ledger's table, in each of the engines that it must behave the same on."""

from collections.abc import Iterator

import pytest
from moto import mock_aws
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable
from tests.helpers.ledgers import Shop, dynamodb_table, flaky_table, slow_client
from tests.integration.dynamodb_local.server import dynamodb_local

from modest.store.dynamodb import DynamoDBTable
from modest.store.table import Table


@pytest.fixture(scope="session")
def dynamodb_endpoint() -> Iterator[str]:
    with dynamodb_local() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def dynamodb(dynamodb_endpoint: str) -> DynamoDBTable:
    return dynamodb_table(slow_client(dynamodb_endpoint))


@pytest.fixture(scope="module", params=["fake", "flaky", "moto", "dynamodb"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """One for all tests of a module: each works on accounts of its own."""
    match request.param:
        case "fake":
            yield FakeTable()
        case "flaky":
            yield flaky_table()
        case "moto":
            with mock_aws():
                yield dynamodb_table(slow_client())
        case "dynamodb":
            yield request.getfixturevalue("dynamodb")


@pytest.fixture
def shop(table: Table) -> Shop:
    return Shop(table, Clock())
