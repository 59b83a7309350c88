"""What the function asks of the ledger is what its role allows. Whatever the operator sets, it may only read."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.fakes.clock import Clock
from tests.helpers.iam import Role
from tests.helpers.ledgers import Customer, Shop, dynamodb_table, patient_retries
from tests.helpers.local_gateway import in_memory
from tests.helpers.support import data_url, gateway_event, invoke, png, serve
from tests.infrastructure.translated import Template

from moderate.calls.authentication import from_gateway
from modest.accounts.registry import Registry
from modest.api_keys import hash_of, new_key
from modest.billing.issuer import EXAMPLE, IssuerStore, parse_issuer
from modest.money import Currency
from modest.refusals import LedgerUnavailable
from modest.store.dynamodb import DynamoDBTable
from modest_local import template as sam
from modest_local.aws import LocalAws
from modest_local.rows import SCHEMA

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

TABLE = "modest-Ledger"
ISSUER = parse_issuer(EXAMPLE.encode())
READS = {"dynamodb:BatchGetItem", "dynamodb:Query"}


class Deployment:
    """A ledger in the local table, which the operator may do anything to, and the function what its role allows."""

    def __init__(self, aws: LocalAws, statements: list[Any]) -> None:
        self.client = aws.dynamodb()
        self.operator = Shop(dynamodb_table(self.client, TABLE), Clock())
        self.operator.registry.set_rate(Decimal("0.87"))
        IssuerStore(self.operator.table).write(ISSUER)
        self.customer = self.operator.customer("Tiny", Currency.XNO, Decimal(10))
        self.role = Role(statements)
        self.function_client = aws.dynamodb()
        self.role.take_on(self.function_client)
        self.function = Shop(DynamoDBTable(self.function_client, TABLE), self.operator.clock)

    def items(self) -> list[dict[str, Any]]:
        return self.client.scan(TableName=TABLE)["Items"]


@pytest.fixture(scope="module")
def statements(template: Template) -> list[Any]:
    """The role's. Not to be changed."""
    resources = sam.resolve(sam.translate(template), {"Ledger": TABLE})["Resources"]
    (policy,) = resources["ModerateRole"]["Properties"]["Policies"]
    return list(policy["PolicyDocument"]["Statement"])


@pytest.fixture
def deployment(statements: list[Any]) -> Iterator[Deployment]:
    with in_memory(SCHEMA) as rows:
        yield Deployment(LocalAws(rows), statements)


def test_calls_need_exactly_the_rights_to_write_that_the_role_has(deployment: Deployment) -> None:
    app = serve(identify=from_gateway, ledger=deployment.function.ledger(digest_days=30)).app

    def call(method: str, path: str, key: str = "", **fields: str) -> tuple[int, str | None]:
        event = gateway_event(
            method,
            path,
            headers={"Idempotency-Key": key} if key else {},
            body=json.dumps(fields),
            key_hash=deployment.customer.key_hash,
        )
        answer = invoke(app, event)
        return answer["statusCode"], answer["headers"].get("idempotency-replayed")

    image = {"imageDataUrl": data_url(png())}
    calls = [call("POST", "/api/nsfw/image", key, **image) for key in ("", "a", "a")]
    calls += [call("POST", "/api/nsfw/image", key, **fields) for key, fields in (("b", {}), ("c", image))]
    assert calls == [(200, None), (200, None), (200, "true"), (400, None), (429, None)]
    assert call("GET", "/v1/usage") == (200, None)
    needed = {
        (access.action, f"{partition.partition('#')[0]}#*")
        for access in deployment.role.granted
        if access.action not in READS
        for partition in access.partitions
    }
    assert needed == deployment.role.conditional_rights()


CHANGES: dict[str, Callable[[Registry, Customer], object]] = {
    "a new account": lambda registry, _: registry.create("another", "Tiny"),
    "a discount": lambda registry, customer: registry.change(customer.account_id, discount_percent=Decimal(100)),
    "a plan": lambda registry, customer: registry.change(customer.account_id, plan="Large"),
    "a billing address": lambda registry, customer: registry.change(customer.account_id, bill_to="Another Ltd"),
    "a policy": lambda registry, customer: registry.change(customer.account_id, policy=lambda _: {"policy": "lenient"}),
    "a currency": lambda registry, customer: registry.change(customer.account_id, currency=Currency.USD),
    "a new key": lambda registry, customer: registry.add_key(customer.account_id, hash_of(new_key()), "another"),
    "another key": lambda registry, customer: registry.replace_key(
        customer.key_hash, hash_of(new_key()), old_works_for=timedelta(hours=1)
    ),
    "a disabled key": lambda registry, customer: registry.enable_key(customer.key_hash, enabled=False),
    "no key": lambda registry, customer: registry.delete_key(customer.key_hash),
    "a rate": lambda registry, _: registry.set_rate(Decimal(1000)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_what_the_operator_may_change_the_function_may_not(
    deployment: Deployment, change: Callable[[Registry, Customer], object]
) -> None:
    before = deployment.items()
    with pytest.raises(LedgerUnavailable) as failure:
        change(deployment.function.registry, deployment.customer)
    assert failure.value.detail == "AccessDeniedException"
    assert deployment.items() == before
    change(deployment.operator.registry, deployment.customer)
    assert deployment.items() != before


def test_only_the_operator_may_say_who_sends_the_invoices(deployment: Deployment) -> None:
    issuers = IssuerStore(deployment.function.table, retries=patient_retries())
    with pytest.raises(LedgerUnavailable, match=r".+") as failure:
        issuers.write(replace(ISSUER, name="Mallory"))
    assert failure.value.detail == "AccessDeniedException"
    assert issuers.read() == ISSUER


def put(client: "DynamoDBClient", item: Any) -> None:
    client.put_item(TableName=TABLE, Item=item)


def update(client: "DynamoDBClient", item: Any) -> None:
    client.update_item(TableName=TABLE, Key=key_of(item), UpdateExpression="REMOVE discount")


def delete(client: "DynamoDBClient", item: Any) -> None:
    client.delete_item(TableName=TABLE, Key=key_of(item))


def put_in_a_batch(client: "DynamoDBClient", item: Any) -> None:
    client.batch_write_item(RequestItems={TABLE: [{"PutRequest": {"Item": item}}]})


def put_beside_an_entry(client: "DynamoDBClient", item: Any) -> None:
    entry: Any = {"pk": {"S": "ledger#acct_1#2026-11"}, "sk": {"S": "call#1"}}
    puts: Any = [{"Put": {"TableName": TABLE, "Item": one}} for one in (entry, item)]
    client.transact_write_items(TransactItems=puts)


def update_beside_a_month(client: "DynamoDBClient", item: Any) -> None:
    month: Any = {"pk": {"S": "month#acct_1#2026-11"}, "sk": {"S": "month"}}
    updates: Any = [
        {"Update": {"TableName": TABLE, "Key": key_of(one), "UpdateExpression": "REMOVE discount"}}
        for one in (month, item)
    ]
    client.transact_write_items(TransactItems=updates)


def key_of(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("pk", "sk")}


WAYS = [put, update, delete, put_in_a_batch, put_beside_an_entry, update_beside_a_month]


def test_the_function_may_put_entries_and_neither_update_nor_delete_them(deployment: Deployment) -> None:
    item: Any = {"pk": {"S": "ledger#acct_1#2026-11"}, "sk": {"S": "call#1"}}
    put(deployment.function_client, item)
    for way in (update, delete):
        with pytest.raises(ClientError, match="AccessDenied"):
            way(deployment.function_client, item)


def test_no_request_of_the_function_writes_an_item_of_the_operator(deployment: Deployment) -> None:
    before = deployment.items()
    assert len({item["pk"]["S"].partition("#")[0] for item in before}) == 5
    for way, item in product(WAYS, before):
        with pytest.raises(ClientError, match="AccessDenied"):
            way(deployment.function_client, item)
    assert deployment.items() == before
