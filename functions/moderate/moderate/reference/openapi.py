"""The OpenAPI document: FastAPI's own, with every error that errors.py knows in its dialect's envelope."""

import json
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi

from moderate.blocking.block_list import PolicyViolation
from moderate.calls.authentication import Unauthorized
from moderate.calls.parameters import InvalidRequest
from moderate.calls.problems import problem_of
from moderate.dialects import schema_refs, usage
from moderate.dialects.examples import REQUEST_ID
from moderate.dialects.nanogpt_schema import NanoGptAnswer, NanoGptError
from moderate.dialects.oanor_schema import CheckAnswer, ClassifyAnswer, OanorError
from moderate.dialects.openai_schema import OpenAiAnswer, OpenAiError
from moderate.dialects.registry import Dialect, dialect_of
from moderate.dialects.usage_schema import UsageAnswer
from moderate.fetching.fetcher import FetchFailed, FetchTimeout
from moderate.fetching.urls import BlockedUrl, InvalidUrl
from moderate.images import formats, limits
from moderate.pipeline import RequestTooSlow
from moderate.reference import answer_headers, gateway_answers
from moderate.sources import ImageTooLarge, InvalidBase64
from moderate.version import VERSION
from modest.allowance import Allowance
from modest.refusals import IdempotencyInProgress, IdempotencyMismatch, LedgerUnavailable, QuotaExceeded

_DESCRIPTION = """
Judges whether images are safe to show. One engine answers as two published APIs do: change the base URL and the key of
a client written for either, nothing else.

An image that was not judged is never called safe: every error says what was wrong and what to do.

A call counts once against the plan's month when it is admitted, whatever its outcome. Money is booked only for images
judged.

An `Idempotency-Key` makes a POST safe to send again. Wait as long as `Retry-After` says; `x-should-retry: false` says
that waiting is no use before the next month. `GET /v1/usage` tells what is used and charged.

Behind API Gateway some calls are refused before they get here (a wrong key, too many a second, too large), in one body
whatever the API: `GatewayError` in the OpenAPI document.
"""
_USED_UP = Allowance(3000, 3000, datetime(2026, 5, 31, tzinfo=UTC))
# One error for each code.
_EXAMPLES: tuple[Exception, ...] = (
    InvalidRequest("policy must be one of: lenient, balanced, strict.", param="policy"),
    InvalidUrl("The URL does not start with http:// or https://. Give the image's full web address."),
    BlockedUrl("The URL's address is not on the public internet. Use an address anyone can reach."),
    InvalidBase64("The base64 text holds no bytes. Send the image's bytes as base64."),
    PolicyViolation("The image is", "0" * 64),
    Unauthorized(),
    ImageTooLarge("The image at the URL is larger than 10 MB. Give a smaller one."),
    formats.not_accepted(),
    FetchFailed("The image's server answered 404. Check that anyone can open the URL."),
    FetchTimeout("The image did not arrive within 8 seconds. Try again, or send the image itself."),
    limits.UndecodableImage(),
    limits.BASELINE_JPEG.exceeded(),
    limits.GIF_ANIMATION.exceeded(),
    RequestTooSlow(),
    IdempotencyInProgress(_USED_UP),
    IdempotencyMismatch(_USED_UP),
    QuotaExceeded(_USED_UP),
    LedgerUnavailable(""),
    Exception(),
)
_OF_USAGE = (Unauthorized, LedgerUnavailable, Exception)
_OF_POSTS = (IdempotencyInProgress, IdempotencyMismatch)
_SHAPES = (
    *(CheckAnswer, ClassifyAnswer, OanorError),
    *(NanoGptAnswer, NanoGptError),
    *(OpenAiAnswer, OpenAiError),
    UsageAnswer,
)
_KEY_HEADERS = {
    "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "x-oanor-key": {"type": "apiKey", "in": "header", "name": "x-oanor-key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": (
        "A text of your own, new for each call. The same request sent again with it within 24 hours gets the first "
        "one's answer, marked `Idempotency-Replayed: true`; it is counted and charged once. Its `X-Request-Id` is new, "
        "while the request's id in its body is the first one's. Only a 200 is kept: after any other answer the key is "
        "free again. While the first is under way: 409, with `Retry-After`. With another route, query or body: 422. "
        "Without accounts (`serve`) it does nothing."
    ),
    "example": "b9f6b1f4-0d0c-4a57-8f0e-7c1f3a2f5f5e",
}

Responses = dict[int | str, dict[str, Any]]

HEALTH: Responses = {
    200: {
        "description": "The model is loaded.",
        "content": {
            "application/json": {
                "example": {
                    "status": "ok",
                    "model": {"name": "mobilenet_v2", "version": "nsfwjs-4.4.0"},
                    "version": VERSION,
                    "build": "dev",
                }
            }
        },
    }
}

# Relative, so that the page works under an API Gateway stage.
PAGE = bytes(
    get_swagger_ui_html(
        title="Modest",
        openapi_url="openapi.json",
        swagger_js_url="docs/swagger-ui-bundle.js",
        swagger_css_url="docs/swagger-ui.css",
        swagger_favicon_url="docs/favicon.png",
        swagger_ui_parameters={"persistAuthorization": False, "tryItOutEnabled": True},
    ).body
).decode()


@cache
def assets() -> dict[str, Path]:
    """The files that PAGE asks for, by name."""
    package = find_spec("fastapi_offline")
    if package is None or package.origin is None:
        return {}
    folder = Path(package.origin).parent / "static"
    return {name: folder / name for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")}


def document(app: FastAPI) -> dict[str, Any]:
    spec = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=_DESCRIPTION,
        routes=app.routes,
        servers=[{"url": "./"}],
    )
    components = spec.setdefault("components", {})
    components["securitySchemes"] = _KEY_HEADERS
    components["headers"] = answer_headers.COMPONENTS
    components["schemas"] = schema_refs.schemas(_SHAPES) | {gateway_answers.NAME: gateway_answers.SCHEMA}
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            if "service" in operation["tags"]:
                continue
            if method == "post":
                operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
            operation["security"] = [{name: []} for name in _KEY_HEADERS]
            any_error = operation["responses"].pop("default")
            schema = any_error["content"]["application/json"]["schema"]
            operation["responses"] |= _error_responses(dialect_of(path), schema, _errors_of(path, method))
            _add_gateway_answers(operation["responses"], method)
            for status, response in operation["responses"].items():
                response["headers"] = answer_headers.at(status, method)
    return spec


def _errors_of(path: str, method: str) -> list[Exception]:
    if path == usage.PATH:
        return [error for error in _EXAMPLES if type(error) in _OF_USAGE]
    return [error for error in _EXAMPLES if method == "post" or not isinstance(error, _OF_POSTS)]


def _error_responses(dialect: Dialect, schema: dict[str, Any], errors: list[Exception]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for error in map(dialect.as_raised, errors):
        problem = problem_of(error)
        answer = dialect.error_response(problem, REQUEST_ID, error)
        _add_example(responses, str(answer.status_code), schema, problem.code, json.loads(bytes(answer.body)))
    return responses


def _add_gateway_answers(responses: dict[str, Any], method: str) -> None:
    """Beside those of the service, whose own example of a code stays."""
    schema = {"$ref": f"#/components/schemas/{gateway_answers.NAME}"}
    answers = {"429": gateway_answers.RATE_LIMITED, "504": gateway_answers.TIMED_OUT}
    if method == "post":
        answers["413"] = gateway_answers.TOO_LARGE
    for status in gateway_answers.STATUSES:
        if status in responses:
            described = responses[status]["content"]["application/json"]
            described["schema"] = {"anyOf": [described["schema"], schema]}
    for status, body in answers.items():
        _add_example(responses, status, schema, body["code"], body)


def _add_example(responses: dict[str, Any], status: str, schema: dict[str, Any], name: str, body: object) -> None:
    response = responses.setdefault(
        status, {"description": "", "content": {"application/json": {"schema": schema, "examples": {}}}}
    )
    examples = response["content"]["application/json"]["examples"]
    examples.setdefault(name, {"value": body})
    response["description"] = ", ".join(examples)
