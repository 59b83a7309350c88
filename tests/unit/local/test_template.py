"""What the local gateway reads out of template.yaml."""

from typing import Any

import pytest
from tests.helpers.local_gateway import the_api

from modest_local.api import Throttle
from modest_local.refusals import ResponseType
from modest_local.template import resolve


def worked_out(value: Any, **parameters: str) -> Any:
    template = {
        "Parameters": {"Origin": {"Default": ""}, "Size": {"Default": 3}},
        "Mappings": {"Plans": {"Free": {"Rate": 1}}},
        "Conditions": {
            "HasOrigin": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Origin"}, ""]}]},
            "Small": {"Fn::Or": [{"Fn::Equals": [{"Ref": "Size"}, "3"]}, {"Condition": "HasOrigin"}]},
            "Both": {"Fn::And": [{"Condition": "HasOrigin"}, {"Condition": "Small"}]},
        },
        "Resources": {"It": {"Type": "T", "Properties": {"Value": value}}},
        "Outputs": {"Sometimes": {"Condition": "HasOrigin", "Value": "there"}},
    }
    result = resolve(template, {"Table": "modest-Table"}, **parameters)
    assert ("Sometimes" in result["Outputs"]) == bool(parameters.get("Origin"))
    return result["Resources"]["It"]["Properties"].get("Value", "nothing")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Table"}, "modest-Table"),
        ({"Ref": "It"}, "It"),
        ({"Ref": "Size"}, 3),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "modest-Table.Arn"),
        ({"Fn::FindInMap": ["Plans", "Free", "Rate"]}, 1),
        ({"Fn::Join": ["-", ["a", {"Ref": "Size"}]]}, "a-3"),
        ({"Fn::Select": [1, {"Fn::Split": ["-", {"Ref": "Table"}]}]}, "Table"),
        ({"Fn::Sub": "${AWS::StackName}-${Size}-${Table}"}, "modest-3-modest-Table"),
        ({"Fn::Sub": ["${Own}/${Size}", {"Own": {"Ref": "Table"}}]}, "modest-Table/3"),
        ({"Fn::If": ["HasOrigin", "yes", {"Ref": "AWS::NoValue"}]}, "nothing"),
        ({"Fn::If": ["Small", ["x", {"Ref": "AWS::NoValue"}], "no"]}, ["x"]),
        ({"Fn::If": ["Both", "yes", "no"]}, "no"),
    ],
)
def test_a_value_is_worked_out_as_cloudformation_would(value: Any, expected: Any) -> None:
    assert worked_out(value) == expected


def test_a_parameter_decides_a_condition() -> None:
    assert worked_out({"Fn::If": ["Both", "yes", "no"]}, Origin="https://example.com") == "yes"


def test_which_routes_need_a_key_is_read_from_the_template() -> None:
    routes = {(route.method, route.path): route for route in the_api().routes}
    open_to_all = {path for (method, path), route in routes.items() if method == "GET" and not route.authorized}
    assert {"/health", "/docs/{asset}"} <= open_to_all
    assert not open_to_all & {"/v1/check", "/v1/usage"}
    usage = routes["GET", "/v1/usage"]
    assert (usage.authorized, usage.needs_key) == (True, False)
    assert routes["POST", "/api/nsfw/image"].needs_key


def test_a_route_has_its_own_throttle_or_that_of_the_stage() -> None:
    routes = {(route.method, route.path): route.throttle for route in the_api().routes}
    assert routes["GET", "/docs/{asset}"] == Throttle(0.2, 30)
    assert routes["GET", "/"] == Throttle(1, 10)
    assert routes["GET", "/v1/usage"] == routes["HEAD", "/v1/usage"] == Throttle(10, 20)
    assert routes["HEAD", "/"] == Throttle(0.2, 30)
    assert routes["GET", "/v1/check"] == Throttle(200, 200)


def test_the_template_says_what_is_answered_to_a_call_over_the_quota() -> None:
    response = the_api().responses[ResponseType.QUOTA_EXCEEDED]
    assert response.status == 429
    assert response.headers["Retry-After"] == "context.authorizer.quotaResetSeconds"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/prod/v1/check", "/v1/check"), ("/v1/check", "/v1/check"), ("/prod", "/"), ("/production", "/production")],
)
def test_the_stage_may_be_named_or_not(path: str, expected: str) -> None:
    assert the_api().strip_stage(path) == expected


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/docs/a%20b.css", {"asset": "a b.css"}),
        ("/docs/", {"proxy": "docs/"}),
        ("/docs/a/b", {"proxy": "docs/a/b"}),
        ("/docs", {}),
    ],
)
def test_a_path_parameter_holds_one_segment(path: str, parameters: dict[str, str] | None) -> None:
    found = the_api().find_route("GET", path)
    assert (found[1] if found else None) == parameters
