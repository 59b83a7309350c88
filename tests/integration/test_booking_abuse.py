"""What a customer tries who wants more than was paid for."""

import json
from typing import Any

import pytest
from tests.integration.test_booking import FIRST, IMAGE, Store
from tests.support import gateway_event, invoke


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
