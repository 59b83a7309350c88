"""`make smoke`, as far as it can be tested without an AWS account."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from tests.infrastructure.translated import Template
from tests.stack.on_aws.test_only_aws import WRITES
from tests.stack.smoke import app
from typer.testing import CliRunner


def test_without_credentials_one_sentence_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    result = CliRunner().invoke(app)
    assert result.exit_code == 1
    assert result.output == "modest: No AWS credentials were found. Run `aws configure`, or set AWS_PROFILE.\n"


@pytest.mark.parametrize(("action", "partition", "decision"), WRITES)
def test_what_it_asks_aws_about_the_role_is_what_the_template_says(
    stack: Template, action: str, partition: str, decision: str
) -> None:
    (policy,) = stack["Resources"]["ModerateRole"]["Properties"]["Policies"]
    allowed = [
        pattern
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == action
        for pattern in statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    ]
    assert any(fnmatchcase(partition, pattern) for pattern in allowed) is (decision == "allowed")
