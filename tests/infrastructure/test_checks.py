"""What cfn-lint says of the template, and what checkov was told not to say."""

import json
from copy import deepcopy

import pytest
from cfnlint.api import lint, lint_file
from cfnlint.rules import RulesCollection
from cfnlint.rules.resources.CircularDependency import CircularDependency
from tests.helpers.support import ROOT
from tests.infrastructure.translated import Template

from modest_local.template import REGION, translate

EVERY_FUNCTION = {"CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_173"}
SKIPPED = {
    "Api": {"CKV_AWS_73", "CKV_AWS_120"},
    "Moderate": EVERY_FUNCTION,
    "Authorizer": EVERY_FUNCTION,
    "Invoices": EVERY_FUNCTION,
    "Probe": EVERY_FUNCTION,
    "InvoiceBucket": {"CKV_AWS_18"},
    "ListBucket": {"CKV_AWS_18"},
    "WebAcl": {"CKV_AWS_192", "CKV2_AWS_31"},
    "BackupVault": {"CKV_AWS_166"},
}


def test_cfn_lint_finds_nothing() -> None:
    assert [str(match) for match in lint_file(ROOT / "template.yaml")] == []


def found_after_translation(
    template: Template, gradual: str, rules: RulesCollection | None = None
) -> list[tuple[str, str]]:
    """rules: those that are tried; all of them if there are none."""
    translated = json.dumps(translate(template, GradualDeployment=gradual))
    return [(match.rule.id, match.message) for match in lint(translated, rules, regions=[REGION])]


@pytest.mark.parametrize("gradual", ["false", "true"])
def test_cfn_lint_finds_nothing_after_translation(template: Template, gradual: str) -> None:
    # GradualDeployment is read by the translation alone.
    assert found_after_translation(template, gradual) == [("W2001", "Parameter GradualDeployment not used.")]


def test_an_alarm_that_waits_for_the_api_whose_function_waits_for_it_is_found(template: Template) -> None:
    mutant = deepcopy(template)
    (stage,) = (
        d for d in mutant["Resources"]["ServerErrorBurstAlarm"]["Properties"]["Dimensions"] if d["Name"] == "Stage"
    )
    stage["Value"] = {"Ref": "Api.Stage"}
    # All rules would take ten times as long.
    rules = RulesCollection()
    rules.register(CircularDependency())
    found = found_after_translation(mutant, "true", rules)
    circle = {message.split()[-1].strip("[]") for rule, message in found if rule == "E3004"}
    assert {"ModerateAliaslive", "ModerateDeploymentGroup", "ServerErrorBurstAlarm", "ApiprodStage", "Api"} <= circle


def test_checkov_skips_these_checks_each_with_its_reason_and_no_other(template: Template) -> None:
    skips = {
        name: resource["Metadata"]["checkov"]["skip"]
        for name, resource in template["Resources"].items()
        if "checkov" in resource.get("Metadata", {})
    }
    assert {name: {skip["id"] for skip in listed} for name, listed in skips.items()} == SKIPPED
    assert all(len(skip["comment"]) > 20 for listed in skips.values() for skip in listed)


def test_no_check_is_skipped_by_a_comment_or_for_the_whole_template(template: Template) -> None:
    assert "checkov:skip" not in (ROOT / "template.yaml").read_text()
    assert "Metadata" not in template
