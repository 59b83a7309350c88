"""Reads and updates the limits of usage plans in API Gateway."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modest.plans import Plan

if TYPE_CHECKING:
    from types_boto3_apigateway.client import APIGatewayClient


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """The limits of a plan; None means unlimited."""

    quota: int | None
    rate: float | None
    burst: int | None

    @classmethod
    def from_plan(cls, plan: Plan) -> "PlanLimits":
        return cls(plan.quota, plan.rate, plan.burst)

    def __str__(self) -> str:
        return f"quota {_format(self.quota)}, rate {_format(self.rate)}, burst {_format(self.burst)}"


class GatewayPlans:
    def __init__(self, client: "APIGatewayClient", plan_ids: Mapping[str, str]) -> None:
        """plan_ids: maps each plan's name to the id of its usage plan."""
        self._client = client
        self._plan_ids = plan_ids

    def limits(self, name: str) -> PlanLimits:
        plan = self._client.get_usage_plan(usagePlanId=self._plan_ids[name])
        quota, throttle = plan.get("quota", {}), plan.get("throttle", {})
        return PlanLimits(
            int(quota["limit"]) if "limit" in quota else None, throttle.get("rateLimit"), throttle.get("burstLimit")
        )

    def update(self, plan: Plan) -> None:
        values = {
            "/quota/limit": str(plan.quota),
            "/quota/period": "MONTH",
            "/throttle/rateLimit": f"{plan.rate:g}",
            "/throttle/burstLimit": str(plan.burst),
        }
        self._client.update_usage_plan(
            usagePlanId=self._plan_ids[plan.name],
            patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in values.items()],
        )


def _format(limit: float | None) -> str:
    return "unlimited" if limit is None else f"{limit:,g}"
