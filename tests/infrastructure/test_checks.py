"""What cfn-lint says of the template, and what checkov was told not to say."""

import json

from cfnlint.api import lint, lint_file
from tests.infrastructure.translated import Template
from tests.support import ROOT

from modest_local.template import REGION, translate

EVERY_FUNCTION = {"CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_173"}
SKIPPED = {
    "Api": {"CKV_AWS_120"},
    "Moderate": EVERY_FUNCTION,
    "Authorizer": EVERY_FUNCTION,
    "Invoices": EVERY_FUNCTION,
    "InvoiceBucket": {"CKV_AWS_18"},
}


def test_cfn_lint_finds_nothing() -> None:
    assert [str(match) for match in lint_file(ROOT / "template.yaml")] == []


def test_cfn_lint_finds_nothing_after_translation(template: Template) -> None:
    translated = json.dumps(translate(template))
    # GradualDeployment is read by the translation alone.
    found = [(match.rule.id, match.message) for match in lint(translated, regions=[REGION])]
    assert found == [("W2001", "Parameter GradualDeployment not used.")]


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
