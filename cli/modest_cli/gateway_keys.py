"""Manages keys in API Gateway. Their value is the SHA-256 of the customer's key, and a tag names the account."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_apigateway.client import APIGatewayClient
    from types_boto3_apigateway.type_defs import ApiKeyResponseTypeDef, ApiKeyTypeDef, PaginatorConfigTypeDef

ACCOUNT_TAG = "modest:account"

_PAGES: "PaginatorConfigTypeDef" = {"PageSize": 500}


_CHANGED = frozenset({"ConflictException", "NotFoundException"})


class Overtaken(Exception):
    """Raised if a key is not as it was found a moment ago, because another command has changed it."""


@dataclass(frozen=True, slots=True)
class GatewayKey:
    id: str
    name: str
    hash: str
    account_id: str
    enabled: bool


class GatewayKeys:
    def __init__(self, client: "APIGatewayClient", plan_ids: Mapping[str, str]) -> None:
        """plan_ids: maps each plan's name to the id of its usage plan."""
        self._client = client
        self._plan_ids = plan_ids

    def list_all(self) -> Iterator[GatewayKey]:
        """Yields every key in the region, including those of other deployments."""
        pages = self._client.get_paginator("get_api_keys").paginate(includeValues=True, PaginationConfig=_PAGES)
        return (_parse_key(key) for page in pages for key in page["items"])

    def list_for_account(self, account_id: str, name: str) -> list[GatewayKey]:
        """name: the account's name, which its keys carry too."""
        pages = self._client.get_paginator("get_api_keys").paginate(
            nameQuery=name, includeValues=True, PaginationConfig=_PAGES
        )
        found = (_parse_key(key) for page in pages for key in page["items"])
        return [key for key in found if key.account_id == account_id]

    def create(self, account_id: str, name: str, key_hash: str) -> GatewayKey:
        """Creates a key. It cannot be used until it is on a plan. Raises Overtaken."""
        with _overtaken():
            return _parse_key(
                self._client.create_api_key(name=name, value=key_hash, enabled=True, tags={ACCOUNT_TAG: account_id})
            )

    def set_enabled(self, key_id: str, *, enabled: bool) -> None:
        """Raises Overtaken."""
        value = "true" if enabled else "false"
        with _overtaken():
            self._client.update_api_key(
                apiKey=key_id, patchOperations=[{"op": "replace", "path": "/enabled", "value": value}]
            )

    def delete(self, key_id: str) -> None:
        """Raises Overtaken."""
        with _overtaken():
            self._client.delete_api_key(apiKey=key_id)

    def get_plan(self, key_id: str) -> str | None:
        """Returns the name of the key's plan."""
        return next(iter(self._plans_of(key_id)), None)

    def assign_plan(self, plan: str, key_id: str) -> None:
        """Moves the key to this plan. A key can be on only one plan, so calls are refused while it is on none.

        Raises Overtaken.
        """
        current = self._plans_of(key_id)
        with _overtaken():
            for other in current:
                if other != plan:
                    self._client.delete_usage_plan_key(usagePlanId=self._plan_ids[other], keyId=key_id)
            if plan not in current:
                self._client.create_usage_plan_key(usagePlanId=self._plan_ids[plan], keyId=key_id, keyType="API_KEY")

    def plans_by_key(self) -> Mapping[str, str]:
        """Maps the id of every key that is on a plan to the plan's name."""
        return {key: name for name, plan_id in self._plan_ids.items() for key in self._keys_on(plan_id)}

    def on_plans_of_others(self) -> frozenset[str]:
        """Returns the ids of the keys that are on usage plans of other deployments."""
        pages = self._client.get_paginator("get_usage_plans").paginate(PaginationConfig=_PAGES)
        others = {plan["id"] for page in pages for plan in page["items"]} - set(self._plan_ids.values())
        return frozenset(key for plan_id in others for key in self._keys_on(plan_id))

    def _keys_on(self, plan_id: str) -> Iterator[str]:
        pages = self._client.get_paginator("get_usage_plan_keys").paginate(usagePlanId=plan_id, PaginationConfig=_PAGES)
        return (key["id"] for page in pages for key in page["items"])

    def _plans_of(self, key_id: str) -> list[str]:
        pages = self._client.get_paginator("get_usage_plans").paginate(keyId=key_id, PaginationConfig=_PAGES)
        plan_ids = {plan["id"] for page in pages for plan in page["items"]}
        return [name for name, plan_id in self._plan_ids.items() if plan_id in plan_ids]


@contextmanager
def _overtaken() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _CHANGED:
            raise Overtaken from error
        raise


def _parse_key(answer: "ApiKeyTypeDef | ApiKeyResponseTypeDef") -> GatewayKey:
    tags = answer.get("tags") or {}
    return GatewayKey(
        answer["id"], answer.get("name", ""), answer["value"], tags.get(ACCOUNT_TAG, ""), answer["enabled"]
    )
