"""What customers try who want more than they paid for."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.helpers.ledgers import PLANS, Customer
from tests.helpers.support import FakeClassifier, gateway_event, invoke
from tests.integration.test_booking import CLASSIFY, FIRST, IMAGE, USAGE, Store

from moderate.fetching.self_reference import user_agent
from moderate.images.decoded import View
from moderate.sources import MAX_SENT_BYTES
from moderate.verdict import Scores


class Interrupted(FakeClassifier):
    """Lets something happen while it judges."""

    def __init__(self, event: Callable[[], object]) -> None:
        super().__init__()
        self._event = event

    def classify(self, view: View) -> Scores:
        self._event()
        return super().classify(view)


def call(store: Store, *, request_id: str, key: str = "") -> Any:
    """Sends a call as API Gateway does, which lets a client choose the request id."""
    headers = {"Idempotency-Key": key} if key else {}
    event = gateway_event("POST", IMAGE, body=json.dumps({"image_urls": [FIRST]}), headers=headers)
    event["requestContext"]["requestId"] = request_id
    return invoke(store.service.app, event)


def test_calls_that_choose_the_same_request_id_are_each_counted_and_charged() -> None:
    store = Store("Tiny")
    answers = [call(store, request_id="66b53bf4-73c1-486c-af83-18293d603e7f") for _ in range(5)]
    assert [answer["statusCode"] for answer in answers] == [200, 200, 200, 429, 429]
    assert len(store.entries()) == 3


@pytest.mark.parametrize("request_id", ["", "a" * 2000, "a b", "a\r\nSet-Cookie: b", "ä"])
def test_a_request_id_that_is_not_valid_is_replaced_by_one_of_ours(request_id: str) -> None:
    store = Store()
    answer = call(store, request_id=request_id)
    replacement = json.loads(answer["body"])["requestId"]
    assert answer["statusCode"] == 200
    assert len(replacement) == 36
    assert answer["headers"]["x-request-id"] == replacement


@pytest.mark.parametrize(
    ("headers", "size", "code"),
    [
        ({"idempotency-key": "two words"}, 10, "invalid_request"),
        ({"idempotency-key": "a"}, MAX_SENT_BYTES * 2, "image_too_large"),
        ({"user-agent": user_agent("1")}, 10, "invalid_request"),
    ],
)
def test_a_call_that_is_refused_for_its_headers_or_size_is_counted_like_any_other(
    headers: dict[str, str], size: int, code: str
) -> None:
    store = Store()
    answer = store.client.post(CLASSIFY, content=b"x" * size, headers=headers)
    assert (answer.json()["code"], answer.headers["x-ratelimit-remaining"]) == (code, "999")
    assert [entry["outcome"] for entry in store.entries()] == [code]


def test_nobody_without_a_key_learns_what_is_wrong_with_a_call() -> None:
    store = Store()
    store.customer = Customer("nobody", "0" * 64)
    assert store.judge(FIRST, key="two words").status_code == 401


@pytest.mark.parametrize("fail_open", [False, True])
def test_a_key_on_a_plan_that_is_no_longer_sold_is_refused_and_the_reason_is_logged(
    monkeypatch: pytest.MonkeyPatch, *, fail_open: bool
) -> None:
    store = Store("Large", fail_open=fail_open)
    monkeypatch.delitem(PLANS, "Large")
    answers = [store.judge(FIRST), store.client.get(USAGE)]
    assert [answer.status_code for answer in answers] == [401, 401]
    reason = f"{store.customer.account_id} is on a plan that is not sold: Large"
    assert store.service.observer.ledger_failures == [("admit", reason, False), ("usage", reason, False)]
    assert store.service.fetch.asked == []


def test_a_key_that_is_disabled_during_a_call_pays_for_it_and_its_answer_is_not_repeated() -> None:
    store = Store(
        classifier=Interrupted(lambda: store.shop.registry.enable_key(store.customer.key_hash, enabled=False)),
    )
    assert [store.judge(FIRST, key="a").status_code for _ in range(2)] == [200, 401]
    (entry,) = store.entries()
    assert entry["images"] == 1


def test_a_call_across_the_turn_of_a_month_is_counted_charged_and_repeated_in_the_old_month() -> None:
    store = Store("Tiny", classifier=Interrupted(lambda: store.shop.clock.advance(seconds=2)))
    store.shop.clock.now = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    first, again = (store.judge(FIRST, key="a") for _ in range(2))
    new = store.judge(FIRST)
    assert [answer.headers.get("idempotency-replayed") for answer in (first, again, new)] == [None, "true", None]
    assert [answer.headers["x-ratelimit-remaining"] for answer in (first, again, new)] == ["2", "3", "2"]
    audits = [store.shop.usage_reader.audit(store.customer.account_id, month) for month in ("2026-11", "2026-12")]
    assert [(audit.used, audit.entries.images, audit.holds) for audit in audits] == [(1, 1, True), (1, 1, True)]


def test_a_call_that_outlives_its_idempotency_key_s_lease_is_charged_once() -> None:
    def send_again() -> None:
        if not answers:
            answers.append(None)
            store.shop.clock.advance(seconds=31)
            answers[0] = store.judge(FIRST, key="a")

    answers: list[Any] = []
    store = Store(classifier=Interrupted(send_again))
    late = store.judge(FIRST, key="a")
    assert (late.status_code, answers[0].status_code) == (409, 200)
    assert store.judge(FIRST, key="a").content == answers[0].content
    assert len(store.entries()) == 1
    assert store.client.get(USAGE).json()["data"]["calls"]["used"] == 2
