"""A deployment with moto in API Gateway's place, where commands can be cut off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable
from tests.helpers.local_gateway import in_memory

from modest.accounts.registry import Registry
from modest.api_keys import hash_of
from modest.ledger.admission import Admission
from modest.ledger.ledger import Ledger
from modest.plans import Plan, Plans, plans_from_json
from modest_cli.gateway_keys import GatewayKeys
from modest_cli.keyring import Keyring
from modest_local.aws import LocalAws
from modest_local.rows import SCHEMA

PLANS: Plans = plans_from_json(
    '{"Free": {"quota": 5, "rate": 1, "burst": 1, "price_usd": 0},'
    ' "Pro": {"quota": 9, "rate": 20, "burst": 20, "price_usd": 37}}'
)


class CutOff(Exception):
    """Raised to end a command as if its process had been killed."""


class World:
    """A deployment with moto in API Gateway's place."""

    def __init__(self, aws: LocalAws) -> None:
        self.clock = Clock()
        self.client = aws.apigateway()
        self.plan_ids = {name: self._usage_plan(plan) for name, plan in PLANS.items()}
        self.table = table = FakeTable()
        self.gateway = GatewayKeys(self.client, self.plan_ids)
        self.registry = Registry(table, PLANS, now=self.clock)
        self.ledger = Ledger(table, PLANS, lease=timedelta(seconds=30), now=self.clock)
        self.keyring = Keyring(self.registry, self.gateway, now=self.clock)

    @classmethod
    @contextmanager
    def open(cls) -> Iterator["World"]:
        with in_memory(SCHEMA) as rows:
            world = cls(LocalAws(rows))
            yield world
            for key in world.gateway.list_all():
                world.gateway.delete(key.id)
            for plan_id in world.plan_ids.values():
                world.client.delete_usage_plan(usagePlanId=plan_id)

    def _usage_plan(self, plan: Plan) -> str:
        return self.client.create_usage_plan(
            name=plan.name,
            quota={"limit": plan.quota, "period": "MONTH"},
            throttle={"rateLimit": plan.rate, "burstLimit": plan.burst},
        )["id"]

    def at_gateway(self) -> dict[str, tuple[bool, str | None]]:
        """Returns whether each key is enabled and which plan it is on, by the key's hash."""
        return {key.hash: (key.enabled, self.gateway.get_plan(key.id)) for key in self.gateway.list_all()}

    def cut_off(self, operation: str, command: Callable[[], Any]) -> None:
        """Runs the command until it is about to ask API Gateway for this operation."""

        def stop(**_: Any) -> None:
            raise CutOff

        event = f"before-call.api-gateway.{operation}"
        self.client.meta.events.register(event, stop)
        with pytest.raises(CutOff):
            command()
        self.client.meta.events.unregister(event, stop)

    def used(self, secret: str) -> int:
        self.clock.advance(seconds=10)
        admission = self.ledger.admit(hash_of(secret), f"request {self.clock.now}")
        assert isinstance(admission, Admission)
        return admission.allowance.used
