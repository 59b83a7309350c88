"""Mends what ministack ignores of a Lambda authorizer's answer."""

import json
from contextvars import ContextVar
from typing import Any

from ministack.services import apigateway_v1

# What the authorizer answered to the call that is being served.
_answer: ContextVar[dict[str, Any]] = ContextVar("answer", default={})  # noqa: B039 - nobody changes it


def take_keys_from_the_authorizer() -> None:
    """With ApiKeySourceType AUTHORIZER, the key is the authorizer's usageIdentifierKey and no header of the call."""
    invoke, check = apigateway_v1._invoke_authorizer_lambda, apigateway_v1._check_api_key

    async def invoke_and_note(*arguments: Any) -> Any:
        result = await invoke(*arguments)
        body = (result or {}).get("body") or {}
        _answer.set(json.loads(body) if isinstance(body, str | bytes) else body)
        return result

    def check_key(method: Any, api_id: str, stage: str, headers: dict[str, str]) -> Any:
        if apigateway_v1._rest_apis[api_id]["apiKeySource"] == "AUTHORIZER":
            headers = {"x-api-key": _answer.get().get("usageIdentifierKey", "")}
        return check(method, api_id, stage, headers)

    apigateway_v1._invoke_authorizer_lambda = invoke_and_note
    apigateway_v1._check_api_key = check_key


def answer_with_the_authorizers_context() -> None:
    """A gateway response's header may be context.authorizer.NAME, such as the Retry-After of an exhausted month."""
    value_of, prefix = apigateway_v1._gateway_request_value, "context.authorizer."

    def value_with_context(source: str, request: Any) -> Any:
        if not source.startswith(prefix):
            return value_of(source, request)
        found = _answer.get().get("context", {}).get(source.removeprefix(prefix))
        return None if found is None else str(found)

    apigateway_v1._gateway_request_value = value_with_context
