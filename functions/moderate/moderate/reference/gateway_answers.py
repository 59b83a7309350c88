"""Describes API Gateway's own answers for the OpenAPI document. template.yaml holds the answers themselves."""

from typing import Any

from moderate.dialects.examples import REQUEST_ID
from moderate.sources import MAX_FETCHED, MAX_SENT

NAME = "GatewayError"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": (
        "A refusal by API Gateway itself, with the fields that NanoGPT's and oanor's clients read; OpenAI's go by the "
        "status."
    ),
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
STATUSES = ("401", "413", "429", "500", "503", "504")
"""The statuses of a keyed route that may come from API Gateway."""


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


BODIES = {
    "413": _body(
        "Image too large",
        "image_too_large",
        f"A call can carry about {MAX_SENT} of images. Send smaller images, or their URLs: an image at a URL "
        f"may be up to {MAX_FETCHED}.",
    ),
    "429": _body("Rate limit exceeded", "rate_limited", "Too many calls at once. Wait a second and try again."),
    "503": _body(
        "Service overloaded",
        "overloaded",
        "The service is at its limit. Wait a second and try again.",
    ),
    "504": _body("NSFW classification failed", "internal_error", "No answer came in time. Try again."),
}
"""The bodies that the service itself never sends, by status."""
