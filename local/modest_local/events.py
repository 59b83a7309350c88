"""Makes the events that API Gateway sends to functions: REST proxy events (1.0) and REQUEST authorizer events."""

import base64
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from modest_local.api import Api, Route
from modest_local.request import Request
from modest_local.template import ACCOUNT_ID, REGION

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RoutedRequest:
    """A request and the route that handles it."""

    request: Request
    api: Api
    route: Route
    path: str
    """The path without the stage."""
    parameters: Mapping[str, str]

    @property
    def method_arn(self) -> str:
        route = f"{self.api.id}/{self.api.stage}/{self.request.method}{self.path}"
        return f"arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:{route}"


def make_authorizer_event(call: RoutedRequest) -> Event:
    return {
        "type": "REQUEST",
        "methodArn": call.method_arn,
        **_request_fields(call),
        "requestContext": _request_context(call, {}),
    }


def make_proxy_event(call: RoutedRequest, *, api_key: Mapping[str, str], authorizer: Mapping[str, str]) -> Event:
    """api_key: `apiKey` and `apiKeyId`, if the route requires a key. authorizer: the authorizer's context."""
    text, is_base64 = _encode_body(call.request, call.api.binary_media_types)
    context = _request_context(call, api_key)
    if authorizer:
        context["authorizer"] = dict(authorizer)
    return {**_request_fields(call), "requestContext": context, "body": text, "isBase64Encoded": is_base64}


def _request_fields(call: RoutedRequest) -> Event:
    headers = _group_values(_add_forwarding_headers(call.request))
    query = _group_values(call.request.query)
    return {
        "resource": call.route.path,
        "path": call.path,
        "httpMethod": call.request.method,
        "headers": _take_last_values(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _take_last_values(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(call.parameters) or None,
        "stageVariables": None,
    }


def _request_context(call: RoutedRequest, api_key: Mapping[str, str]) -> Event:
    request = call.request
    received = datetime.fromtimestamp(request.received, UTC)
    domain = request.header("host").partition(":")[0]
    return {
        "resourceId": "local",
        "resourcePath": call.route.path,
        "httpMethod": request.method,
        "extendedRequestId": request.id,
        "requestTime": f"{received:%d/%b/%Y:%H:%M:%S} +0000",
        "requestTimeEpoch": int(request.received * 1000),
        "path": request.path,
        "accountId": ACCOUNT_ID,
        "protocol": "HTTP/1.1",
        "stage": call.api.stage,
        "domainPrefix": domain.partition(".")[0],
        "domainName": domain,
        "apiId": call.api.id,
        "requestId": request.id,
        "identity": {
            "sourceIp": request.client,
            "userAgent": request.header("user-agent") or None,
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "user": None,
            "userArn": None,
            **api_key,
        },
    }


def _add_forwarding_headers(request: Request) -> list[tuple[str, str]]:
    port = request.header("host").partition(":")[2] or "80"
    return [
        *request.headers,
        ("X-Forwarded-For", request.client),
        ("X-Forwarded-Port", port),
        ("X-Forwarded-Proto", "http"),
    ]


def _group_values(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def _take_last_values(multiple: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[-1] for name, values in multiple.items()}


def _encode_body(request: Request, binary_media_types: Collection[str]) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    media_type = request.header("content-type").partition(";")[0].strip().lower()
    if media_type in binary_media_types:
        return base64.b64encode(request.body).decode(), True
    # API Gateway loses bytes that are not UTF-8, too.
    return request.body.decode(errors="replace"), False
