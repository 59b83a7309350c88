"""Which keys the local gateway takes: what API Gateway's own configuration says, over any number of pages."""

import boto3
from botocore.stub import Stubber

from modest_local.api import Throttle
from modest_local.keys import ApiKey, KeyCache, UsagePlan

STAGE = {"apiId": "api", "stage": "prod"}


def test_keys_and_plans_are_read_over_all_pages() -> None:
    client = boto3.client("apigateway", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
    limits = {"throttle": {"rateLimit": 1.0, "burstLimit": 2}, "quota": {"limit": 3, "period": "MONTH"}}
    here = {"id": "here", "name": "modest-Free", "apiStages": [STAGE], **limits}
    elsewhere = {"id": "elsewhere", "name": "x", "apiStages": [{**STAGE, "stage": "test"}], **limits}

    def key(number: int, *, enabled: bool = True) -> dict[str, object]:
        return {"id": f"k{number}", "value": f"hash{number}", "enabled": enabled}

    with Stubber(client) as stub:
        stub.add_response("get_api_keys", {"items": [key(1), key(2, enabled=False)], "position": "p"})
        stub.add_response("get_api_keys", {"items": [key(3), key(4)]}, {"includeValues": True, "position": "p"})
        stub.add_response("get_usage_plans", {"items": [elsewhere], "position": "q"})
        stub.add_response("get_usage_plans", {"items": [here]}, {"position": "q"})
        stub.add_response("get_usage_plan_keys", {"items": [{"id": "k1"}, {"id": "k2"}], "position": "r"})
        stub.add_response(
            "get_usage_plan_keys",
            {"items": [{"id": "k3"}, {"id": "deleted"}]},
            {"usagePlanId": "here", "position": "r"},
        )
        keys = KeyCache(client, api_id="api", stage="prod", changes=lambda: 7)
        assert keys.is_stale
        keys.refresh()
        stub.assert_no_pending_responses()
    plan = UsagePlan("here", "modest-Free", Throttle(1, 2), 3)
    assert not keys.is_stale
    assert keys.find("hash1") == ApiKey("k1", "hash1", plan)
    assert keys.find("hash3") == ApiKey("k3", "hash3", plan)
    assert [keys.find(f"hash{number}") for number in (2, 4)] == [None, None]
