"""The ledger's table, in each of the engines that it must behave the same on."""

from collections.abc import Iterator

import pytest
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable
from tests.helpers.ledgers import Shop, dynamodb_table, flaky_table, slow_client
from tests.helpers.local_gateway import in_memory
from tests.integration.dynamodb_local.server import dynamodb_local

from modest.store.dynamodb import DynamoDBTable
from modest.store.table import Table
from modest_local.aws import LocalAws
from modest_local.rows import SCHEMA


@pytest.fixture(scope="session")
def dynamodb_endpoint() -> Iterator[str]:
    with dynamodb_local() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def dynamodb(dynamodb_endpoint: str) -> DynamoDBTable:
    return dynamodb_table(slow_client(dynamodb_endpoint))


@pytest.fixture(scope="module", params=["fake", "flaky", "local", "dynamodb"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """One for all tests of a module: each works on accounts of its own."""
    match request.param:
        case "fake":
            yield FakeTable()
        case "flaky":
            yield flaky_table()
        case "local":
            with in_memory(SCHEMA) as rows:
                yield dynamodb_table(LocalAws(rows).dynamodb())
        case "dynamodb":
            yield request.getfixturevalue("dynamodb")


@pytest.fixture
def shop(table: Table) -> Shop:
    return Shop(table, Clock())
