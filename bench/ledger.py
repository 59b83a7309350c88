"""Runs a ledger for the benchmarks: DynamoDB Local, Amazon's own engine, with one account on a very large plan."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal

from tests.helpers.ledgers import AWS_ENVIRONMENT, dynamodb_table, slow_client
from tests.integration.dynamodb_local.server import dynamodb_local

from bench.events import KEY_HASH
from modest.accounts.registry import Registry
from modest.plans import Plan

_TABLE = "ledger"
_PLAN = Plan("Bench", quota=1_000_000_000, rate=1, burst=1, price_usd=Decimal(0))
_PLANS = json.dumps({_PLAN.name: {"quota": _PLAN.quota, "rate": 1, "burst": 1, "price_usd": 0}})
WITHOUT = {"LEDGER_TABLE": ""}


@contextmanager
def running(host: str = "127.0.0.1") -> Iterator[Mapping[str, str]]:
    """Yields the environment variables for the service. host: the name by which the service reaches this machine."""
    with dynamodb_local() as endpoint:
        table = dynamodb_table(slow_client(endpoint), _TABLE)
        registry = Registry(table, {_PLAN.name: _PLAN})
        registry.add_key(registry.create("bench", _PLAN.name).id, KEY_HASH, "bench")
        yield {
            **AWS_ENVIRONMENT,
            "AWS_ENDPOINT_URL_DYNAMODB": endpoint.replace("127.0.0.1", host),
            "LEDGER_TABLE": _TABLE,
            "PLANS": _PLANS,
            # DynamoDB Local shares the cores that are measured, so it is sometimes slower than DynamoDB.
            "LEDGER_SECONDS": "2",
        }
