from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable
from tests.helpers.ledgers import Shop
from tests.helpers.support import serve

from moderate.calls.parameters import InvalidRequest
from moderate.dialects.parameter_names import (
    CHECK,
    CLASSIFY,
    NANOGPT,
    OPENAI,
    PARAMETERS,
    mistake_in,
    mistake_in_query,
    unescaped_url,
)


def meant(route: str, name: str, value: object = "x") -> str | None:
    mistake = mistake_in(route, [(name, value)])
    return mistake.param if mistake else None


def test_each_routes_parameters_are_those_of_the_openapi_document() -> None:
    paths: dict[str, Any] = (
        serve(ledger=Shop(FakeTable(), Clock()).ledger()).client.get("/openapi.json").json()["paths"]
    )
    found: dict[str, set[str]] = {route: set() for route in PARAMETERS}
    for route in PARAMETERS:
        for operation in paths[route].values():
            found[route] |= {given["name"] for given in operation.get("parameters", []) if given["in"] == "query"}
            for content in operation.get("requestBody", {}).get("content", {}).values():
                found[route] |= set(content["schema"].get("properties", {})) - {"image", "image0"}
    assert found == {route: set(names) for route, names in PARAMETERS.items()}


@pytest.mark.parametrize("route", PARAMETERS)
def test_a_routes_own_parameters_are_no_mistake(route: str) -> None:
    assert mistake_in(route, [(name, "x") for name in PARAMETERS[route]]) is None


@pytest.mark.parametrize(
    ("route", "name", "parameter"),
    [
        *((CHECK, name, "threshold") for name in ("treshold", "thresold", "threshhold", "Threshold", "THRESHOLD")),
        *((CHECK, name, "threshold") for name in ("threshold[]", "thres_hold", "theshhold", "thresholds", "htreshold")),
        (CHECK, "\uff34\uff28\uff32\uff25\uff33\uff28\uff2f\uff2c\uff24", "threshold"),
        *((CHECK, name, "threshold") for name in ("thresho\u217cd", "nsfw_threshold")),
        *(
            (CHECK, name, "policy")
            for name in ("polcy", "polciy", "Policy", "policy ", "p\u043elicy", "plicy", "polici")
        ),
        *((CHECK, name, "url") for name in ("URL", "uri", "urls", "ulr", "url[]", "url1", "[url]")),
        *((CHECK, name, "base64") for name in ("base_64", "Base64", "base-64", "bas64", "base65")),
        (CLASSIFY, "explian", "explain"),
        (CLASSIFY, "heat_explain", None),
        *((NANOGPT, name, "imageUrl") for name in ("image_url", "imageurl", "ImageURL", "image-url", "imgUrl")),
        *((NANOGPT, name, "imageDataUrl") for name in ("image_data_url", "imageDataURL")),
        (NANOGPT, "image_urls[]", "image_urls"),
        (NANOGPT, "onError", "on_error"),
        (NANOGPT, "polcy", "policy"),
        (OPENAI, "Input", "input"),
        (OPENAI, "inputs", "input"),
    ],
)
def test_a_misspelt_parameter_is_named(route: str, name: str, parameter: str | None) -> None:
    assert meant(route, name) == parameter
    mistake = mistake_in(route, [(name, "x")])
    assert mistake is None or mistake.message.endswith(f"Did you mean {parameter}?")


@pytest.mark.parametrize(
    ("route", "name", "parameter", "other"),
    [
        (CLASSIFY, "threshold", "threshold", CHECK),
        (CLASSIFY, "treshold", "threshold", CHECK),
        (CHECK, "explain", "explain", CLASSIFY),
        (CHECK, "image_urls", "image_urls", NANOGPT),
        (CHECK, "image_url", "imageUrl", NANOGPT),
        (CHECK, "model", "model", NANOGPT),
        (CHECK, "input", "input", OPENAI),
        (NANOGPT, "threshold", "threshold", CHECK),
        (NANOGPT, "url", "url", CHECK),
        (NANOGPT, "base_64", "base64", CHECK),
        (OPENAI, "on_error", "on_error", NANOGPT),
    ],
)
def test_a_parameter_of_another_route_is_named_with_its_route(
    route: str, name: str, parameter: str, other: str
) -> None:
    mistake = mistake_in(route, [(name, 0.5)])
    assert mistake is not None
    assert mistake.param == parameter
    assert f"{parameter} is a parameter of {other}, not of {route}" in mistake.message


@pytest.mark.parametrize("route", PARAMETERS)
@pytest.mark.parametrize(
    "name",
    [
        *("utm_source", "v", "t", "id", "user", "comment", "nested", "callback", "ref_url", "privacy_policy", "", "[]"),
        *("mode", "page", "title", "image", "file", "metadata", "width", "quality", "lang", "\u5024", "rule", "x" * 40),
    ],
)
def test_a_foreign_name_is_ignored(route: str, name: str) -> None:
    if (route, name) not in {(NANOGPT, "mode"), (OPENAI, "mode")}:
        assert meant(route, name) is None


@pytest.mark.parametrize("nothing", [None, "", []])
def test_a_name_without_a_value_loosens_nothing(nothing: object) -> None:
    assert meant(CHECK, "treshold", nothing) is meant(CLASSIFY, "threshold", nothing) is None


def test_a_file_may_have_any_name() -> None:
    assert meant(CHECK, "image_url", b"bytes") is None


def test_so_many_foreign_names_that_nobody_means_them_are_refused() -> None:
    names = [(f"x{number}", 1) for number in range(33)]
    assert mistake_in(CHECK, names[:32] * 2) is None
    refused = mistake_in(CHECK, names)
    assert refused is not None
    assert "more than 32 parameters" in refused.message


@pytest.mark.parametrize("name", ["policy", "polcy", "Policy"])
def test_a_parameter_in_the_query_of_a_route_that_reads_none_is_sent_to_the_body(name: str) -> None:
    for route in (NANOGPT, OPENAI):
        mistake = mistake_in_query(route, ["utm_source", name])
        assert mistake is not None
        assert mistake.message == f"{route} reads no query. Send policy in the JSON body instead."
        assert mistake_in_query(route, ["utm_source", "v"]) is None


@pytest.mark.parametrize("name", ["threshold", "treshold", "base64", "explain", "url"])
def test_a_parameter_of_another_route_is_named_in_such_a_query_too(name: str) -> None:
    for route in (NANOGPT, OPENAI):
        in_query, in_body = mistake_in_query(route, ["utm_source", name]), mistake_in(route, [(name, "x")])
        assert in_query is not None
        assert in_body is not None
        assert (in_query.message, in_query.param) == (in_body.message, in_body.param)


def test_a_query_hides_no_parameter_behind_foreign_names() -> None:
    foreign = [f"a{number}" for number in range(32)]
    for route in (NANOGPT, OPENAI):
        assert mistake_in_query(route, foreign) is None
        assert mistake_in_query(route, [*foreign, "policy"]) is not None


@pytest.mark.parametrize(
    ("names", "url", "refused"),
    [
        (["url", "exp"], "https://x.test/a.jpg?sig=1", True),
        (["exp", "policy", "url"], "https://x.test/a.jpg?sig=1", True),
        (["url", "policy"], "https://x.test/a.jpg?sig=1", False),
        (["url"], "https://x.test/a.jpg?sig=1", False),
        (["url", "utm_source"], "https://x.test/a.jpg?sig=1&exp=2", False),
        (["url", "utm_source"], "https://x.test/a.jpg?sig=1%26exp=2", False),
        (["url", "utm_source"], "https%3A%2F%2Fx.test%2Fa.jpg%3Fsig%3D1", False),
        (["url", "utm_source"], "https://x.test/a.jpg", False),
    ],
)
def test_a_url_that_lost_its_end_is_noticed(names: list[str], url: str, refused: bool) -> None:
    mistake = unescaped_url(CHECK, names, [url])
    assert (mistake is not None) == refused
    assert mistake is None or "%26" in mistake.message


@given(
    st.sampled_from(sorted(PARAMETERS)),
    st.lists(st.tuples(st.text(max_size=40) | st.sampled_from(PARAMETERS[CHECK]), st.none() | st.text() | st.binary())),
)
def test_any_names_are_a_mistake_or_none(route: str, fields: list[tuple[str, Any]]) -> None:
    mistake = mistake_in(route, fields)
    if isinstance(mistake, InvalidRequest):
        assert mistake.message.isascii()
        assert mistake.message.isprintable()


@given(st.data())
def test_one_letter_less_more_or_other_is_noticed_in_every_long_parameter(data: st.DataObject) -> None:
    route, name = data.draw(st.sampled_from([(route, name) for route in PARAMETERS for name in PARAMETERS[route]]))
    if len(name) < 6:
        return
    at = data.draw(st.integers(0, len(name) - 1))
    end = data.draw(st.sampled_from([name[at + 1 :], name[at:], "z" + name[at:], "z" + name[at + 1 :]]))
    misspelt = name[:at] + end
    assert misspelt in PARAMETERS[route] or meant(route, misspelt) is not None
