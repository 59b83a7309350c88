"""What API Gateway answers by itself, as the OpenAPI document shows it: template.yaml holds the answers themselves."""

from typing import Any

from moderate.dialects.examples import REQUEST_ID

NAME = "GatewayError"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "API Gateway's own refusals, in one body that clients of every API here can read.",
    "required": ["error", "code", "requestId", "status", "success", "message", "data", "meta"],
    "properties": {
        "error": {"type": "string"},
        "code": {"type": "string"},
        "requestId": {"type": "string"},
        "status": {"const": "error"},
        "success": {"const": False},
        "message": {"type": "string"},
        "data": {"type": "null"},
        "meta": {
            "type": "object",
            "required": ["request_id"],
            "properties": {"request_id": {"type": "string"}},
        },
    },
}
STATUSES = ("401", "413", "429", "500", "504")
"""Which of a keyed route's answers may be API Gateway's."""


def _body(error: str, code: str, message: str) -> dict[str, Any]:
    return {
        "error": error,
        "code": code,
        "requestId": REQUEST_ID,
        "status": "error",
        "success": False,
        "message": message,
        "data": None,
        "meta": {"request_id": REQUEST_ID},
    }


RATE_LIMITED = _body("Rate limit exceeded", "rate_limited", "Too many calls at once. Wait a second and try again.")
TOO_LARGE = _body(
    "Image too large",
    "image_too_large",
    "A call carries about 4.4 MB of images. Send a smaller one, or its URL: up to 10 MB are fetched.",
)
TIMED_OUT = _body("NSFW classification failed", "internal_error", "No answer came in time. Try again.")
"""Those that no code here answers."""
