"""What `make build` and `make deploy` tell SAM."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from deploy.samconfig import InvalidConfig, fill_in, has_buildx
from tests.helpers.support import ROOT
from tests.infrastructure.translated import Template

DEFAULTS = {"Model": "small", "Release": "", "RestoredLedger": "", "NsfwFrom": 0.6}
MADE = {"Model": "large", "Release": "0123456789"}


def config(**own: Any) -> dict[str, Any]:
    parameters = {"stack_name": "modest", "parameter_overrides": own}
    return {"version": 0.1, "prod": {"global": {"parameters": parameters}, "build": {"parameters": {"cached": True}}}}


def values(filled: dict[str, Any]) -> dict[str, Any]:
    return dict(filled["prod"]["global"]["parameters"]["parameter_overrides"])


def test_every_parameter_is_named_since_sam_keeps_the_last_value_of_one_that_is_not() -> None:
    assert values(fill_in(config(NsfwFrom=0.7), DEFAULTS, MADE)) == {**DEFAULTS, **MADE, "NsfwFrom": 0.7}
    assert values(fill_in(config(), DEFAULTS, MADE)) == {**DEFAULTS, **MADE}


def test_all_else_stays_as_it_is_written() -> None:
    filled = fill_in(config(NsfwFrom=0.7), DEFAULTS, MADE)
    assert (filled["version"], filled["prod"]["build"]) == (0.1, {"parameters": {"cached": True}})
    assert filled["prod"]["global"]["parameters"]["stack_name"] == "modest"


def test_an_environment_without_parameters_has_the_defaults() -> None:
    bare = {"version": 0.1, "prod": {"global": {"parameters": {"stack_name": "modest"}}}}
    assert values(fill_in(bare, DEFAULTS, MADE)) == {**DEFAULTS, **MADE}


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"NsfwFrm": 0.7}, "no parameter NsfwFrm"),
        ({"BlockDistance": 4}, "PDQ hashes, which"),
        ({"BlockList": "s3://a/b"}, "modest lists import FILE"),
        ({"Model": "x"}, "MODEL="),
    ],
)
def test_a_line_that_would_do_nothing_is_refused(own: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidConfig, match=said):
        fill_in(config(**own), DEFAULTS, MADE)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"prod": {}}, "version"),
        ({"version": 0.1, "prod": {"global": {"parameters": {"parameter_overrides": "NsfwFrom=0.7"}}}}, "a table"),
    ],
)
def test_a_file_that_is_written_otherwise_is_refused_in_words(written: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidConfig, match=said):
        fill_in(written, DEFAULTS, MADE)


def test_an_environment_may_name_its_stack_for_deployments_alone() -> None:
    deploy = {"parameters": {"stack_name": "modest"}}
    filled = fill_in({"version": 0.1, "prod": {"deploy": deploy}}, DEFAULTS, MADE)
    assert (values(filled), filled["prod"]["deploy"]) == ({**DEFAULTS, **MADE}, deploy)


def test_the_image_is_built_with_buildkit_where_docker_has_it_unless_the_configuration_says_otherwise() -> None:
    built = {**config(), "old": {**config()["prod"], "build": {"parameters": {"use_buildkit": False}}}}
    filled = fill_in(built, DEFAULTS, MADE, use_buildkit=True)
    assert filled["prod"]["build"] == {"parameters": {"cached": True, "use_buildkit": True}}
    assert filled["old"]["build"] == {"parameters": {"use_buildkit": False}}
    assert fill_in(config(), DEFAULTS, MADE)["prod"]["build"] == {"parameters": {"cached": True}}


@pytest.mark.parametrize(("docker", "found"), [("exit 0", True), ("exit 1", False), (None, False)])
def test_docker_is_asked_whether_it_has_buildkit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, docker: str | None, found: bool
) -> None:
    if docker is not None:
        (tmp_path / "docker").write_text(f'#!/bin/sh\n[ "$*" = "buildx version" ] && {docker}\n')
        (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert has_buildx() is found


def test_production_keeps_the_role_with_which_the_account_logs_already() -> None:
    ours = tomllib.loads((ROOT / "samconfig.toml").read_text())
    assert ours["prod"]["global"]["parameters"]["parameter_overrides"]["ApiGatewayLogRole"] == "keep"
    assert "ApiGatewayLogRole" not in ours["default"]["global"]["parameters"]["parameter_overrides"]


@pytest.mark.parametrize("name", ["default", "prod"])
def test_every_resource_is_tagged_by_its_stack_for_the_bill(name: str) -> None:
    ours = tomllib.loads((ROOT / "samconfig.toml").read_text())
    assert ours[name]["deploy"]["parameters"]["tags"] == f"service=modest environment={name}"


def test_ours_sets_what_the_template_allows(template: Template) -> None:
    facts = template["Parameters"]
    defaults = {name: fact["Default"] for name, fact in facts.items()}
    filled = fill_in(tomllib.loads((ROOT / "samconfig.toml").read_text()), defaults, {"Model": "mobilenet_v2"})
    assert filled.keys() == {"version", "default", "prod"}
    for name in ("default", "prod"):
        chosen = filled[name]["global"]["parameters"]["parameter_overrides"]
        assert not [n for n, v in chosen.items() if v not in facts[n].get("AllowedValues", [v])]


def test_building_and_deploying_read_the_same_file_and_name_no_parameter_beside_it() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert "--parameter-overrides" not in makefile
    assert [
        line.strip() for line in makefile.splitlines() if line.strip().startswith(("$(SAM) build", "$(SAM) deploy"))
    ] == [
        "$(SAM) build $(SAMCONFIG)",
        "$(SAM) deploy $(SAMCONFIG) $(DEPLOY_OPTIONS)",
        # For the tests from outside, which begin as a user of SAM does.
        "$(SAM) build",
    ]
