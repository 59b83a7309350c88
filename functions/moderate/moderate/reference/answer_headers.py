"""The headers of answers, as the OpenAPI document describes them."""

from typing import Any

from moderate.calls.metering import REPLAYED_HEADER

_WHOLE = {"type": "integer", "minimum": 0}
_COUNTED = "Of every call that is counted; behind API Gateway, not of one that it refuses itself."


def _header(description: str, schema: dict[str, Any], example: object) -> dict[str, Any]:
    return {"description": description, "schema": schema, "example": example}


_OF_ALL = {
    "X-Request-Id": _header(
        "The same as in the body, unless that is an earlier call's. Name it when you ask about a call.",
        {"type": "string"},
        "eb816e53-5961-4837-8f20-e3477e10a3ad",
    ),
}
_MONTH = {
    "X-RateLimit-Limit": _header(f"Calls in a month. {_COUNTED}", _WHOLE, 3000),
    "X-RateLimit-Remaining": _header("Calls left of it.", _WHOLE, 2999),
    "X-RateLimit-Reset": _header("Seconds until the next month begins, in UTC.", _WHOLE, 665840),
    "RateLimit-Policy": _header(
        "The same in the IETF draft's form: calls and the month's length in seconds.",
        {"type": "string"},
        '"month";q=3000;w=2592000',
    ),
    "RateLimit": _header("Calls left, and seconds until they are anew.", {"type": "string"}, '"month";r=2999;t=665840'),
}
_WAIT = {"Retry-After": _header("Seconds after which the same call may be sent again.", _WHOLE, 1)}
_IN_VAIN = {
    "x-should-retry": _header(
        "`false` where the month is used up: Retry-After is then the rest of the month.",
        {"type": "string", "const": "false"},
        "false",
    )
}
_AGAIN = {
    REPLAYED_HEADER: _header(
        "`true` where this is the answer to an earlier call with the same Idempotency-Key, which was not charged anew.",
        {"type": "string", "const": "true"},
        "true",
    )
}

COMPONENTS = {**_OF_ALL, **_MONTH, **_WAIT, **_IN_VAIN, **_AGAIN}
_UNCOUNTED = ("401", "504")
_WAITED_OUT = ("409", "429", "503")


def at(status: str, method: str) -> dict[str, dict[str, str]]:
    """What an answer of a keyed route may carry, as references to COMPONENTS."""
    names = [
        *_OF_ALL,
        *(_MONTH if status not in _UNCOUNTED else ()),
        *(_WAIT if status in _WAITED_OUT else ()),
        *(_IN_VAIN if status == "429" else ()),
        *(_AGAIN if status == "200" and method == "post" else ()),
    ]
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
