"""Caches the keys in API Gateway and the plans that they are on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modest_local.api import Throttle

if TYPE_CHECKING:
    from types_boto3_apigateway.client import APIGatewayClient


@dataclass(frozen=True, slots=True)
class UsagePlan:
    id: str
    name: str
    throttle: Throttle
    quota: int


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    value: str
    plan: UsagePlan


class KeyCache:
    """The enabled keys. They are read again after every change, so that it takes effect from the next call on."""

    def __init__(self, client: "APIGatewayClient", *, api_id: str, stage: str, changes: Callable[[], int]) -> None:
        """changes: returns a number that grows with every change to a key or a plan."""
        self._client = client
        self._stage = {"apiId": api_id, "stage": stage}
        self._changes = changes
        self._version = -1
        self._keys: Mapping[str, ApiKey] = {}

    @property
    def is_stale(self) -> bool:
        return self._version != self._changes()

    def refresh(self) -> None:
        changes = self._changes()
        pages = self._client.get_paginator("get_api_keys").paginate(includeValues=True)
        enabled = {key["id"]: key["value"] for page in pages for key in page["items"] if key["enabled"]}
        keys: dict[str, ApiKey] = {}
        for plan in self._read_plans():
            for page in self._client.get_paginator("get_usage_plan_keys").paginate(usagePlanId=plan.id):
                # moto leaves deleted keys in their plans.
                key_ids = [key["id"] for key in page["items"] if key["id"] in enabled]
                keys |= {enabled[key_id]: ApiKey(key_id, enabled[key_id], plan) for key_id in key_ids}
        self._keys, self._version = keys, changes

    def find(self, value: str) -> ApiKey | None:
        """Returns the enabled key with this value if it is on a plan for this stage."""
        return self._keys.get(value)

    def _read_plans(self) -> list[UsagePlan]:
        pages = self._client.get_paginator("get_usage_plans").paginate()
        return [
            UsagePlan(
                plan["id"],
                plan["name"],
                Throttle(float(plan["throttle"]["rateLimit"]), float(plan["throttle"]["burstLimit"])),
                int(plan["quota"]["limit"]),
            )
            for page in pages
            for plan in page["items"]
            if self._stage in plan["apiStages"]
        ]
