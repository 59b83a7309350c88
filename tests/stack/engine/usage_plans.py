"""Mends what ministack ignores of API Gateway's usage plans."""

from typing import Any

from ministack.services import apigateway_v1


def find_the_plans_of_a_key() -> None:
    """GetUsagePlans with a keyId returns that key's plans. Without this, every key would be on all plans."""
    get_all = apigateway_v1._get_usage_plans

    def get_plans(query: dict[str, Any]) -> Any:
        match query.get("keyId"):
            case None:
                return get_all(query)
            case [key] | key:
                plans = apigateway_v1._usage_plans.values()
                found = [plan for plan in plans if key in apigateway_v1._usage_plan_keys.get(plan["id"], {})]
                return apigateway_v1._v1_paginated_response(found, query)

    apigateway_v1._get_usage_plans = get_plans
