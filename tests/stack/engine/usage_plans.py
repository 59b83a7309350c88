"""Mends what ministack lacks of API Gateway's usage plans."""

import json
import re
import time
from typing import Any

from ministack.services import apigateway_v1

_USAGE = re.compile(r"/usageplans/(\w+)/keys/(\w+)/usage")


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


def set_what_is_left_of_a_quota() -> None:
    """UpdateUsage sets how many calls a key may still make. Without this, a test would have to use up a whole month."""
    handle = apigateway_v1.handle_request

    async def handle_usage_too(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        found = _USAGE.fullmatch(path)
        if method != "PATCH" or not found:
            return await handle(method, path, headers, body, query)
        (operation,) = json.loads(body)["patchOperations"]
        plan, key = found.groups()
        used = int(apigateway_v1._usage_plans[plan]["quota"]["limit"]) - int(operation["value"])
        apigateway_v1._quota_state[plan, key] = (used, time.time())
        return apigateway_v1._v1_response({"usagePlanId": plan})

    apigateway_v1.handle_request = handle_usage_too
