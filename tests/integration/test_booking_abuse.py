"""What a customer tries who wants more than was paid for."""

import json
from typing import Any

import pytest
from tests.integration.test_booking import CLASSIFY, FIRST, IMAGE, USAGE, Store
from tests.ledgers import PLANS, Customer
from tests.support import gateway_event, invoke

from moderate.marker import user_agent
from moderate.sources import MAX_SENT_BYTES


def call(store: Store, *, request_id: str, key: str = "") -> Any:
    """As it comes from API Gateway, where a client may choose the request id."""
    headers = {"Idempotency-Key": key} if key else {}
    event = gateway_event("POST", IMAGE, body=json.dumps({"image_urls": [FIRST]}), headers=headers)
    event["requestContext"]["requestId"] = request_id
    return invoke(store.service.app, event)


def test_calls_that_choose_one_request_id_are_each_counted_and_charged() -> None:
    store = Store("Tiny")
    answers = [call(store, request_id="66b53bf4-73c1-486c-af83-18293d603e7f") for _ in range(5)]
    assert [answer["statusCode"] for answer in answers] == [200, 200, 200, 429, 429]
    assert len(store.entries()) == 3


@pytest.mark.parametrize("request_id", ["", "a" * 2000, "a b", "a\r\nSet-Cookie: b", "ä"])
def test_a_request_id_that_is_none_is_replaced_by_one_of_ours(request_id: str) -> None:
    store = Store()
    answer = call(store, request_id=request_id)
    told = json.loads(answer["body"])["requestId"]
    assert answer["statusCode"] == 200
    assert len(told) == 36
    assert answer["headers"]["x-request-id"] == told


@pytest.mark.parametrize(
    ("headers", "size", "code"),
    [
        ({"idempotency-key": "two words"}, 10, "invalid_request"),
        ({"idempotency-key": "a"}, MAX_SENT_BYTES * 2, "image_too_large"),
        ({"user-agent": user_agent("1")}, 10, "invalid_request"),
    ],
)
def test_a_call_that_is_refused_by_its_headers_or_size_is_counted_like_any_other(
    headers: dict[str, str], size: int, code: str
) -> None:
    store = Store()
    answer = store.client.post(CLASSIFY, content=b"x" * size, headers=headers)
    assert (answer.json()["code"], answer.headers["x-ratelimit-remaining"]) == (code, "999")
    assert [entry["outcome"] for entry in store.entries()] == [code]


def test_what_is_wrong_with_a_call_is_told_to_nobody_without_a_key() -> None:
    store = Store()
    store.customer = Customer("nobody", "0" * 64)
    assert store.judge(FIRST, key="two words").status_code == 401


@pytest.mark.parametrize("fail_open", [False, True])
def test_a_key_on_a_plan_that_is_not_sold_any_more_is_refused_and_the_operator_is_told(
    monkeypatch: pytest.MonkeyPatch, *, fail_open: bool
) -> None:
    store = Store("Large", fail_open=fail_open)
    monkeypatch.delitem(PLANS, "Large")
    answers = [store.judge(FIRST), store.client.get(USAGE)]
    assert [answer.status_code for answer in answers] == [401, 401]
    reason = f"{store.customer.account_id} is on a plan that is not sold: Large"
    assert store.service.observer.ledger_failures == [("admit", reason, False), ("usage", reason, False)]
    assert store.service.fetch.asked == []
