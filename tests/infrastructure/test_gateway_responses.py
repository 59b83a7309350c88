import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from tests.infrastructure.routes import api_body
from tests.infrastructure.translated import Template, deployed

from moderate.calls.authentication import Unauthorized
from moderate.dialects.examples import REQUEST_ID
from moderate.images.formats import ACCEPTED
from moderate.reference import gateway_answers
from moderate.web import cors

# Every type that API Gateway has, less those that fall back to a default: its status and the code in its body.
ANSWERS = {
    "UNAUTHORIZED": (401, "unauthorized"),
    "ACCESS_DENIED": (401, "unauthorized"),
    "INVALID_API_KEY": (401, "unauthorized"),
    "THROTTLED": (429, "rate_limited"),
    "QUOTA_EXCEEDED": (429, "quota_exceeded"),
    "WAF_FILTERED": (429, "rate_limited"),
    "MISSING_AUTHENTICATION_TOKEN": (404, "not_found"),
    "RESOURCE_NOT_FOUND": (404, "not_found"),
    "INVALID_SIGNATURE": (404, "not_found"),
    "EXPIRED_TOKEN": (404, "not_found"),
    "REQUEST_TOO_LARGE": (413, "image_too_large"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "unsupported_format"),
    "BAD_REQUEST_BODY": (400, "invalid_request"),
    "BAD_REQUEST_PARAMETERS": (400, "invalid_request"),
    "DEFAULT_4XX": (None, "invalid_request"),
    "INTEGRATION_TIMEOUT": (504, "internal_error"),
    "INTEGRATION_FAILURE": (503, "overloaded"),
    "AUTHORIZER_FAILURE": (503, "overloaded"),
    "AUTHORIZER_CONFIGURATION_ERROR": (503, "overloaded"),
    "API_CONFIGURATION_ERROR": (500, "internal_error"),
    "DEFAULT_5XX": (None, "internal_error"),
}
SEED_TEXTS = {401: "Unauthorized", 429: "Rate limit exceeded", 500: "NSFW classification failed"}


@pytest.fixture(scope="module")
def responses(stack: Template) -> Template:
    return dict(api_body(stack)["x-amazon-apigateway-gateway-responses"])


def body(response: Template) -> Any:
    """As a client gets it. API Gateway runs no code here, it only fills in variables."""
    (template,) = response["responseTemplates"].values()
    assert set(re.findall(r"\$[\w.]+", template)) == {"$context.requestId"}
    return json.loads(template.replace("$context.requestId", REQUEST_ID))


def headers(response: Template) -> dict[str, str]:
    prefix = "gatewayresponse.header."
    return {name.removeprefix(prefix): value for name, value in response["responseParameters"].items()}


def test_a_refused_media_type_is_answered_with_the_accepted_formats(responses: Template) -> None:
    assert ACCEPTED in body(responses["UNSUPPORTED_MEDIA_TYPE"])["message"]


def test_every_answer_of_api_gateways_own_is_ours(responses: Template) -> None:
    assert set(responses) == set(ANSWERS)


@pytest.mark.parametrize("kind", ANSWERS)
def test_its_status_is_the_contracts(responses: Template, kind: str) -> None:
    status, _code = ANSWERS[kind]
    # The defaults leave the status alone: theirs would become that of every other type.
    assert responses[kind].get("statusCode") == (str(status) if status else None)


@pytest.mark.parametrize("kind", ANSWERS)
def test_clients_of_nanogpt_and_oanor_can_read_its_body(responses: Template, kind: str) -> None:
    status, code = ANSWERS[kind]
    answer = body(responses[kind])
    assert set(answer) == {"error", "code", "requestId", "status", "success", "message", "data", "meta"}
    assert answer["code"] == code
    assert answer["error"] == SEED_TEXTS.get(status or 0, answer["error"])
    assert (answer["status"], answer["success"], answer["data"]) == ("error", False, None)
    assert answer["requestId"] == answer["meta"]["request_id"] == REQUEST_ID
    assert answer["message"].endswith(".")


@pytest.mark.parametrize(
    ("kind", "documented"),
    [
        ("THROTTLED", gateway_answers.BODIES["429"]),
        ("REQUEST_TOO_LARGE", gateway_answers.BODIES["413"]),
        ("INTEGRATION_FAILURE", gateway_answers.BODIES["503"]),
        ("INTEGRATION_TIMEOUT", gateway_answers.BODIES["504"]),
    ],
)
def test_its_body_is_the_one_that_the_openapi_document_shows(
    responses: Template, kind: str, documented: dict[str, Any]
) -> None:
    assert body(responses[kind]) == documented


def test_it_refuses_a_key_in_the_same_words_as_the_service(responses: Template) -> None:
    assert body(responses["UNAUTHORIZED"])["message"] == Unauthorized().message


@pytest.mark.parametrize("kind", ANSWERS)
def test_the_schema_of_the_openapi_document_describes_its_body(responses: Template, kind: str) -> None:
    Draft202012Validator(gateway_answers.SCHEMA).validate(body(responses[kind]))


@pytest.mark.parametrize("kind", ANSWERS)
def test_it_carries_the_request_id_and_is_not_stored(responses: Template, kind: str) -> None:
    assert (
        headers(responses[kind]).items() >= {"X-Request-Id": "context.requestId", "Cache-Control": "'no-store'"}.items()
    )


def test_whatever_is_wrong_with_a_key_gets_one_answer(responses: Template) -> None:
    assert responses["UNAUTHORIZED"] == responses["ACCESS_DENIED"] == responses["INVALID_API_KEY"]


@pytest.mark.parametrize(
    "kind", ["THROTTLED", "INTEGRATION_FAILURE", "AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR"]
)
def test_a_call_that_came_when_too_many_did_may_come_back_in_a_second(responses: Template, kind: str) -> None:
    assert headers(responses[kind])["Retry-After"] == "'1'"
    assert "X-Should-Retry" not in headers(responses[kind])


def test_an_exhausted_month_says_when_it_ends_and_that_a_retry_is_in_vain(responses: Template) -> None:
    assert headers(responses["QUOTA_EXCEEDED"])["Retry-After"] == "context.authorizer.quotaResetSeconds"
    assert headers(responses["QUOTA_EXCEEDED"])["X-Should-Retry"] == "'false'"


@pytest.mark.parametrize("kind", ANSWERS)
def test_it_names_no_origin_unless_one_is_set(responses: Template, kind: str) -> None:
    assert not [name for name in headers(responses[kind]) if name.startswith("Access-Control")]


def test_it_lets_a_page_of_the_origin_that_is_set_read_it(template: Template) -> None:
    stack = deployed(template, AllowedOrigin="https://shop.example")
    for response in api_body(stack)["x-amazon-apigateway-gateway-responses"].values():
        assert headers(response)["Access-Control-Allow-Origin"] == "'https://shop.example'"
        exposed = headers(response)["Access-Control-Expose-Headers"].strip("'").replace(" ", "").split(",")
        assert exposed == list(cors.READABLE)
