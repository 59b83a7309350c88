"""The local gateway's own part of a call, around functions of the test's own."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.helpers.local_gateway import GENEROUS, Bench, echo
from tests.helpers.support import EVENTS
from tests.helpers.waiting import HANGS_SECONDS

from modest.api_keys import new_key
from modest_local.api import Throttle
from modest_local.keys import UsagePlan

MEGABYTE = 1024 * 1024
SLOW = UsagePlan("f", "Slow", Throttle(1, 1), 1000)
SPENT = UsagePlan("s", "Spent", Throttle(100, 100), 2)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as bench:
        yield bench


def keyed(bench: Bench, plan: UsagePlan = GENEROUS) -> dict[str, str]:
    return {"x-api-key": bench.keys.hand_out(plan)}


def event_of(bench: Bench, method: str, path: str, **options: Any) -> dict[str, Any]:
    headers = keyed(bench) | options.pop("headers", {})
    event: dict[str, Any] = bench.call(method, path, headers=headers, **options).json()
    return event


def test_bytes_for_a_caller_who_asks_for_none_are_base64_of_its_own_length() -> None:
    answer = {"statusCode": 200, "headers": {"content-length": "3"}, "body": "YWJj", "isBase64Encoded": True}
    with Bench(lambda _event, _context: answer) as bench:
        text = bench.call("GET", "/docs/a", headers={"accept": "*/*"})
        data = bench.call("GET", "/docs/a", headers={"accept": "application/octet-stream"})
    assert (text.content, text.headers["content-length"]) == (b"YWJj", "4")
    assert (data.content, data.headers["content-length"]) == (b"abc", "3")


def test_the_functions_event_has_every_field_of_a_captured_one(bench: Bench) -> None:
    event = event_of(bench, "POST", "/api/nsfw/image", json={})
    captured = json.loads((EVENTS / "authorizer-x-api-key.json").read_text())
    assert captured.keys() - {"type", "methodArn"} <= event.keys()
    assert captured["requestContext"].keys() <= event["requestContext"].keys()
    assert captured["requestContext"]["identity"].keys() <= event["requestContext"]["identity"].keys()


def test_the_authorizers_context_reaches_the_function_as_text(bench: Bench) -> None:
    context = event_of(bench, "GET", "/v1/check")["requestContext"]
    assert context["authorizer"]["keyHash"] == context["identity"]["apiKey"]
    assert context["authorizer"]["quotaResetSeconds"].isdigit()


def test_the_request_id_is_the_functions_and_the_clients(bench: Bench) -> None:
    response = bench.call("GET", "/v1/check", headers=keyed(bench))
    assert response.headers["x-amzn-requestid"] == response.json()["requestContext"]["requestId"]


@pytest.mark.parametrize(("path", "full_path"), [("/v1/check", "/v1/check"), ("/prod/v1/check", "/prod/v1/check")])
def test_the_functions_path_never_holds_the_stage(bench: Bench, path: str, full_path: str) -> None:
    event = event_of(bench, "GET", path)
    assert (event["path"], event["requestContext"]["path"]) == ("/v1/check", full_path)
    assert event["requestContext"]["stage"] == "prod"


def test_a_query_arrives_decoded_with_every_value_of_a_repeated_name(bench: Bench) -> None:
    event = event_of(bench, "GET", "/v1/check?url=http%3A%2F%2Fa&url=b&empty=&base64=a+b")
    assert event["multiValueQueryStringParameters"] == {
        "url": ["http://a", "b"],
        "empty": [""],
        "base64": ["a b"],
    }
    assert event["queryStringParameters"]["url"] == "b"


def test_without_a_query_or_body_they_are_null(bench: Bench) -> None:
    event = event_of(bench, "GET", "/v1/check")
    assert [event[name] for name in ("queryStringParameters", "body", "pathParameters")] == [None, None, None]
    assert event["isBase64Encoded"] is False


@pytest.mark.parametrize(
    ("content_type", "is_base64"),
    [
        ("image/png", True),
        ("multipart/form-data; boundary=x", True),
        ("APPLICATION/OCTET-STREAM", True),
        ("application/json", False),
        ("image/tiff", True),
        ("image/*", True),
        ("image/x-tga", False),
    ],
)
def test_only_the_templates_binary_types_arrive_byte_for_byte(bench: Bench, content_type: str, is_base64: bool) -> None:
    event = event_of(bench, "POST", "/v1/check", content=b"\x89PNG", headers={"content-type": content_type})
    assert event["isBase64Encoded"] is is_base64
    assert event["body"] == (base64.b64encode(b"\x89PNG").decode() if is_base64 else "�PNG")


def test_a_raw_body_without_a_content_type_is_taken_for_text(bench: Bench) -> None:
    assert event_of(bench, "POST", "/v1/check", content=b"\x89PNG")["body"] == "�PNG"


@pytest.mark.parametrize("path", ["/nowhere", "/prod/nowhere", "/v1/a/b", "/docs/a/b"])
@pytest.mark.parametrize("authorization", ["", "Bearer x", "Basic eA=="])
def test_an_unknown_route_is_404_in_the_templates_words_whatever_the_key(
    bench: Bench, path: str, authorization: str
) -> None:
    response = bench.call("GET", path, headers={"authorization": authorization} if authorization else {})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert response.json()["requestId"] == response.headers["x-request-id"]


def test_a_method_that_a_path_has_not_got_is_405_and_names_those_it_has(bench: Bench) -> None:
    response = bench.call("PUT", "/v1/check", headers={"content-type": "image/png"})
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD, POST"
    assert response.json()["requestId"] == response.headers["x-request-id"]
    assert bench.call("GET", "/v1/moderations").json()["error"]["code"] == "method_not_allowed"


def test_a_body_of_a_type_that_the_template_does_not_list_is_415_there(bench: Bench) -> None:
    response = bench.call("POST", "/nowhere", headers={"content-type": "application/xml"})
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_format")


def test_a_method_that_http_does_not_know_is_404(bench: Bench) -> None:
    assert bench.call("PROPFIND", "/v1/check").status_code == 404


def test_unknown_routes_are_throttled_together(bench: Bench) -> None:
    statuses = [response.status_code for response in bench.calls([("GET", f"/{name}", {}) for name in range(12)])]
    assert sorted(statuses) == [404] * 10 + [429] * 2


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "mod_live_short"}, {"authorization": "Basic eA=="}])
def test_without_a_well_formed_key_the_answer_is_401(bench: Bench, headers: dict[str, str]) -> None:
    response = bench.call("GET", "/v1/check", headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")


def test_every_refusal_of_a_key_reads_the_same(bench: Bench) -> None:
    known = bench.keys.hand_out(GENEROUS)
    refused = [
        bench.call("GET", "/v1/check"),
        bench.call("GET", "/v1/check", headers={"x-api-key": new_key()}),
        bench.call("GET", "/v1/check", headers={"x-api-key": known, "x-oanor-key": new_key()}),
    ]
    assert {response.status_code for response in refused} == {401}
    assert len({response.text.replace(response.headers["x-request-id"], "ID") for response in refused}) == 1


def test_an_authorizer_that_fails_is_503_and_the_function_is_not_called() -> None:
    def fail(_event: object, _context: object) -> Any:
        raise RuntimeError

    with Bench(decide=fail) as bench:
        refused = bench.call("GET", "/v1/check")
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "overloaded", "1")


def test_a_second_call_within_a_second_is_429_that_says_when_to_come_back(bench: Bench) -> None:
    headers = keyed(bench, SLOW)
    first, second = (bench.call("GET", "/v1/check", headers=headers) for _ in range(2))
    assert first.status_code == 200
    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (429, "rate_limited", "1")
    bench.clock.seconds += 1
    assert bench.call("GET", "/v1/check", headers=headers).status_code == 200


def test_a_month_that_is_used_up_is_429_until_it_ends_and_not_worth_a_retry(bench: Bench) -> None:
    headers = keyed(bench, SPENT)
    statuses = [bench.call("GET", "/v1/check", headers=headers).status_code for _ in range(2)]
    refused = bench.call("GET", "/v1/check", headers=headers)
    assert statuses == [200, 200]
    assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")
    assert refused.headers["x-should-retry"] == "false"
    assert 0 < int(refused.headers["retry-after"]) <= 31 * 24 * 3600
    assert bench.call("GET", "/v1/usage", headers=headers).status_code == 200


def test_a_call_over_the_rate_does_not_count_in_the_month(bench: Bench) -> None:
    headers = keyed(bench, UsagePlan("x", "Tight", Throttle(1, 1), 2))
    statuses = []
    for _ in range(3):
        statuses += [bench.call("GET", "/v1/check", headers=headers).status_code for _ in range(2)]
        bench.clock.seconds += 1
    assert statuses == [200, 429, 200, 429, 429, 429]


def test_calls_that_come_in_together_after_a_change_read_the_keys_once(bench: Bench) -> None:
    headers = keyed(bench)
    bench.keys.is_stale = True
    bench.calls([("GET", "/v1/check", {"headers": headers})] * 20)
    assert bench.keys.times_refreshed == 1


def test_each_keyless_route_is_throttled_by_itself(bench: Bench) -> None:
    health = bench.calls([("GET", "/health", {})] * 12)
    assert sorted(response.status_code for response in health) == [200] * 10 + [429] * 2
    assert bench.call("GET", "/docs").status_code == 200


def test_a_preflight_needs_no_key_and_no_function(bench: Bench) -> None:
    response = bench.call("OPTIONS", "/v1/check")
    assert response.status_code == 200
    assert "x-oanor-key" in response.headers["access-control-allow-headers"]


def test_a_body_over_10_megabytes_is_413(bench: Bench) -> None:
    response = bench.call("POST", "/v1/check", content=bytes(10 * MEGABYTE + 1), headers=keyed(bench))
    assert (response.status_code, response.json()["code"]) == (413, "image_too_large")


def test_a_body_whose_event_is_over_6_megabytes_is_413(bench: Bench) -> None:
    headers = keyed(bench) | {"content-type": "image/png"}
    over, under = (
        bench.call("POST", "/v1/check", content=bytes(size * MEGABYTE // 10), headers=headers).status_code
        for size in (46, 44)
    )
    assert (over, under) == (413, 200)


def test_a_head_over_10240_characters_is_refused(bench: Bench) -> None:
    headers = keyed(bench)
    over = bench.call("GET", f"/v1/check?base64={'a' * 10_240}", headers=headers)
    under = bench.call("GET", f"/v1/check?base64={'a' * 9_900}", headers=headers)
    assert (over.status_code, over.json()["code"]) == (431, "invalid_request")
    assert under.status_code == 200


def test_a_function_that_raises_is_502_and_tells_nothing() -> None:
    def crash(_event: object, _context: object) -> Any:
        raise RuntimeError("secret")

    with Bench(crash) as bench:
        response = bench.call("GET", "/v1/check", headers=keyed(bench))
    assert (response.status_code, response.json()["code"]) == (502, "internal_error")
    assert "secret" not in response.text


@pytest.mark.parametrize(
    "answer", [None, [], {"body": "x"}, {"statusCode": "x"}, {"statusCode": 200, "body": "x" * 6_300_000}]
)
def test_an_answer_that_is_no_proxy_response_or_too_large_is_502(answer: Any) -> None:
    with Bench(lambda _event, _context: answer) as bench:
        assert bench.call("GET", "/v1/check", headers=keyed(bench)).status_code == 502


def test_a_function_that_takes_too_long_is_504() -> None:
    answered = threading.Event()

    def dawdle(_event: object, _context: object) -> Any:
        answered.wait(HANGS_SECONDS)

    with Bench(dawdle, timeout=0.05) as bench:
        response = bench.call("GET", "/v1/check", headers=keyed(bench))
        answered.set()
    assert (response.status_code, response.json()["code"]) == (504, "internal_error")


@pytest.mark.parametrize(("accept", "body"), [("image/png, */*", b"\x89PNG"), ("*/*", b"iVBORw==")])
def test_base64_in_an_answer_is_decoded_for_a_client_that_asks_for_a_binary_type(accept: str, body: bytes) -> None:
    def picture(_event: object, _context: object) -> Any:
        return {
            "statusCode": 200,
            "headers": {"Content-Type": "image/png"},
            "multiValueHeaders": {"set-cookie": ["a=1", "b=2"]},
            "body": "iVBORw==",
            "isBase64Encoded": True,
        }

    with Bench(picture) as bench:
        response = bench.call("GET", "/health", headers={"accept": accept})
    assert response.content == body
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_calls_run_side_by_side_each_on_an_event_loop_of_its_own() -> None:
    loops = set()
    all_here = threading.Barrier(8, timeout=HANGS_SECONDS)

    def handler(event: dict[str, Any], context: object) -> Any:
        loop = asyncio.get_event_loop()
        loop.run_until_complete(asyncio.to_thread(all_here.wait))
        loops.add(loop)
        return echo(event, context)

    with Bench(handler) as bench:
        responses = bench.calls([("GET", "/v1/check", {"headers": keyed(bench)}) for _ in range(8)])
    assert {response.status_code for response in responses} == {200}
    assert len({response.json()["requestContext"]["requestId"] for response in responses}) == 8
    assert len(loops) == 8
