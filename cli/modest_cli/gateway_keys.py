"""API Gateway's side of a key: its value is the SHA-256 of what the customer holds, a tag names the account."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_apigateway.client import APIGatewayClient
    from types_boto3_apigateway.type_defs import ApiKeyResponseTypeDef, ApiKeyTypeDef, PaginatorConfigTypeDef

ACCOUNT_TAG = "modest:account"

_PAGES: "PaginatorConfigTypeDef" = {"PageSize": 500}


@dataclass(frozen=True, slots=True)
class GatewayKey:
    id: str
    name: str
    hash: str
    account_id: str
    enabled: bool


class GatewayKeys:
    def __init__(self, client: "APIGatewayClient", plan_ids: Mapping[str, str]) -> None:
        """plan_ids: plan's name -> id of the usage plan."""
        self._client = client
        self._plan_ids = plan_ids

    def all(self) -> Iterator[GatewayKey]:
        """Those of this and of any other deployment in the region."""
        pages = self._client.get_paginator("get_api_keys").paginate(includeValues=True, PaginationConfig=_PAGES)
        return (_key(key) for page in pages for key in page["items"])

    def of_account(self, account_id: str, name: str) -> list[GatewayKey]:
        """name: the account's, under which its keys are made."""
        pages = self._client.get_paginator("get_api_keys").paginate(
            nameQuery=name, includeValues=True, PaginationConfig=_PAGES
        )
        found = (_key(key) for page in pages for key in page["items"])
        return [key for key in found if key.account_id == account_id]

    def create(self, account_id: str, name: str, key_hash: str) -> GatewayKey:
        """It is on no plan yet, and so of no use."""
        return _key(
            self._client.create_api_key(name=name, value=key_hash, enabled=True, tags={ACCOUNT_TAG: account_id})
        )

    def enable(self, key_id: str, *, enabled: bool) -> None:
        value = "true" if enabled else "false"
        self._client.update_api_key(
            apiKey=key_id, patchOperations=[{"op": "replace", "path": "/enabled", "value": value}]
        )

    def delete(self, key_id: str) -> None:
        self._client.delete_api_key(apiKey=key_id)

    def plan_of(self, key_id: str) -> str | None:
        """The plan's name."""
        return next(iter(self._plans_of(key_id)), None)

    def put_on(self, plan: str, key_id: str) -> None:
        """On this plan and no other. A key is on one plan for a stage: between two it is on none, and refused."""
        held = self._plans_of(key_id)
        for other in held:
            if other != plan:
                self._client.delete_usage_plan_key(usagePlanId=self._plan_ids[other], keyId=key_id)
        if plan not in held:
            self._client.create_usage_plan_key(usagePlanId=self._plan_ids[plan], keyId=key_id, keyType="API_KEY")

    def plans_by_key(self) -> Mapping[str, str]:
        """Key's id -> plan's name, for every key on a plan."""
        paginator = self._client.get_paginator("get_usage_plan_keys")
        return {
            key["id"]: name
            for name, plan_id in self._plan_ids.items()
            for page in paginator.paginate(usagePlanId=plan_id, PaginationConfig=_PAGES)
            for key in page["items"]
        }

    def _plans_of(self, key_id: str) -> list[str]:
        pages = self._client.get_paginator("get_usage_plans").paginate(keyId=key_id, PaginationConfig=_PAGES)
        held = {plan["id"] for page in pages for plan in page["items"]}
        return [name for name, plan_id in self._plan_ids.items() if plan_id in held]


def _key(answer: "ApiKeyTypeDef | ApiKeyResponseTypeDef") -> GatewayKey:
    tags = answer.get("tags") or {}
    return GatewayKey(
        answer["id"], answer.get("name", ""), answer["value"], tags.get(ACCOUNT_TAG, ""), answer["enabled"]
    )
