"""Keys in API Gateway over any number of pages, which moto does not have."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber

from modest_cli.gateway_keys import GatewayKeys

PLAN_IDS = {"Free": "f", "Pro": "p"}
PAGE = 500


@pytest.fixture
def stub() -> Iterator[tuple[GatewayKeys, Stubber]]:
    client = boto3.client("apigateway", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
    with Stubber(client) as stub:
        yield GatewayKeys(client, PLAN_IDS), stub
        stub.assert_no_pending_responses()


def key(number: int, account: str = "acct_a") -> dict[str, object]:
    return {
        "id": f"k{number}",
        "name": "acme",
        "value": f"hash{number}",
        "enabled": True,
        "tags": {"modest:account": account},
    }


def test_all_keys_are_found_over_three_pages(stub: tuple[GatewayKeys, Stubber]) -> None:
    keys, answers = stub
    request = {"includeValues": True, "limit": PAGE}
    answers.add_response("get_api_keys", {"items": [key(1)], "position": "2"}, request)
    answers.add_response("get_api_keys", {"items": [], "position": "3"}, {**request, "position": "2"})
    answers.add_response("get_api_keys", {"items": [key(2)]}, {**request, "position": "3"})
    assert [found.hash for found in keys.list_all()] == ["hash1", "hash2"]


def test_an_accounts_keys_are_told_by_their_tag_from_those_that_begin_with_its_name(
    stub: tuple[GatewayKeys, Stubber],
) -> None:
    keys, answers = stub
    request = {"nameQuery": "acme", "includeValues": True, "limit": PAGE}
    untagged = {"id": "k9", "name": "acme", "value": "hash9", "enabled": True}
    answers.add_response("get_api_keys", {"items": [key(1, "acct_b"), untagged], "position": "2"}, request)
    answers.add_response("get_api_keys", {"items": [key(2)]}, {**request, "position": "2"})
    assert [found.hash for found in keys.list_for_account("acct_a", "acme")] == ["hash2"]


def test_which_key_is_on_which_plan_is_read_over_all_pages_of_all_plans(stub: tuple[GatewayKeys, Stubber]) -> None:
    keys, answers = stub
    answers.add_response("get_usage_plan_keys", {"items": [{"id": "k1"}], "position": "2"})
    answers.add_response(
        "get_usage_plan_keys", {"items": [{"id": "k2"}]}, {"usagePlanId": "f", "limit": PAGE, "position": "2"}
    )
    answers.add_response("get_usage_plan_keys", {"items": [{"id": "k3"}]}, {"usagePlanId": "p", "limit": PAGE})
    assert keys.plans_by_key() == {"k1": "Free", "k2": "Free", "k3": "Pro"}


def test_a_key_is_taken_off_its_old_plan_before_it_is_put_on_the_new_one(stub: tuple[GatewayKeys, Stubber]) -> None:
    keys, answers = stub
    answers.add_response("get_usage_plans", {"items": [{"id": "another api's"}], "position": "2"})
    answers.add_response("get_usage_plans", {"items": [{"id": "f"}]}, {"keyId": "k1", "limit": PAGE, "position": "2"})
    answers.add_response("delete_usage_plan_key", {}, {"usagePlanId": "f", "keyId": "k1"})
    answers.add_response("create_usage_plan_key", {}, {"usagePlanId": "p", "keyId": "k1", "keyType": "API_KEY"})
    keys.assign_plan("Pro", "k1")


def test_a_key_that_is_on_the_right_plan_is_left_there(stub: tuple[GatewayKeys, Stubber]) -> None:
    keys, answers = stub
    answers.add_response("get_usage_plans", {"items": [{"id": "p"}]}, {"keyId": "k1", "limit": PAGE})
    keys.assign_plan("Pro", "k1")
