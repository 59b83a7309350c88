"""API Gateway's side of a plan: what it limits calls to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modest.plans import Plan

if TYPE_CHECKING:
    from types_boto3_apigateway.client import APIGatewayClient


@dataclass(frozen=True, slots=True)
class Figures:
    quota: int | None
    rate: float | None
    burst: int | None
    """None: not limited."""

    @classmethod
    def of(cls, plan: Plan) -> "Figures":
        return cls(plan.quota, plan.rate, plan.burst)

    def __str__(self) -> str:
        return f"{_shown(self.quota)} calls a month, {_shown(self.rate)} a second, {_shown(self.burst)} at once"


class GatewayPlans:
    def __init__(self, client: "APIGatewayClient", plan_ids: Mapping[str, str]) -> None:
        """plan_ids: plan's name -> id of the usage plan."""
        self._client = client
        self._plan_ids = plan_ids

    def figures(self, name: str) -> Figures:
        plan = self._client.get_usage_plan(usagePlanId=self._plan_ids[name])
        quota, throttle = plan.get("quota", {}), plan.get("throttle", {})
        return Figures(
            int(quota["limit"]) if "limit" in quota else None, throttle.get("rateLimit"), throttle.get("burstLimit")
        )

    def set(self, plan: Plan) -> None:
        figures = {
            "/quota/limit": str(plan.quota),
            "/quota/period": "MONTH",
            "/throttle/rateLimit": f"{plan.rate:g}",
            "/throttle/burstLimit": str(plan.burst),
        }
        self._client.update_usage_plan(
            usagePlanId=self._plan_ids[plan.name],
            patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in figures.items()],
        )


def _shown(figure: float | None) -> str:
    return "any number of" if figure is None else f"{figure:,g}"
