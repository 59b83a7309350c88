import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.helpers.support import EVENTS, ROOT

from authorizer.main import handler
from modest.api_keys import hash_of
from modest.months import seconds_to_month_end

KEY = "mod_live_otl5I62gnxWhwcCG70fIts53HhllDTfYa6VOmBMBPob2FavGK"
LONGEST_MONTH = 31 * 24 * 3600


def event(name: str) -> dict[str, Any]:
    return dict(json.loads((EVENTS / f"authorizer-{name}.json").read_text()))


def effect(decision: dict[str, Any]) -> str:
    (statement,) = decision["policyDocument"]["Statement"]
    return str(statement["Effect"])


@pytest.mark.parametrize("name", ["x-api-key", "x-oanor-key", "bearer"])
def test_a_well_formed_key_is_passed_on_as_its_hash(name: str) -> None:
    request = event(name)
    decision = handler(request, None)
    assert effect(decision) == "Allow"
    assert decision["usageIdentifierKey"] == decision["context"]["keyHash"] == hash_of(KEY)
    assert decision["policyDocument"]["Statement"][0]["Resource"] == request["methodArn"]
    assert 0 < decision["context"]["quotaResetSeconds"] <= LONGEST_MONTH


@pytest.mark.parametrize(
    ("name", "refusal"),
    [("no-key", "missing"), ("conflicting-keys", "conflicting"), ("repeated-header", "conflicting")],
)
def test_anything_else_is_denied_with_the_reason_for_the_log(name: str, refusal: str) -> None:
    decision = handler(event(name), None)
    assert effect(decision) == "Deny"
    assert decision["context"] == {"refusal": refusal}
    assert "usageIdentifierKey" not in decision


def test_a_mistyped_key_is_denied() -> None:
    request = event("x-api-key")
    request["multiValueHeaders"]["X-Api-Key"] = [KEY[:-1] + "0"]
    request["headers"]["X-Api-Key"] = KEY[:-1] + "0"
    assert handler(request, None)["context"] == {"refusal": "malformed"}


@pytest.mark.parametrize("absent", ["headers", "multiValueHeaders"])
def test_either_form_of_the_headers_is_enough(absent: str) -> None:
    request = event("bearer")
    request[absent] = None
    assert effect(handler(request, None)) == "Allow"


@pytest.mark.parametrize(
    "request_event",
    [
        {},
        {"headers": {}},
        {"headers": {"x-api-key": KEY}},
        {"headers": {"x-api-key": 7}, "methodArn": "arn"},
        {"headers": [KEY], "methodArn": "arn"},
        {"multiValueHeaders": {"x-api-key": None}, "methodArn": "arn"},
        {"multiValueHeaders": {"x-api-key": [None]}, "methodArn": "arn"},
        {"headers": {"x-api-key": "\ud800"}, "methodArn": "arn"},
        None,
        "an event",
    ],
)
def test_it_denies_rather_than_raises_whatever_it_is_given(request_event: Any) -> None:
    assert effect(handler(request_event, None)) == "Deny"


@pytest.mark.parametrize("path", sorted(EVENTS.glob("authorizer-*.json")), ids=lambda path: path.stem)
def test_it_writes_nothing_and_hands_back_no_key(path: Any, capfd: pytest.CaptureFixture[str]) -> None:
    decision = handler(json.loads(path.read_text()), None)
    assert capfd.readouterr() == ("", "")
    assert "mod_live_" not in json.dumps(decision)


def test_its_context_holds_only_what_api_gateway_takes() -> None:
    for path in EVENTS.glob("authorizer-*.json"):
        context = handler(json.loads(path.read_text()), None)["context"]
        assert all(isinstance(value, str | int) for value in context.values())


def test_it_runs_on_the_standard_library_and_the_layer_and_imports_nothing_slow() -> None:
    slow = {"asyncio", "dataclasses", "inspect", "random", "secrets", "ssl", "typing"}
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", "import sys, authorizer.main; print(*sys.modules)"],
        env={"PYTHONPATH": f"{ROOT}/functions/authorizer:{ROOT}/layers/modest"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not slow & set(loaded.stdout.split())


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        (datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), 1),
        (datetime(2026, 1, 31, 23, 59, 59, 500_000, tzinfo=UTC), 1),
        (datetime(2026, 2, 1, tzinfo=UTC), 28 * 86400),
        (datetime(2028, 2, 29, tzinfo=UTC), 86400),
        (datetime(2026, 12, 31, 12, tzinfo=UTC), 43200),
        (datetime(2026, 4, 30, 23, 0, tzinfo=UTC), 3600),
    ],
)
def test_the_month_ends_at_midnight_utc(now: datetime, seconds: int) -> None:
    assert seconds_to_month_end(now) == seconds
