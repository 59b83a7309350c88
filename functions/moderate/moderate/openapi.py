"""The OpenAPI document: FastAPI's own, with every error that errors.py knows in its dialect's envelope."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi

from moderate import __version__
from moderate.dialects import Dialect, dialect_of
from moderate.errors import INTERNAL, STATUS_AND_CODE, Problem
from moderate.formats import ACCEPTED

_DESCRIPTION = """
Judges whether images are safe to show. One engine answers as two published APIs do: change the base URL and the key of
a client written for either, nothing else.

An image that was not judged is never called safe: every error says what was wrong and what to do.

A call counts once against the plan's month when it is admitted, whatever its outcome. Money is booked only for images
judged.
"""
_EXAMPLE_ID = "eb816e53-5961-4837-8f20-e3477e10a3ad"
_EXAMPLE_MESSAGES = {
    "invalid_request": "threshold must be a number from 0 to 1, such as 0.6.",
    "invalid_url": "This is not a web address. Send a full one: https://example.com/image.jpg",
    "blocked_url": "This address is not on the public web. Only public http and https addresses are fetched.",
    "invalid_base64": "This is not base64. Send the image's bytes as base64, base64url or a data URL.",
    "unauthorized": "Send a valid API key in x-api-key, x-oanor-key or Authorization: Bearer.",
    "image_too_large": "The images sent add up to more than 4.4 MB, which is what one call can carry.",
    "unsupported_format": f"This is not an image in an accepted format. Send one of: {ACCEPTED}.",
    "fetch_failed": "The image's server answered 404 instead of an image.",
    "fetch_timeout": "The image's server did not deliver in time.",
    "undecodable_image": "The image is damaged or incomplete and cannot be decoded. Send it again whole.",
    "too_many_pixels": "The image has too many pixels: baseline JPEG may have 50 megapixels. Send a smaller one.",
    "too_many_frames": "The animation is too long to be judged whole. Send a shorter or smaller one.",
    "request_too_slow": "The image was not judged within 25 seconds. Send fewer or smaller images in one call.",
}
_KEY_HEADERS = {
    "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "x-oanor-key": {"type": "apiKey", "in": "header", "name": "x-oanor-key"},
    "bearer": {"type": "http", "scheme": "bearer"},
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
                    "version": __version__,
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
    spec.setdefault("components", {})["securitySchemes"] = _KEY_HEADERS
    for path, operations in spec["paths"].items():
        for operation in operations.values():
            if "service" in operation["tags"]:
                continue
            operation["security"] = [{name: []} for name in _KEY_HEADERS]
            operation["responses"] |= _error_responses(dialect_of(path))
    return spec


def _error_responses(dialect: Dialect) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for problem in _every_problem():
        answer = dialect.error_response(problem, _EXAMPLE_ID, None)
        response = responses.setdefault(
            str(answer.status_code),
            {"description": "", "content": {"application/json": {"examples": {}}}},
        )
        examples = response["content"]["application/json"]["examples"]
        examples[problem.code] = {"value": json.loads(bytes(answer.body))}
        response["description"] = ", ".join(examples)
    return responses


def _every_problem() -> Iterator[Problem]:
    for status, code in STATUS_AND_CODE.values():
        yield Problem(status, code, _EXAMPLE_MESSAGES[code])
    yield INTERNAL
