"""Prints the OpenAPI document of a service that sells plans, which is the one with all routes."""

from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable
from tests.helpers.ledgers import Shop
from tests.helpers.support import serve

if __name__ == "__main__":
    print(serve(ledger=Shop(FakeTable(), Clock()).ledger()).client.get("/openapi.json").text)
