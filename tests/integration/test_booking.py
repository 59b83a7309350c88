"""Every keyed call over HTTP: admitted, judged, settled."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from starlette.testclient import TestClient
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable, Fault
from tests.helpers.ledgers import Customer, Shop, few_retries, patient_retries
from tests.helpers.support import NSFW, FakeClassifier, ServedApp, Web, data_url, gateway_event, invoke, png, serve

from moderate.blocking.hits import OnListHit
from moderate.blocking.reloading import CurrentLists
from moderate.calls.authentication import from_gateway
from moderate.images.decoded import View
from moderate.inference.classifier import Classifier
from moderate.verdict import Scores
from modest.money import Currency
from modest.store.dynamodb import DynamoDBTable
from modest.store.retries import RetryPolicy

WEB: Web = {f"https://example.com/{grey}.png": png(grey=grey) for grey in range(12)}
FIRST, SECOND = list(WEB)[:2]
IMAGE, CHECK, CLASSIFY, MODERATIONS, USAGE = (
    "/api/nsfw/image",
    "/v1/check",
    "/v1/classify",
    "/v1/moderations",
    "/v1/usage",
)
FIGURES = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit-policy", "ratelimit")


class Store:
    """The whole service with a ledger, and the one customer who calls it."""

    def __init__(
        self,
        plan: str = "Large",
        *,
        currency: Currency = Currency.USD,
        discount: str = "0",
        fail_open: bool = False,
        retries: RetryPolicy | None = None,
        classifier: Classifier | None = None,
        lists: CurrentLists | None = None,
        on_list_hit: OnListHit = OnListHit.VERDICT,
        web: Web = WEB,
    ) -> None:
        self.table = FakeTable()
        self.shop = Shop(self.table, Clock())
        if currency is Currency.XNO:
            self.shop.registry.set_rate(Decimal("0.87"))
        self.customer = self.shop.customer(plan, currency, Decimal(discount))
        self.service: ServedApp = serve(
            web,
            classifier or FakeClassifier(by_grey={1: NSFW}),
            identify=lambda _request: self.customer.key_hash,
            ledger=self.shop.ledger(retries),
            fail_open=fail_open,
            lists=lists,
            on_list_hit=on_list_hit,
        )
        self.table.writes = 0

    @property
    def client(self) -> TestClient:
        return self.service.client

    def judge(self, *urls: str, key: str | None = None, **fields: object) -> Any:
        headers = {"idempotency-key": key} if key else {}
        return self.client.post(IMAGE, json={"image_urls": list(urls)} | fields, headers=headers)

    def entries(self) -> list[dict[str, Any]]:
        """Returns them in no particular order, because the clock stands still."""
        return [dict(entry) for entry in self.shop.usage_reader.entries(self.customer.account_id, "2026-11")]

    def fail(self, *faults: Fault) -> None:
        """Makes the table's next requests fail in turn. Those that follow succeed."""
        self.table.faults = chain(faults, repeat(Fault.NONE))


USAGE_STORE = Store()


def test_the_published_example_is_charged_as_it_is_answered() -> None:
    store = Store()
    answer = store.judge(FIRST, SECOND).json()
    assert (answer["cost"], answer["currency"], answer["inputCount"]) == (0.003, "USD", 2)
    (entry,) = store.entries()
    assert (entry["amount"], entry["currency"], entry["images"], entry["outcome"]) == (Decimal("0.003"), "USD", 2, "ok")
    assert entry["request"].startswith(f"{answer['requestId']}.")


@pytest.mark.parametrize(
    ("discount", "currency", "cost"),
    [("10", Currency.USD, 0.0027), ("100", Currency.USD, 0), ("0", Currency.XNO, 0.003448276)],
)
def test_discount_and_currency_show_in_the_answer_and_in_the_ledger(
    discount: str, currency: Currency, cost: float
) -> None:
    store = Store(discount=discount, currency=currency)
    answer = store.judge(FIRST, SECOND).json()
    assert (answer["cost"], answer["currency"]) == (cost, currency.value)
    assert store.entries()[0]["amount"] == Decimal(str(cost))


def test_equal_images_are_charged_once_and_images_after_the_tenth_not_at_all() -> None:
    store = Store()
    assert store.judge(FIRST, FIRST, SECOND, FIRST).json()["cost"] == 0.003
    answer = store.judge(*list(WEB)).json()
    assert (answer["cost"], answer["truncated"]) == (0.015, True)
    assert sorted(entry["images"] for entry in store.entries()) == [2, 10]


def test_openai_s_dialect_is_charged_by_the_image_and_oanor_s_is_not() -> None:
    store = Store()
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in (FIRST, SECOND, FIRST)]
    answer = store.client.post(MODERATIONS, json={"input": parts})
    assert (answer.status_code, set(answer.json())) == (200, {"id", "model", "results", "sha256"})
    assert store.client.get(CHECK, params={"url": FIRST}).status_code == 200
    assert store.client.post(CLASSIFY, content=png()).status_code == 200
    charged = sorted((entry["images"], entry["amount"]) for entry in store.entries())
    assert charged == [(1, 0), (1, 0), (2, Decimal("0.003"))]
    assert store.client.get(USAGE).json()["data"]["charges"] == {"USD": "0.003"}


def test_misskey_s_dialect_is_charged_by_the_image() -> None:
    store = Store()
    files = [("image", ("a.png", png(grey=grey))) for grey in (5, 6, 5)]
    assert store.client.post("/v1/detect-images", files=files).status_code == 200
    assert [(entry["images"], entry["amount"]) for entry in store.entries()] == [(2, Decimal("0.003"))]


def test_openai_s_dialect_applies_the_account_s_discount_and_currency() -> None:
    store = Store(currency=Currency.XNO, discount="10")
    part = {"type": "image_url", "image_url": {"url": FIRST}}
    assert store.client.post(MODERATIONS, json={"input": [part]}).status_code == 200
    # 0.0015 USD less a tenth, at 0.87 USD per XNO.
    assert store.client.get(USAGE).json()["data"]["charges"] == {"XNO": "0.001551724"}


def test_openai_s_dialect_charges_nothing_if_one_image_cannot_be_judged() -> None:
    store = Store()
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in (FIRST, "https://example.com/none.png")]
    assert store.client.post(MODERATIONS, json={"input": parts}).status_code == 400
    assert [(entry["images"], entry["amount"]) for entry in store.entries()] == [(0, 0)]


def test_a_failed_call_is_counted_and_costs_nothing() -> None:
    store = Store()
    assert store.judge(FIRST, "https://example.com/none.png").status_code == 400
    assert store.client.get(CHECK).status_code == 400
    assert sorted((entry["images"], entry["amount"], entry["outcome"]) for entry in store.entries()) == [
        (0, 0, "fetch_failed"),
        (0, 0, "invalid_request"),
    ]
    assert store.client.get(USAGE).json()["data"]["calls"]["used"] == 2


def test_a_partial_answer_charges_the_images_that_were_judged() -> None:
    store = Store()
    answer = store.judge(FIRST, "https://example.com/none.png", on_error="partial").json()
    assert (answer["cost"], answer["has_nsfw_concepts"]) == (0.0015, [False, None])
    assert store.entries()[0]["images"] == 1


def test_every_keyed_answer_says_what_is_left_of_the_month() -> None:
    store = Store("Tiny")
    answers = [
        store.judge(FIRST),
        store.client.get(CHECK),
        store.client.get(USAGE),
        store.judge(FIRST),
        store.judge(FIRST),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "1", "0", "0"]
    assert {name: answers[0].headers[name] for name in FIGURES} == {
        "x-ratelimit-limit": "3",
        "x-ratelimit-remaining": "2",
        "x-ratelimit-reset": "677276",
        "ratelimit-policy": '"month";q=3;w=2592000',
        "ratelimit": '"month";r=2;t=677276',
    }


def test_keyless_answers_have_no_rate_limit_headers() -> None:
    assert not set(FIGURES) & set(Store().client.get("/health").headers)


def test_a_used_up_month_says_when_it_resets_and_that_retrying_will_not_help() -> None:
    store = Store("Tiny")
    for _ in range(3):
        store.judge(FIRST)
    fetched = len(store.service.fetch.asked)
    image = store.judge(FIRST)
    check = store.client.get(CHECK, params={"url": FIRST})
    assert (image.status_code, check.status_code) == (429, 429)
    assert (image.json()["error"], image.json()["code"]) == ("Rate limit exceeded", "quota_exceeded")
    assert "2026-12-01 at 00:00 UTC" in check.json()["message"]
    for answer in (image, check):
        assert (answer.headers["retry-after"], answer.headers["x-should-retry"]) == ("677276", "false")
    assert len(store.service.fetch.asked) == fetched


def test_usage_is_answered_when_the_month_is_used_up() -> None:
    store = Store("Tiny", discount="10")
    for _ in range(4):
        store.judge(FIRST, SECOND)
    usage = store.client.get(USAGE)
    assert usage.status_code == 200
    body = usage.json()
    assert body["data"] == {
        "account": {"id": store.customer.account_id, "name": body["data"]["account"]["name"]},
        "plan": "Tiny",
        "month": "2026-11",
        "calls": {
            "used": 3,
            "limit": 3,
            "remaining": 0,
            "resets": "2026-12-01T00:00:00Z",
            "by_day": {"2026-11-23": 3},
        },
        "images_judged": 6,
        "charges": {"USD": "0.0081"},
        "keys": [
            {
                "name": "their key",
                "calls": 3,
                "calls_limit": None,
                "images_judged": 6,
                "charges": {"USD": "0.0081"},
                "usd_reserved": "0",
                "usd_limit": None,
                "expires": None,
                "deleted": False,
            }
        ],
        "discount_percent": "10",
        "xno_rate": None,
        "policy": {"name": "balanced", "questionable_from": 0.3, "nsfw_from": 0.6, "class_limits": {}},
    }
    assert (body["status"], body["success"], body["meta"]["request_id"]) == ("ok", True, usage.headers["x-request-id"])


def test_the_usage_of_an_earlier_month_is_answered_with_what_is_left_of_the_present_one() -> None:
    store = Store("Tiny")
    store.judge(FIRST)
    store.shop.clock.advance(days=30)
    store.judge(FIRST)
    store.judge(SECOND)
    answer = store.client.get(USAGE, params={"month": "2026-11"})
    data = answer.json()["data"]
    assert (data["month"], data["plan"], data["images_judged"], data["charges"]) == (
        "2026-11",
        "Tiny",
        1,
        {"USD": "0.0015"},
    )
    assert data["calls"] == {
        "used": 1,
        "limit": 3,
        "remaining": 2,
        "resets": "2026-12-01T00:00:00Z",
        "by_day": {"2026-11-23": 1},
    }
    assert answer.headers["x-ratelimit-remaining"] == "1"
    assert store.client.get(USAGE, params={"month": "2026-12"}).json()["data"] == store.client.get(USAGE).json()["data"]


def test_a_month_before_the_account_existed_is_empty_and_on_no_plan() -> None:
    store = Store("Tiny")
    data = store.client.get(USAGE, params={"month": "2025-02"}).json()["data"]
    assert (data["plan"], data["images_judged"], data["charges"]) == (None, 0, {})
    assert data["calls"] == {
        "used": 0,
        "limit": None,
        "remaining": None,
        "resets": "2025-03-01T00:00:00Z",
        "by_day": {},
    }


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("month=2026-12", "2026-12 has not begun."),
        ("month=9999-12", "has not begun"),
        ("month=2026-13", "written as YYYY-MM"),
        ("month=", "written as YYYY-MM"),
        ("month=2026-11%0A", "written as YYYY-MM"),
        ("month=99999999999999999999-01", "written as YYYY-MM"),
        (f"month={'9' * 5000}-01", "written as YYYY-MM"),
        ("month=0000-00", "written as YYYY-MM"),
        ("month=%00", "written as YYYY-MM"),
        ("month=%FF%ED%A0%80", "written as YYYY-MM"),
        ("month=%D9%A2%D9%A0%D9%A2%D9%A6-%D9%A1%D9%A1", "written as YYYY-MM"),
        ("month=2026-11&month=2026-10", "given twice"),
        ("monht=2026-10", "Did you mean month?"),
    ],
)
def test_a_month_that_cannot_be_meant_is_refused_in_words(query: str, words: str) -> None:
    answer = Store().client.get(f"{USAGE}?{query}")
    assert (answer.status_code, answer.json()["code"], answer.json()["param"]) == (400, "invalid_request", "month")
    assert words in answer.json()["message"]


@given(st.text())
def test_no_text_as_a_month_is_a_fault_of_ours(text: str) -> None:
    assert USAGE_STORE.client.get(USAGE, params={"month": text}).status_code in (200, 400)


def test_a_key_that_is_unknown_is_refused_before_its_month_is_read() -> None:
    store = Store()
    store.customer = Customer("nobody", "0" * 64)
    assert store.client.get(USAGE, params={"month": "x"}).status_code == 401


def test_the_usage_of_an_account_in_nano_states_the_rate_and_its_day() -> None:
    store = Store(currency=Currency.XNO)
    store.judge(FIRST)
    data = store.client.get(USAGE).json()["data"]
    assert data["charges"] == {"XNO": "0.001724138"}
    assert data["xno_rate"] == {"usd": "0.87", "date": "2026-11-23"}


def test_the_usage_answer_matches_its_documented_schema() -> None:
    store = Store()
    document = store.client.get("/openapi.json").json()
    operation = document["paths"][USAGE]["get"]
    store.judge(FIRST)
    described = operation["responses"]["200"]["content"]["application/json"]
    schema = {**described["schema"], "components": document["components"]}
    empty = store.client.get(USAGE, params={"month": "2020-01"}).json()
    for body in (store.client.get(USAGE).json(), empty, described["example"]):
        Draft202012Validator(schema).validate(body)
    assert {"400", "401", "503"} <= set(operation["responses"])
    assert operation["security"]


def documented_headers(document: dict[str, Any], path: str, method: str, status: int) -> set[str]:
    return {name.lower() for name in document["paths"][path][method]["responses"][str(status)]["headers"]}


@pytest.mark.parametrize("method", ["post", "get"])
def test_every_documented_header_of_a_200_is_sent(method: str) -> None:
    store = Store()
    document = store.client.get("/openapi.json").json()
    image: dict[str, Any] = {"json" if method == "post" else "params": {"url": FIRST}}
    for _ in range(2):
        answer = store.client.request(method, CHECK, headers={"idempotency-key": "a"}, **image)
    assert documented_headers(document, CHECK, method, 200) <= set(answer.headers)
    assert ("idempotency-replayed" in answer.headers) == (method == "post")


def test_every_header_that_is_sent_is_documented_for_its_status() -> None:
    store = Store("Tiny")
    document = store.client.get("/openapi.json").json()
    known = {name.lower() for name in document["components"]["headers"]}
    spent = [store.judge(FIRST, key="a"), store.judge(SECOND, key="a"), *(store.judge() for _ in range(3))]
    store.customer = Customer("nobody", "0" * 64)
    refused = store.judge(FIRST)
    broken = Store(retries=few_retries())
    broken.table.faults = repeat(Fault.THROTTLED)
    answers = [*spent, refused, broken.judge(FIRST)]
    assert [answer.status_code for answer in answers] == [200, 422, 400, 400, 429, 401, 503]
    for answer in answers:
        documented = documented_headers(document, IMAGE, "post", answer.status_code)
        assert set(answer.headers) & known <= documented
    for answer, header in ((answers[4], "x-should-retry"), (answers[4], "retry-after"), (answers[6], "retry-after")):
        assert header in answer.headers


def test_every_keyed_answer_documents_what_is_left_of_the_month_unless_it_cannot_be_known() -> None:
    document = Store().client.get("/openapi.json").json()
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                documented = {name.lower() for name in response.get("headers", {})}
                has_key = bool(operation.get("security")) and status not in ("401", "504")
                assert (set(FIGURES) <= documented) == has_key


def test_the_usage_documents_no_error_of_an_image_and_no_used_up_month() -> None:
    responses = Store().client.get("/openapi.json").json()["paths"][USAGE]["get"]["responses"]
    codes = {
        code for response in responses.values() for code in response["content"]["application/json"].get("examples", {})
    }
    refused_anywhere = {"unauthorized", "rate_limited", "overloaded", "internal_error"}
    assert codes == {"invalid_request", "ledger_unavailable"} | refused_anywhere


def test_every_post_and_no_get_documents_its_idempotency_key() -> None:
    for methods in Store().client.get("/openapi.json").json()["paths"].values():
        for method, operation in methods.items():
            names = [parameter["name"] for parameter in operation.get("parameters", [])]
            assert ("Idempotency-Key" in names) == (method == "post")


def test_a_key_that_is_unknown_or_disabled_gets_the_same_401_as_no_key() -> None:
    store = Store()
    store.shop.registry.enable_key(store.customer.key_hash, enabled=False)
    disabled = [store.client.get(path, params={"url": FIRST}) for path in (CHECK, USAGE)]
    store.customer = Customer("nobody", "0" * 64)
    unknown = [store.client.get(path, params={"url": FIRST}) for path in (CHECK, USAGE)]
    for answer in disabled + unknown:
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.json()["message"].startswith("Send one valid API key")
        assert not set(FIGURES) & set(answer.headers)
    assert store.service.fetch.asked == []


def test_a_repeated_post_gets_the_first_one_s_answer_and_is_charged_once() -> None:
    store = Store("Tiny")
    first, second = (store.judge(FIRST, key="a") for _ in range(2))
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers["x-request-id"] != first.headers["x-request-id"]
    assert second.headers["x-ratelimit-remaining"] == "2"
    assert len(store.entries()) == len(store.service.fetch.asked) == 1


@pytest.mark.parametrize(
    ("path", "options"),
    [
        (IMAGE, {"json": {"image_urls": [FIRST]}}),
        (MODERATIONS, {"json": {"input": [{"type": "image_url", "image_url": {"url": FIRST}}]}}),
        (CHECK, {"json": {"url": FIRST}}),
        (CLASSIFY, {"content": png(), "headers": {"content-type": "image/png"}}),
        (f"{CLASSIFY}?explain=true", {"content": png()}),
        (f"/nsfw-api{CHECK}", {"data": {"url": FIRST}}),
    ],
)
def test_every_post_can_be_repeated(path: str, options: dict[str, Any]) -> None:
    store = Store()
    headers = options.pop("headers", {}) | {"idempotency-key": "a"}
    first, second = (store.client.post(path, headers=headers, **options) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.headers["idempotency-replayed"] == "true"
    assert second.json() == first.json()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (CHECK, json.dumps({"url": FIRST}, indent=1)),
        (f"{CHECK}?threshold=0.5", None),
        (CLASSIFY, None),
        ("/nsfw-api/v1/check", None),
    ],
)
def test_an_idempotency_key_belongs_to_one_route_query_and_body(path: str, content: str | None) -> None:
    store = Store()
    body = json.dumps({"url": FIRST})
    assert store.client.post(CHECK, content=body, headers={"idempotency-key": "a"}).status_code == 200
    answer = store.client.post(path, content=content or body, headers={"idempotency-key": "a"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert answer.headers["x-ratelimit-remaining"] == "999"


def test_a_mismatch_keeps_its_status_in_every_dialect() -> None:
    store = Store()
    store.judge(FIRST, key="a")
    image = store.judge(SECOND, key="a")
    moderations = store.client.post(MODERATIONS, json={}, headers={"idempotency-key": "a"})
    assert (image.status_code, image.json()["code"]) == (422, "idempotency_mismatch")
    assert (moderations.status_code, moderations.json()["error"]["code"]) == (422, "idempotency_mismatch")


def test_a_call_in_progress_is_a_409_that_says_when_to_retry() -> None:
    class Impatient(FakeClassifier):
        """Sends the same call again while it is being judged."""

        def classify(self, view: View) -> Scores:
            answers.append(store.judge(FIRST, key="a"))
            return super().classify(view)

    answers: list[Any] = []
    store = Store(classifier=Impatient())
    assert store.judge(FIRST, key="a").status_code == 200
    assert (answers[0].status_code, answers[0].json()["code"]) == (409, "idempotency_in_progress")
    assert (answers[0].headers["retry-after"], answers[0].headers["x-ratelimit-remaining"]) == ("1", "999")
    assert len(store.entries()) == 1


def test_answers_are_repeated_and_errors_are_not() -> None:
    store = Store()
    assert [store.judge("https://example.com/none.png", key="a").status_code for _ in range(2)] == [400, 400]
    assert store.judge(FIRST, key="a").status_code == 200
    assert store.client.get(USAGE).json()["data"]["calls"]["used"] == 3


def test_an_idempotency_key_on_a_get_is_ignored() -> None:
    store = Store()
    for _ in range(2):
        answer = store.client.get(CHECK, params={"url": FIRST}, headers={"idempotency-key": "a"})
        assert "idempotency-replayed" not in answer.headers
    assert len(store.entries()) == 2


@pytest.mark.parametrize("key", ["", "a" * 256, "a b", "a\tb", "schl\xfcssel"])
def test_an_idempotency_key_is_a_short_text_of_visible_characters(key: str) -> None:
    answer = Store().client.post(CHECK, json={"url": FIRST}, headers={b"idempotency-key": key.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_without_a_ledger_everyone_is_served_at_the_list_price_and_usage_says_that_nothing_is_counted() -> None:
    client = serve(WEB).client
    for _ in range(2):
        answer = client.post(IMAGE, json={"image_urls": [FIRST]}, headers={"idempotency-key": "a"})
        assert (answer.status_code, answer.json()["cost"]) == (200, 0.0015)
        assert not set(FIGURES) & set(answer.headers)
    usage = client.get(USAGE)
    assert (usage.status_code, usage.json()["data"]) == (200, {"counted": False})
    assert usage.content.endswith(b"}\n")


def test_while_the_ledger_cannot_be_reached_nothing_is_judged() -> None:
    store = Store(retries=few_retries())
    store.table.faults = repeat(Fault.THROTTLED)
    answer = store.judge(FIRST)
    assert (answer.status_code, answer.json()["code"]) == (503, "ledger_unavailable")
    assert answer.headers["retry-after"] == "2"
    assert store.client.get(USAGE).status_code == 503
    assert store.service.fetch.asked == []
    assert store.service.observer.ledger_failures == [("admit", "throttled", False), ("usage", "throttled", False)]


def test_while_the_ledger_cannot_be_reached_calls_are_judged_for_free_if_the_operator_says_so() -> None:
    store = Store(fail_open=True, retries=few_retries())
    store.table.faults = repeat(Fault.THROTTLED)
    answer = store.judge(FIRST)
    assert (answer.status_code, answer.json()["cost"]) == (200, 0)
    assert store.service.observer.ledger_failures == [("admit", "throttled", True)]
    store.table.faults = repeat(Fault.NONE)
    assert store.entries() == []


@pytest.mark.parametrize(("fail_open", "status", "cost"), [(False, 503, None), (True, 200, 0)])
def test_an_answer_whose_charge_was_certainly_not_recorded_is_withheld_or_free(
    *, fail_open: bool, status: int, cost: float | None
) -> None:
    store = Store(fail_open=fail_open)
    store.judge(FIRST)
    store.fail(Fault.NONE, Fault.NONE, Fault.REFUSED)
    answer = store.judge(FIRST)
    assert (answer.status_code, answer.json().get("cost")) == (status, cost)
    assert len(store.entries()) == 1


@pytest.mark.parametrize("lost", [Fault.LOST_ANSWER, Fault.LOST_REQUEST])
def test_an_answer_that_may_have_been_charged_is_never_withheld(lost: Fault) -> None:
    store = Store()
    store.judge(FIRST)
    store.fail(Fault.NONE, Fault.NONE, lost, Fault.REFUSED)
    answer = store.judge(FIRST)
    assert (answer.status_code, answer.json()["cost"]) == (200, 0.0015)
    assert len(store.entries()) == (2 if lost is Fault.LOST_ANSWER else 1)


def test_a_failed_call_keeps_its_own_error_when_the_ledger_fails_too() -> None:
    store = Store()
    store.judge(FIRST)
    store.fail(Fault.NONE, Fault.NONE, Fault.REFUSED)
    assert store.client.get(CHECK).status_code == 400


@pytest.mark.parametrize(("key", "writes"), [(None, 2), ("a", 3)])
def test_a_call_writes_twice_and_with_an_idempotency_key_three_times(key: str | None, writes: int) -> None:
    store = Store()
    store.judge(FIRST, key=key)
    assert store.table.writes == writes


def test_of_fifty_calls_at_once_on_ten_remaining_exactly_ten_are_answered(dynamodb: DynamoDBTable) -> None:
    shop = Shop(dynamodb, Clock())
    customer = shop.customer("Ten")
    app = serve(WEB, identify=from_gateway, ledger=shop.ledger(patient_retries())).app
    event = gateway_event("POST", IMAGE, body=json.dumps({"imageDataUrl": data_url(png())}), key_hash=customer.key_hash)
    events = [event | {"requestContext": event["requestContext"] | {"requestId": f"r{i}"}} for i in range(50)]
    with ThreadPoolExecutor(50) as callers:
        statuses = [answer["statusCode"] for answer in callers.map(lambda each: invoke(app, each), events)]
    assert (statuses.count(200), statuses.count(429)) == (10, 40)
    audit = shop.usage_reader.audit(customer.account_id, "2026-11")
    assert audit.holds
    assert (audit.used, audit.counted.amounts) == (10, {Currency.USD: Decimal("0.015")})
