"""Wraps photos in events of an API Gateway REST API."""

import base64
import json
from collections.abc import Sequence
from typing import Any

Event = dict[str, Any]

KEY_HASH = "0" * 64


def raw(photo: bytes) -> Event:
    """Returns an event with one photo as its body, which asks for all five classes."""
    return _event("/v1/classify", base64.b64encode(photo).decode(), "image/jpeg", binary=True)


def data_urls(photos: Sequence[bytes]) -> Event:
    """Returns an event with up to ten photos in JSON, which asks for a flag for each."""
    urls = ["data:image/jpeg;base64," + base64.b64encode(photo).decode() for photo in photos]
    return _event("/api/nsfw/image", json.dumps({"imageDataUrls": urls}), "application/json", binary=False)


def _event(path: str, body: str, content_type: str, *, binary: bool) -> Event:
    sent = {"Host": "api.example.com", "Content-Type": content_type, "User-Agent": "bench", "Accept": "*/*"}
    return {
        "resource": path,
        "path": path,
        "httpMethod": "POST",
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": path,
            "httpMethod": "POST",
            "path": f"/prod{path}",
            "stage": "prod",
            "requestId": "5f2f0b5c-3f7e-4c3e-9d31-6d4f4f6c9a01",
            "identity": {"sourceIp": "198.51.100.7"},
            "authorizer": {"principalId": KEY_HASH, "keyHash": KEY_HASH},
        },
        "body": body,
        "isBase64Encoded": binary,
    }
