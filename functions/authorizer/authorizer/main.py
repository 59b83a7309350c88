"""Tells API Gateway which key a request carries. API Gateway then checks the key and the limits of its plan."""

from __future__ import annotations

from datetime import UTC, datetime

from modest.api_keys import KeyRefusal, hash_of, key_from_headers
from modest.months import seconds_to_month_end

# Importing TYPE_CHECKING from typing would make a cold start 2 ms slower.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Literal

    Context = dict[str, str | int]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Never raises, because API Gateway would answer an exception with a server error instead of a 401."""
    try:
        return _decide(event, datetime.now(UTC))
    except Exception as error:  # noqa: BLE001
        return _make_policy("Deny", "*", "nobody", {"refusal": type(error).__name__})


def _decide(event: dict[str, Any], now: datetime) -> dict[str, Any]:
    key = key_from_headers(_read_headers(event))
    if isinstance(key, KeyRefusal):
        return _make_policy("Deny", event["methodArn"], "nobody", {"refusal": key.value})
    key_hash = hash_of(key)
    context: Context = {"keyHash": key_hash, "quotaResetSeconds": seconds_to_month_end(now)}
    return _make_policy("Allow", event["methodArn"], key_hash, context) | {"usageIdentifierKey": key_hash}


def _read_headers(event: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from (event.get("headers") or {}).items()
    for name, values in (event.get("multiValueHeaders") or {}).items():
        yield from ((name, value) for value in values)


def _make_policy(effect: Literal["Allow", "Deny"], method_arn: str, principal: str, context: Context) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": method_arn}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }
