"""What the ledger's tests share: tables of every kind, a deployment, a customer."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count, cycle
from typing import TYPE_CHECKING

import pytest
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable, Fault

from modest.accounts.registry import Registry
from modest.api_keys import hash_of, new_key
from modest.ledger.admission import Admission
from modest.ledger.ledger import Ledger
from modest.ledger.usage import UsageReader
from modest.money import Currency
from modest.plans import Plan
from modest.store.dynamodb import DynamoDBTable, make_client
from modest.store.retries import RetryPolicy
from modest.store.table import Item, Key, Table

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

PLANS = {
    "Tiny": Plan("Tiny", quota=3, rate=1, burst=1, price_usd=Decimal(0)),
    "Ten": Plan("Ten", quota=10, rate=1, burst=1, price_usd=Decimal(0)),
    "Large": Plan("Large", quota=1000, rate=60, burst=60, price_usd=Decimal(94)),
}
LEASE = timedelta(seconds=30)
AWS_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}


def patient_retries() -> RetryPolicy:
    """Returns a policy that gives slow machines and failing tables all the time they need."""
    return RetryPolicy(seconds=30, first_seconds=30, sleep=lambda _seconds: None)


def few_retries(attempts: int = 20) -> RetryPolicy:
    """Returns a policy whose clock ticks once per attempt, so that it gives up after as many on any machine."""
    ticks = count()
    return RetryPolicy(
        seconds=attempts,
        first_seconds=attempts,
        attempt_seconds=1,
        clock=lambda: next(ticks),
        sleep=lambda _seconds: None,
    )


@dataclass(frozen=True)
class Shop:
    """A deployment: its table and clock, its operator's registry, and the ledger of any of its processes."""

    table: Table
    clock: Clock

    @property
    def registry(self) -> Registry:
        return Registry(self.table, PLANS, retries=patient_retries(), now=self.clock)

    @property
    def usage_reader(self) -> UsageReader:
        return UsageReader(self.table, retries=patient_retries())

    def ledger(self, retries: RetryPolicy | None = None, *, digest_days: int = 0) -> Ledger:
        """Returns the ledger of a new process, which remembers nothing."""
        return Ledger(
            self.table,
            PLANS,
            lease=LEASE,
            digests_kept=timedelta(days=digest_days),
            retries=retries or patient_retries(),
            now=self.clock,
        )

    def read(self, *keys: Key) -> list[Item]:
        found = patient_retries().run(lambda: self.table.read(keys))
        return [found[key] for key in keys]

    def customer(
        self, plan: str = "Large", currency: Currency = Currency.USD, discount_percent: Decimal = Decimal(0)
    ) -> "Customer":
        account = self.registry.create(
            f"customer {secrets.token_hex(8)}", plan, currency=currency, discount_percent=discount_percent
        )
        customer = Customer(account.id, hash_of(new_key()))
        self.registry.add_key(account.id, customer.key_hash, "their key")
        return customer


@dataclass(frozen=True)
class Customer:
    account_id: str
    key_hash: str


def admitted(outcome: object) -> Admission:
    assert isinstance(outcome, Admission)
    return outcome


def request_id() -> str:
    return secrets.token_hex(8)


def flaky_table() -> FakeTable:
    """Returns a table that fails four requests out of five, each in a different way."""
    return FakeTable(cycle([Fault.LOST_ANSWER, Fault.CONFLICT, Fault.LOST_REQUEST, Fault.NONE, Fault.THROTTLED]))


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


def dynamodb_table(client: "DynamoDBClient", name: str = "ledger") -> DynamoDBTable:
    """Makes a table as the deployment's template does."""
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return DynamoDBTable(client, name)


def slow_client(endpoint: str | None = None) -> "DynamoDBClient":
    """Returns a client like the service's own, with time for a machine that is busy with other tests."""
    where = {"AWS_ENDPOINT_URL_DYNAMODB": endpoint} if endpoint else {}
    with environment(AWS_ENVIRONMENT | where):
        return make_client(connect_seconds=10, answer_seconds=10)
