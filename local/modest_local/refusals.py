"""Renders the errors that API Gateway returns itself, from the template's gateway responses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from modest_local.replies import Reply

Context = Mapping[str, str]
"""The variables of `$context` by their flat names, such as `requestId` or `authorizer.quotaResetSeconds`."""


class ResponseType(StrEnum):
    """The types of gateway responses (API Gateway's developer guide, "Gateway response types")."""

    ACCESS_DENIED = "ACCESS_DENIED"
    API_CONFIGURATION_ERROR = "API_CONFIGURATION_ERROR"
    AUTHORIZER_CONFIGURATION_ERROR = "AUTHORIZER_CONFIGURATION_ERROR"
    AUTHORIZER_FAILURE = "AUTHORIZER_FAILURE"
    DEFAULT_4XX = "DEFAULT_4XX"
    DEFAULT_5XX = "DEFAULT_5XX"
    INTEGRATION_TIMEOUT = "INTEGRATION_TIMEOUT"
    INVALID_API_KEY = "INVALID_API_KEY"
    MISSING_AUTHENTICATION_TOKEN = "MISSING_AUTHENTICATION_TOKEN"  # noqa: S105 - a name
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    THROTTLED = "THROTTLED"
    UNAUTHORIZED = "UNAUTHORIZED"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"


_STATUS = {
    ResponseType.ACCESS_DENIED: 403,
    ResponseType.API_CONFIGURATION_ERROR: 500,
    ResponseType.AUTHORIZER_CONFIGURATION_ERROR: 500,
    ResponseType.AUTHORIZER_FAILURE: 500,
    ResponseType.INTEGRATION_TIMEOUT: 504,
    ResponseType.INVALID_API_KEY: 403,
    ResponseType.MISSING_AUTHENTICATION_TOKEN: 403,
    ResponseType.QUOTA_EXCEEDED: 429,
    ResponseType.REQUEST_TOO_LARGE: 413,
    ResponseType.THROTTLED: 429,
    ResponseType.UNAUTHORIZED: 401,
    ResponseType.UNSUPPORTED_MEDIA_TYPE: 415,
}
_FIRST_SERVER_ERROR = 500


class Refusal(Exception):
    """Raised if API Gateway refuses a call; `kind` selects the answer."""

    def __init__(self, kind: ResponseType, status: int | None = None) -> None:
        """status: required for the DEFAULT types, which have no status of their own."""
        super().__init__(kind)
        self.kind = kind
        self.status = status or _STATUS[kind]


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Values as in the template: a literal in quotes, or `context.name`."""
    body: str = '{"message": "$context.responseType"}'

    @classmethod
    def from_template(cls, facts: Mapping[str, Any]) -> "GatewayResponse":
        parameters = facts.get("responseParameters", {})
        return cls(
            status=int(facts["statusCode"]) if "statusCode" in facts else None,
            headers={name.removeprefix("gatewayresponse.header."): value for name, value in parameters.items()},
            body=facts["responseTemplates"]["application/json"],
        )


@dataclass(frozen=True, slots=True)
class MockAnswer:
    """The answer of a mock integration, which no function handles."""

    status: int
    headers: Mapping[str, str]
    """Values as in the template."""
    body: str
    content_types: frozenset[str] | None
    """The types of bodies that it takes; None for all."""

    @classmethod
    def from_template(cls, integration: Mapping[str, Any]) -> "MockAnswer":
        answer = integration["responses"]["default"]
        parameters = answer.get("responseParameters", {})
        never = integration.get("passthroughBehavior") == "never"
        return cls(
            status=int(answer["statusCode"]),
            headers={name.removeprefix("method.response.header."): value for name, value in parameters.items()},
            body=answer["responseTemplates"]["application/json"],
            content_types=frozenset(integration["requestTemplates"]) if never else None,
        )


def render_mock(mock: MockAnswer, content_type: str, context: Context) -> Reply:
    """content_type: of the call's body. Raises Refusal."""
    media_type = content_type.partition(";")[0].strip().lower() or "application/json"
    if mock.content_types is not None and media_type not in mock.content_types:
        raise Refusal(ResponseType.UNSUPPORTED_MEDIA_TYPE)
    headers = [(name.lower(), _resolve_parameter(value, context)) for name, value in mock.headers.items()]
    return Reply(
        mock.status, [("content-type", "application/json"), *headers], _substitute(mock.body, context).encode()
    )


def render_refusal(refusal: Refusal, responses: Mapping[ResponseType, GatewayResponse], context: Context) -> Reply:
    default = ResponseType.DEFAULT_5XX if refusal.status >= _FIRST_SERVER_ERROR else ResponseType.DEFAULT_4XX
    response = responses.get(refusal.kind) or responses.get(default) or GatewayResponse(None)
    known = {**context, "responseType": refusal.kind.value}
    headers = [("content-type", "application/json")]
    headers += [
        (name.lower(), text)
        for name, value in response.headers.items()
        if (text := _resolve_parameter(value, known)) != ""
    ]
    return Reply(response.status or refusal.status, headers, _substitute(response.body, known).encode())


def _resolve_parameter(value: str, context: Context) -> str:
    if value.startswith("'"):
        return value.strip("'")
    return context.get(value.removeprefix("context."), "")


def _substitute(text: str, context: Context) -> str:
    return re.sub(r"\$context\.([A-Za-z]+(?:\.[A-Za-z]+)*)", lambda found: context.get(found[1], ""), text)
