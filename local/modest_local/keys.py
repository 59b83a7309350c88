"""Which keys there are and what plan they are on, as API Gateway's own configuration says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modest_local.api import Throttle

if TYPE_CHECKING:
    from types_boto3_apigateway.client import APIGatewayClient


@dataclass(frozen=True, slots=True)
class Plan:
    id: str
    name: str
    throttle: Throttle
    quota: int


@dataclass(frozen=True, slots=True)
class PlannedKey:
    id: str
    value: str
    plan: Plan


class Keys:
    """Read anew after every change, so that a change holds from the next call on."""

    def __init__(self, client: "APIGatewayClient", *, api_id: str, stage: str, changes: Callable[[], int]) -> None:
        """changes: grows whenever a key or a plan may have changed."""
        self._client = client
        self._stage = {"apiId": api_id, "stage": stage}
        self._changes = changes
        self._read_at = -1
        self._keys: Mapping[str, PlannedKey] = {}

    @property
    def outdated(self) -> bool:
        return self._read_at != self._changes()

    def read(self) -> None:
        changes = self._changes()
        pages = self._client.get_paginator("get_api_keys").paginate(includeValues=True)
        enabled = {key["id"]: key["value"] for page in pages for key in page["items"] if key["enabled"]}
        keys: dict[str, PlannedKey] = {}
        for plan in self._plans():
            for page in self._client.get_paginator("get_usage_plan_keys").paginate(usagePlanId=plan.id):
                # moto leaves deleted keys in their plans.
                here = [key["id"] for key in page["items"] if key["id"] in enabled]
                keys |= {enabled[key_id]: PlannedKey(key_id, enabled[key_id], plan) for key_id in here}
        self._keys, self._read_at = keys, changes

    def with_value(self, value: str) -> PlannedKey | None:
        """An enabled key that is on a plan for this stage."""
        return self._keys.get(value)

    def _plans(self) -> list[Plan]:
        pages = self._client.get_paginator("get_usage_plans").paginate()
        return [
            Plan(
                plan["id"],
                plan["name"],
                Throttle(float(plan["throttle"]["rateLimit"]), float(plan["throttle"]["burstLimit"])),
                int(plan["quota"]["limit"]),
            )
            for page in pages
            for plan in page["items"]
            if self._stage in plan["apiStages"]
        ]
