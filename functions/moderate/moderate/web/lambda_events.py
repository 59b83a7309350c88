"""Turns API Gateway's events into HTTP requests, with Mangum."""

from collections.abc import Callable
from typing import Any

import pybase64
from fastapi import FastAPI
from mangum import Mangum

Event = dict[str, Any]
Handler = Callable[[Event, Any], dict[str, Any]]


def lambda_handler(app: FastAPI) -> Handler:
    """Returns the function that Lambda calls with an event of an API Gateway REST API."""
    respond = Mangum(app, lifespan="off")

    def handler(event: Event, context: Any) -> dict[str, Any]:
        return respond(with_bytes(event), context)

    return handler


def with_bytes(event: Event) -> Event:
    """Returns the event with a binary body as bytes: Mangum would take a millisecond for each 300 KB of base64."""
    if not event.get("isBase64Encoded"):
        return event
    return {**event, "body": pybase64.b64decode(event.get("body") or "", validate=True), "isBase64Encoded": False}
