"""What `modest capacity` prints, and what it says to figures and accounts that it can do nothing with."""

import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber
from tests.helpers.support import ROOT
from tests.unit.cli.test_arguments import NO_AWS
from typer.testing import CliRunner, Result
from types_boto3_service_quotas.client import ServiceQuotasClient

from modest_cli.capacity.estimate import Absurd, Customers, estimate
from modest_cli.capacity.measured import NotMeasured, read_measured
from modest_cli.capacity.quotas import Quota, Quotas, read_quotas
from modest_cli.capacity.service import read_template
from modest_cli.exit_codes import ExitCode
from modest_cli.main import app

UNSET = ("MODEST_STACK", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
NO_CREDENTIALS = {**NO_AWS, "AWS_DEFAULT_REGION": "us-east-1", **dict.fromkeys(UNSET)}


def capacity(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["capacity", *arguments], env=NO_CREDENTIALS)


def test_docs_show_what_it_prints() -> None:
    result = capacity()
    assert result.exit_code == ExitCode.DONE, result.output
    shown = (ROOT / "docs" / "scaling.md").read_text().split("```")
    assert [line.rstrip() for line in result.stdout.splitlines()] in [block.splitlines()[2:] for block in shown]


def test_without_credentials_aws_s_defaults_are_taken_and_it_says_so() -> None:
    answer = json.loads(capacity("--json").stdout)
    assert {limit["according_to"] for limit in answer["limits"]} == {"template.yaml", "AWS, fixed", "AWS's default"}
    assert "No AWS credentials were found" in answer["sentences"][-1]


def test_more_calls_than_the_stage_takes_are_refused_until_its_rate_is_raised() -> None:
    slow, fast = (json.loads(capacity("--json", "--stage-rate", rate).stdout) for rate in ("50", "10000"))
    assert slow["breaks_first"] == "calls a second on one route (StageRate)"
    assert slow["refused"]["by_stage_rate"] > 0.1 > fast["refused"]["by_stage_rate"]
    assert any("Set StageRate to 300." in sentence for sentence in slow["sentences"])
    assert fast["breaks_first"] == "API keys"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--customers", "Pro=0"], "There are no customers"),
        (["--customers", "Pro=1", "--customers", "pro=2"], "names the plan Pro twice"),
        (["--customers", "Gold=5"], "The plans are Free, Basic, Pro, Mega"),
        (["--used", "1", "--burst", "0.001"], "Customers on Free cannot use 100% of their quota at 0.001"),
    ],
)
def test_figures_that_contradict_each_other_are_named(arguments: list[str], words: str) -> None:
    result = capacity(*arguments)
    assert (result.exit_code, result.stderr.count("\n")) == (ExitCode.FOUND, 1)
    assert words in result.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--customers", "Pro"),
        ("--customers", "Pro=-1"),
        ("--customers", "Pro=1e9"),
        ("--customers", "Pro=" + "9" * 5000),
        ("--used", "1.1"),
        ("--burst", "0"),
        ("--from-urls", "2"),
        ("--fetch-ms", "NaN"),
        ("--megapixels", "1e308"),
        ("--stage-rate", "0"),
    ],
)
def test_figures_that_nobody_can_have_meant_are_refused(option: str, value: str) -> None:
    result = capacity(option, value)
    assert result.exit_code == ExitCode.NOT_ALL_JUDGED
    assert "Traceback" not in result.stderr
    assert "Give a " in result.stderr or "number" in result.stderr


def test_a_stage_that_is_closed_is_named() -> None:
    service = read_template()
    customers = Customers({"Pro": 1}, used=0.3, speed=0.5, from_urls=0, fetch_ms=0, megapixels=1)
    with pytest.raises(Absurd, match="StageRate is 0"):
        estimate(customers, list(service.plans.values()), 0, service.memory_mb, read_measured(service.memory_mb))


def test_a_function_smaller_than_those_that_were_measured_is_named() -> None:
    with pytest.raises(NotMeasured, match="begins at 1024 MB"):
        read_measured(512)


@pytest.fixture
def client() -> Iterator[ServiceQuotasClient]:
    client = boto3.client(
        "service-quotas",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106
    )
    yield client
    client.close()


def test_a_quota_that_was_never_raised_has_aws_s_default(client: ServiceQuotasClient) -> None:
    with Stubber(client) as stub:
        stub.add_response("get_service_quota", {"Quota": {"Value": 10}})
        for _ in range(len(Quota) - 1):
            stub.add_client_error("get_service_quota", "NoSuchResourceException")
        quotas = read_quotas(client)
    assert quotas == Quotas({quota: quota.default for quota in Quota} | {Quota.CONCURRENCY: 10}, "the account")


def test_without_the_permission_aws_s_defaults_are_taken_and_it_says_so(client: ServiceQuotasClient) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("get_service_quota", "AccessDeniedException")
        quotas = read_quotas(client)
    assert quotas.source == "AWS's default"
    assert quotas.note.endswith("The AWS credentials do not allow GetServiceQuota. Use a role that does.")
