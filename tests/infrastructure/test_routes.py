import json
import re
from copy import deepcopy

import pytest
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from samtranslator.public.exceptions import InvalidDocumentException
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable
from tests.helpers.ledgers import Shop
from tests.helpers.support import serve
from tests.infrastructure.routes import ANY_OTHER, OPEN_TO_ALL, OUTSIDE_THE_PLANS, api_body, routes, violations
from tests.infrastructure.translated import Template, deployed, load, only

from moderate.images import refused
from moderate.images.formats import CONTENT_TYPES, FORMATS
from moderate.reference import gateway_answers
from moderate.web import cors

KEYED = {
    "POST /api/nsfw/image",
    "POST /v1/moderations",
    "POST /v1/detect-images",
    "POST /v1/gate",
    *(
        f"{method} {prefix}/v1/{name}"
        for method in ("GET", "HEAD", "POST")
        for prefix in ("", "/nsfw-api")
        for name in ("check", "classify")
    ),
}
EVENTS = load()["Resources"]["Moderate"]["Properties"]["Events"]


def route(event: str) -> str:
    properties = EVENTS[event]["Properties"]
    return f"{properties['Method']} {properties['Path']}"


CALLED_BY_SERVERS = {"POST /v1/detect-images", "POST /v1/gate"}
"""No page calls these, so their preflights need no throttle of their own."""
CALLED_BY_PAGES = {f"OPTIONS {name.split()[1]}" for name in (KEYED | OUTSIDE_THE_PLANS) - CALLED_BY_SERVERS}
ASKING = [event for event in EVENTS if route(event) not in OPEN_TO_ALL]
COUNTED = [event for event in ASKING if route(event) not in OUTSIDE_THE_PLANS]


def changed(template: Template, event: str, auth: Template) -> Template:
    mutant = deepcopy(template)
    properties = mutant["Resources"]["Moderate"]["Properties"]["Events"][event]["Properties"]
    properties["Auth"] = {**properties.get("Auth", {}), **auth}
    return deployed(mutant)


def test_every_route_is_known_here_by_name(stack: Template) -> None:
    assert set(routes(stack)) == KEYED | OPEN_TO_ALL | OUTSIDE_THE_PLANS


def test_the_routes_are_those_that_the_application_serves(stack: Template) -> None:
    served = serve(ledger=Shop(FakeTable(), Clock()).ledger()).app.routes
    assert set(routes(stack)) == {
        f"{method} {route.path}" for route in served if isinstance(route, APIRoute) for method in route.methods or ()
    }


def test_head_is_wherever_get_is(stack: Template) -> None:
    known = routes(stack)
    assert {name.removeprefix("HEAD ") for name in known if name.startswith("HEAD ")} == {
        name.removeprefix("GET ") for name in known if name.startswith("GET ")
    }


def test_every_route_asks_for_a_key_but_those_listed_as_open(stack: Template) -> None:
    assert list(violations(stack)) == []


@pytest.mark.parametrize("event", ASKING)
def test_a_route_that_loses_its_authorizer_is_found(template: Template, event: str) -> None:
    assert f"{route(event)} has no authorizer" in violations(changed(template, event, {"Authorizer": "NONE"}))


@pytest.mark.parametrize("event", COUNTED)
def test_a_route_that_no_longer_requires_a_key_is_found(template: Template, event: str) -> None:
    found = list(violations(changed(template, event, {"ApiKeyRequired": False})))
    assert found == [f"{route(event)} counts in no usage plan"]


@pytest.mark.parametrize(
    "setting", ["DefaultAuthorizer", "ApiKeyRequired"], ids=["the default authorizer", "the required key"]
)
def test_an_api_that_loses_its_default_is_no_template_at_all(template: Template, setting: str) -> None:
    mutant = deepcopy(template)
    del mutant["Resources"]["Api"]["Properties"]["Auth"][setting]
    with pytest.raises(InvalidDocumentException):
        deployed(mutant)


def test_a_new_route_that_asks_for_nothing_is_found(template: Template) -> None:
    mutant = deepcopy(template)
    mutant["Resources"]["Moderate"]["Properties"]["Events"]["New"] = {
        "Type": "Api",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "Method": "GET",
            "Path": "/new",
            "Auth": {"Authorizer": "NONE", "ApiKeyRequired": False},
        },
    }
    assert set(violations(deployed(mutant))) == {"GET /new has no authorizer", "GET /new counts in no usage plan"}


def test_a_new_route_asks_for_a_key_unless_it_says_otherwise(template: Template) -> None:
    mutant = deepcopy(template)
    mutant["Resources"]["Moderate"]["Properties"]["Events"]["New"] = {
        "Type": "Api",
        "Properties": {"RestApiId": {"Ref": "Api"}, "Method": "GET", "Path": "/new"},
    }
    stack = deployed(mutant)
    assert "GET /new" in routes(stack)
    assert list(violations(stack)) == []


def test_the_key_is_what_the_authorizer_says(stack: Template) -> None:
    assert only(stack, "AWS::ApiGateway::RestApi")["ApiKeySourceType"] == "AUTHORIZER"


def test_the_authorizer_runs_on_every_call(stack: Template) -> None:
    authorizer = api_body(stack)["components"]["securitySchemes"]["KeyAuthorizer"]["x-amazon-apigateway-authorizer"]
    assert authorizer["type"] == "request"
    assert authorizer["authorizerResultTtlInSeconds"] == 0
    # With one, API Gateway refuses by itself whatever lacks it, and a key may come in any of three headers.
    assert "identitySource" not in authorizer


def test_every_route_reaches_the_version_that_is_live(stack: Template) -> None:
    for operation in routes(stack).values():
        integration = operation["x-amazon-apigateway-integration"]
        assert integration["type"] == "aws_proxy"
        assert "/functions/${ModerateAliaslive}/invocations" in integration["uri"]


def refusals(stack: Template) -> dict[str, Template]:
    """What API Gateway answers by itself on each path, to methods that it has not got."""
    return {path: operations[ANY_OTHER] for path, operations in api_body(stack)["paths"].items()}


def own_methods(stack: Template, path: str) -> list[str]:
    return sorted(name.split()[0] for name in routes(stack) if name.split()[1] == path)


def test_what_no_route_accepts_is_answered_without_the_function_and_without_a_key(stack: Template) -> None:
    assert "/{proxy+}" in refusals(stack)
    for path, refusal in refusals(stack).items():
        integration = refusal["x-amazon-apigateway-integration"]
        answer = integration["responses"]["default"]
        assert refusal["security"] == []
        assert (integration["type"], integration["contentHandling"]) == ("mock", "CONVERT_TO_TEXT")
        assert (integration["passthroughBehavior"], path) == ("never", path)
        assert {json.loads(text)["statusCode"] for text in integration["requestTemplates"].values()} == {200}
        assert list(refusal["responses"]) == [answer["statusCode"]]
        declared = {f"method.response.header.{name}" for name in refusal["responses"][answer["statusCode"]]["headers"]}
        assert declared >= answer["responseParameters"].keys()


def test_it_is_answered_whatever_the_body_is_said_to_be(stack: Template) -> None:
    first_of_each_format = {record.content_types[0] for record in FORMATS}
    for refusal in refusals(stack).values():
        taken = refusal["x-amazon-apigateway-integration"]["requestTemplates"]
        assert taken.keys() >= {*first_of_each_format, "application/octet-stream", "multipart/form-data"}
        assert taken.keys() >= {"application/json", "application/x-www-form-urlencoded", "text/plain"}


@pytest.mark.parametrize("path", sorted({route(event).split()[1] for event in EVENTS} | {"/{proxy+}"}))
def test_it_is_answered_as_the_service_would_answer(stack: Template, path: str) -> None:
    answer = refusals(stack)[path]["x-amazon-apigateway-integration"]["responses"]["default"]
    service = serve().client.request("DELETE", path.format(**{"proxy+": "nowhere", "asset": "a.css"}))
    assert int(answer["statusCode"]) == service.status_code
    headers = {
        name.removeprefix("method.response.header."): text for name, text in answer["responseParameters"].items()
    }
    allow = service.headers.get("allow")
    assert headers.get("Allow") == (f"'{allow}'" if allow else None)
    assert allow is None or allow.split(", ") == own_methods(stack, path)
    assert (headers["X-Request-Id"], headers["Cache-Control"]) == ("context.requestId", "'no-store'")
    text = answer["responseTemplates"]["application/json"]
    assert set(re.findall(r"\$[\w.]+", text)) <= {"$context.requestId"}
    body, expected = json.loads(text), service.json()
    if isinstance(expected["error"], dict):
        assert body == expected
    else:
        words = ("error", "message", "code", "status", "success", "data")
        assert [body[word] for word in words if word in expected] == [
            expected[word] for word in words if word in expected
        ]
        Draft202012Validator(gateway_answers.SCHEMA).validate(body)


def test_a_route_that_is_added_needs_an_answer_to_the_methods_that_it_has_not_got(template: Template) -> None:
    assert all(ANY_OTHER in operations for operations in api_body(deployed(template))["paths"].values())


def test_an_answer_that_reaches_the_function_without_a_key_is_found(template: Template) -> None:
    mutant = deepcopy(template)
    paths = mutant["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]
    paths["/{proxy+}"][ANY_OTHER]["x-amazon-apigateway-integration"]["type"] = "aws_proxy"
    assert f"{ANY_OTHER.upper()} /{{proxy+}} has no authorizer" in violations(deployed(mutant))


def test_a_page_of_the_allowed_origin_may_read_it(template: Template) -> None:
    for refusal in refusals(deployed(template, AllowedOrigin="https://shop.example")).values():
        parameters = refusal["x-amazon-apigateway-integration"]["responses"]["default"]["responseParameters"]
        assert parameters["method.response.header.Access-Control-Allow-Origin"] == "'https://shop.example'"
        assert "x-request-id" in parameters["method.response.header.Access-Control-Expose-Headers"]


def throttles(stack: Template) -> dict[str, tuple[float, float]]:
    return {
        f"{setting['HttpMethod']} /{setting['ResourcePath'].removeprefix('/').replace('~1', '/').removeprefix('/')}": (
            setting["ThrottlingRateLimit"],
            setting["ThrottlingBurstLimit"],
        )
        for setting in only(stack, "AWS::ApiGateway::Stage")["MethodSettings"]
    }


def test_routes_outside_the_plans_have_a_small_throttle_and_what_is_not_listed_the_smallest(stack: Template) -> None:
    assert throttles(stack) == {
        "* /*": (0.02, 10),
        **dict.fromkeys(KEYED, (200, 200)),
        **dict.fromkeys(OUTSIDE_THE_PLANS, (10, 20)),
        **dict.fromkeys(
            ["GET /openapi.json", "GET /docs/{asset}", "GET /favicon.ico", "HEAD /", "HEAD /health"], (0.2, 30)
        ),
        **dict.fromkeys(["GET /", "GET /health", "GET /docs", "GET /llms.txt"], (1, 10)),
        **dict.fromkeys(["GET /{proxy+}", "POST /{proxy+}"], (1, 10)),
        **dict.fromkeys(CALLED_BY_PAGES, (0.02, 100)),
    }


def test_the_throttles_fit_into_one_update_of_the_stage(stack: Template) -> None:
    """API Gateway refuses about 80 values and more at once, and no stack without AWS shows it."""
    settings = only(stack, "AWS::ApiGateway::Stage")["MethodSettings"]
    assert sum(name.startswith("Throttling") for setting in settings for name in setting) <= 76


def test_preflights_have_room_where_pages_may_call(template: Template) -> None:
    allowed = throttles(deployed(template, AllowedOrigin="https://shop.example"))
    assert {name for name, throttle in allowed.items() if throttle == (10, 100)} == CALLED_BY_PAGES


def test_what_may_be_sent_as_bytes_is_listed_type_by_type(stack: Template) -> None:
    types = [name.replace("~1", "/") for name in only(stack, "AWS::ApiGateway::RestApi")["BinaryMediaTypes"]]
    others = ["image/*", "binary/octet-stream", "application/octet-stream"]
    forms = ["multipart/form-data", "application/x-www-form-urlencoded"]
    assert sorted(types) == sorted([*CONTENT_TYPES, *refused.CONTENT_TYPES, *others, *forms])


def preflights(stack: Template) -> list[Template]:
    return [
        operations["options"]["x-amazon-apigateway-integration"]["responses"]["default"]["responseParameters"]
        for operations in api_body(stack)["paths"].values()
    ]


def test_a_preflight_allows_no_origin_unless_one_is_set(stack: Template) -> None:
    assert len(preflights(stack)) == len({name.split()[1] for name in routes(stack)} | {"/{proxy+}"})
    assert not any("method.response.header.Access-Control-Allow-Origin" in answer for answer in preflights(stack))


def test_a_preflight_allows_the_origin_that_is_set_and_the_headers_that_are_read(template: Template) -> None:
    for answer in preflights(deployed(template, AllowedOrigin="https://shop.example")):
        assert answer["method.response.header.Access-Control-Allow-Origin"] == "'https://shop.example'"
        allowed = answer["method.response.header.Access-Control-Allow-Headers"].strip("'").split(",")
        assert allowed == list(cors.SENDABLE)
        allowed = answer["method.response.header.Access-Control-Allow-Methods"].strip("'").split(",")
        assert sorted(set(allowed) - {"OPTIONS"}) == sorted(cors.options("https://shop.example")["allow_methods"])
        assert answer["method.response.header.Access-Control-Max-Age"] == f"'{cors.PREFLIGHT_SECONDS}'"


def test_a_preflight_asks_for_no_key(stack: Template) -> None:
    assert not any(operations["options"].get("security") for operations in api_body(stack)["paths"].values())
