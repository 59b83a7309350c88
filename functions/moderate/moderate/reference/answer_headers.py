"""Describes the headers of answers for the OpenAPI document."""

from datetime import UTC, datetime
from typing import Any

from moderate.calls import rate_limit_headers
from moderate.calls.metering import REPLAYED_HEADER
from moderate.dialects.examples import REQUEST_ID
from modest.allowance import Allowance

_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_IETF = "in the format of the IETF draft on RateLimit headers"
_COUNTED = "Present if the call was counted. Calls that API Gateway refuses are not counted."
_ALLOWANCE = rate_limit_headers.headers(Allowance(limit=3000, used=1, at=datetime(2026, 6, 23, 7, 2, 40, tzinfo=UTC)))


def _header(description: str, schema: dict[str, Any], example: object) -> dict[str, Any]:
    return {"description": description, "schema": schema, "example": example}


def _allowance(name: str, description: str) -> dict[str, Any]:
    value = _ALLOWANCE[name]
    return {name: _header(description, *((_COUNT, int(value)) if value.isdigit() else (_TEXT, value)))}


_ALWAYS = {
    "X-Request-Id": _header(
        "The same id as in the body, unless the body repeats the answer to an earlier call. Quote it if you ask about "
        "a call.",
        _TEXT,
        REQUEST_ID,
    ),
}
_MONTH = {
    **_allowance("X-RateLimit-Limit", f"Calls per month of the plan or, if it has fewer left, of the key. {_COUNTED}"),
    **_allowance("X-RateLimit-Remaining", "Calls left this month, of the plan or of the key, whichever are fewer."),
    **_allowance("X-RateLimit-Reset", "Seconds until the next month begins, in UTC."),
    **_allowance("RateLimit-Policy", f"The quota {_IETF}: calls, and the length of the month in seconds."),
    **_allowance("RateLimit", f"What is left {_IETF}: calls, and seconds until the quota resets."),
}
_RETRY_AFTER = {"Retry-After": _header("Seconds after which the same call can be sent again.", _COUNT, 1)}
_SHOULD_RETRY = {
    "x-should-retry": _header(
        "`false` if the month's quota or a limit of the key is used up. `Retry-After` says when it resets, in seconds.",
        {"type": "string", "const": "false"},
        "false",
    )
}
_REPLAYED = {
    REPLAYED_HEADER: _header(
        "`true` if this repeats the answer to an earlier call with the same Idempotency-Key; nothing more is charged.",
        {"type": "string", "const": "true"},
        "true",
    )
}

COMPONENTS = {**_ALWAYS, **_MONTH, **_RETRY_AFTER, **_SHOULD_RETRY, **_REPLAYED}
_UNCOUNTED = ("401", "504")
# Those of answers that are kept for calls with an Idempotency-Key.
_JUDGED = ("200", "204", "403", "406")
_TEMPORARY = ("409", "429", "503")


def at(status: str, method: str) -> dict[str, dict[str, str]]:
    """Returns the headers that such an answer of a keyed route may carry, as references to COMPONENTS."""
    names = [
        *_ALWAYS,
        *(_MONTH if status not in _UNCOUNTED else ()),
        *(_RETRY_AFTER if status in _TEMPORARY else ()),
        *(_SHOULD_RETRY if status == "429" else ()),
        *(_REPLAYED if status in _JUDGED and method == "POST" else ()),
    ]
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
