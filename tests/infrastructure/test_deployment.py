"""That a first deployment works on a new account, and that a later one reaches traffic."""

import re
import time
import tomllib
from typing import Any

import pytest
from tests.helpers.support import ROOT
from tests.infrastructure.translated import Template, deployed, of_type

from moderate.settings import InvalidSetting, Settings
from modest_cli.capacity.measured import PRICES
from modest_local.template import REGION

A_RELEASE = "0123456789abcdef0123456789abcdef01234567"
ANOTHER_RELEASE = "fedcba9876543210fedcba9876543210fedcba98"


def function(stack: Template, name: str = "Moderate") -> dict[str, Any]:
    return dict(stack["Resources"][name]["Properties"])


def version(stack: Template) -> str:
    """Another name is another version: CloudFormation publishes what it has not got yet."""
    (name,) = of_type(stack, "AWS::Lambda::Version")
    return name


def test_a_call_s_cost_is_calculated_with_the_authorizer_s_memory(stack: Template) -> None:
    assert tomllib.loads(PRICES.read_text())["a_call"]["authorizer_mb"] == function(stack, "Authorizer")["MemorySize"]


def test_the_defaults_ask_nothing_of_a_new_account(stack: Template) -> None:
    assert not [
        f for f in of_type(stack, "AWS::Lambda::Function").values() if "ReservedConcurrentExecutions" in f["Properties"]
    ]
    assert "ProvisionedConcurrencyConfig" not in stack["Resources"]["ModerateAliaslive"]["Properties"]
    kinds = {resource["Type"].split("::")[1] for resource in stack["Resources"].values()}
    assert not kinds & {"CodeDeploy", "Route53", "CertificateManager", "EC2", "WAFv2"}
    assert not of_type(stack, "AWS::ApiGateway::DomainName")
    assert "VpcConfig" not in function(stack)


@pytest.mark.parametrize("parameter", ["WarmInstances", "ReservedConcurrency", "AuthorizerConcurrency"])
def test_what_a_new_account_refuses_is_said_at_the_parameter(template: Template, parameter: str) -> None:
    assert "limit of 10" in template["Parameters"][parameter]["Description"]


def test_every_parameter_has_a_default(template: Template) -> None:
    assert not [name for name, facts in template["Parameters"].items() if "Default" not in facts]


def test_the_function_is_as_large_and_waits_as_long_as_is_stated(stack: Template) -> None:
    assert function(stack)["PackageType"] == "Image"
    assert (function(stack)["MemorySize"], function(stack)["Timeout"]) == (1769, 29)
    assert function(stack)["Architectures"] == function(stack, "Authorizer")["Architectures"] == ["x86_64"]


@pytest.mark.parametrize("name", ["Authorizer", "Invoices"])
def test_a_zip_function_finds_its_modules_in_the_layer(stack: Template, name: str) -> None:
    (layer,) = of_type(stack, "AWS::Lambda::LayerVersion")
    assert function(stack, name)["Layers"] == [{"Ref": layer}]


def test_invoices_are_written_at_two_on_the_first_of_the_month(stack: Template) -> None:
    (rule,) = of_type(stack, "AWS::Events::Rule").values()
    assert rule["Properties"]["ScheduleExpression"] == "cron(0 2 1 * ? *)"
    assert [target["Arn"] for target in rule["Properties"]["Targets"]] == [{"Fn::GetAtt": ["Invoices", "Arn"]}]


def test_invoices_are_told_table_plans_and_bucket(stack: Template) -> None:
    variables = function(stack, "Invoices")["Environment"]["Variables"]
    assert variables["PLANS"] == function(stack)["Environment"]["Variables"]["PLANS"]
    assert variables | {"PLANS": ""} == {
        "LEDGER_TABLE": {"Ref": "Ledger"},
        "INVOICE_BUCKET": {"Ref": "InvoiceBucket"},
        "PLANS": "",
    }


def test_the_same_template_gives_the_same_version(template: Template) -> None:
    assert version(deployed(template)) == version(deployed(template))
    assert version(deployed(template, Release=A_RELEASE)) == version(deployed(template, Release=A_RELEASE))


def test_a_new_release_gives_a_new_version(template: Template) -> None:
    assert version(deployed(template, Release=A_RELEASE)) != version(deployed(template, Release=ANOTHER_RELEASE))


def test_a_changed_parameter_alone_would_give_none_which_is_why_there_is_a_release(template: Template) -> None:
    assert version(deployed(template, NsfwFrom="0.7")) == version(deployed(template))


def test_without_a_release_a_new_image_still_gives_a_new_version(template: Template) -> None:
    versions = set()
    for digest in ("aaaa", "bbbb"):
        image = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/modest@sha256:{digest}"
        moderate = template["Resources"]["Moderate"]
        changed = {**moderate, "Properties": {**moderate["Properties"], "ImageUri": image}}
        versions.add(version(deployed({**template, "Resources": {**template["Resources"], "Moderate": changed}})))
    assert len(versions) == 2


def test_every_deployment_of_the_stack_is_one_of_the_api_too(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What SAM takes for the same API it would leave as it is, with the origin that was allowed before.
    deployments = set()
    for second, origin in enumerate(["https://shop.example", "https://other.example"]):
        monkeypatch.setattr(time, "time", lambda second=second: float(second))
        stack = deployed(template, AllowedOrigin=origin)
        (deployment,) = of_type(stack, "AWS::ApiGateway::Deployment")
        assert stack["Resources"]["ApiprodStage"]["Properties"]["DeploymentId"] == {"Ref": deployment}
        deployments.add(deployment)
    assert len(deployments) == 2


def test_traffic_goes_to_the_new_version_at_once_unless_told_to_go_gradually(template: Template) -> None:
    assert not of_type(deployed(template), "AWS::CodeDeploy::DeploymentGroup")
    (group,) = of_type(deployed(template, GradualDeployment="true"), "AWS::CodeDeploy::DeploymentGroup").values()
    assert "Canary10Percent5Minutes" in str(group["Properties"]["DeploymentConfigName"])
    assert group["Properties"]["AlarmConfiguration"]["Alarms"] == [
        {"Name": {"Ref": "NewVersionAlarm"}},
        {"Name": {"Ref": "ServerErrorBurstAlarm"}},
    ]


def test_each_alarm_that_rolls_back_can_fire_in_the_five_minutes_that_a_tenth_of_the_traffic_is_tried(
    template: Template,
) -> None:
    stack = deployed(template, GradualDeployment="true")
    (group,) = of_type(stack, "AWS::CodeDeploy::DeploymentGroup").values()
    for named in group["Properties"]["AlarmConfiguration"]["Alarms"]:
        alarm = stack["Resources"][named["Name"]["Ref"]]["Properties"]
        assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, 1)


def test_errors_are_those_of_the_version_that_is_tried(stack: Template) -> None:
    alarm = stack["Resources"]["NewVersionAlarm"]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Threshold"]) == ("AWS/Lambda", "Errors", 1)
    assert alarm["Dimensions"] == [
        {"Name": "FunctionName", "Value": {"Ref": "Moderate"}},
        {"Name": "Resource", "Value": "${Moderate}:live"},
        {"Name": "ExecutedVersion", "Value": {"Fn::GetAtt": [version(stack), "Version"]}},
    ]
    assert stack["Resources"]["ModerateAliaslive"]["Properties"]["Name"] == "live"


def test_warm_and_reserved_instances_are_had_by_asking(template: Template) -> None:
    stack = deployed(template, WarmInstances="2", ReservedConcurrency="50")
    alias = stack["Resources"]["ModerateAliaslive"]["Properties"]
    assert alias["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": "2"}
    assert function(stack)["ReservedConcurrentExecutions"] == "50"


def test_the_function_is_told_its_settings(template: Template) -> None:
    origin = "https://shop.example"
    settings = {"AllowedOrigin": origin, "ContactUrl": f"{origin}/contact"}
    own = {"NsfwFrom": "0.7", "Policy": "strict", "SecondOpinion": "none"}
    stack = deployed(template, Release=A_RELEASE, **own, **settings)
    variables = function(stack)["Environment"]["Variables"]
    assert variables | {"PLANS": ""} == {
        "MODEL": "mobilenet_v2",
        "SECOND_OPINION": "none",
        "POLICY": "strict",
        "QUESTIONABLE_FROM": 0.3,
        "NSFW_FROM": "0.7",
        "LISTS": "",
        "ON_LIST_HIT": "verdict",
        "ALLOWED_ORIGIN": "https://shop.example",
        "CONTACT_URL": "https://shop.example/contact",
        "LEDGER_TABLE": {"Ref": "Ledger"},
        "ON_LEDGER_FAILURE": "fail_closed",
        "DIGEST_DAYS": 30,
        "RELEASE": A_RELEASE,
        "LOG_LEVEL": "INFO",
        "POWERTOOLS_SERVICE_NAME": "modest",
        "POWERTOOLS_METRICS_NAMESPACE": "Modest",
        "PLANS": "",
    }


def test_lists_are_read_by_asking_from_where_the_command_writes_them(template: Template) -> None:
    stack = deployed(template, Lists="true")
    place = stack["Outputs"]["Lists"]["Value"]
    assert place == deployed(template)["Outputs"]["Lists"]["Value"]
    assert place == "s3://${ListBucket}/lists"
    assert function(stack)["Environment"]["Variables"]["LISTS"] == place


@pytest.mark.parametrize("parameter", ["Model", "SecondOpinion"])
def test_every_model_that_can_be_built_can_be_chosen_for_first_and_second_opinions(
    template: Template, parameter: str
) -> None:
    known = tomllib.loads((ROOT / "model" / "models.toml").read_text())["models"]
    for name in (*known, "none", "one-of-my.own"):
        assert re.search(template["Parameters"][parameter]["AllowedPattern"], name)
    # It becomes the tag of an image and a word of a command.
    for name in ("", "-x", "a b", "a;b", "$(a)", "../a", "a/b"):
        assert not re.search(template["Parameters"][parameter]["AllowedPattern"], name)


def test_the_image_holds_both_models_and_its_defaults_are_the_template_s(template: Template) -> None:
    arguments = template["Resources"]["Moderate"]["Metadata"]["DockerBuildArgs"]
    assert arguments["MODEL"] == {"Ref": "Model"}
    assert arguments["SECOND_OPINION"] == {"Ref": "SecondOpinion"}
    dockerfile = (ROOT / "functions" / "moderate" / "Dockerfile").read_text()
    for name, parameter in (("MODEL", "Model"), ("SECOND_OPINION", "SecondOpinion")):
        assert f"ARG {name}={template['Parameters'][parameter]['Default']}\n" in dockerfile
    assert Settings.from_environ({}).second_opinion == template["Parameters"]["SecondOpinion"]["Default"]


def test_a_restored_ledger_is_used_everywhere_and_the_old_one_stays(template: Template) -> None:
    stack = deployed(template, RestoredLedger="restored")
    for name in ("Moderate", "Invoices"):
        assert function(stack, name)["Environment"]["Variables"]["LEDGER_TABLE"] == "restored"
    assert stack["Outputs"]["LedgerTable"]["Value"] == "restored"
    assert '"TableName", "restored"' in stack["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    assert stack["Resources"]["Ledger"] == deployed(template)["Resources"]["Ledger"]


def test_the_stage_can_be_closed_while_a_ledger_is_restored(template: Template) -> None:
    assert template["Parameters"]["StageRate"]["MinValue"] == 0
    settings = deployed(template, StageRate="0")["Resources"]["ApiprodStage"]["Properties"]["MethodSettings"]
    assert {"POST /~1v1~1check", "GET /~1nsfw-api~1v1~1classify", "POST /~1v1~1moderations"} <= {
        f"{s['HttpMethod']} {s['ResourcePath']}" for s in settings if s["ThrottlingRateLimit"] == "0"
    }


def test_an_account_that_logs_already_keeps_its_role(template: Template) -> None:
    assert not of_type(deployed(template, ApiGatewayLogRole="keep"), "AWS::ApiGateway::Account")


@pytest.mark.parametrize("name", ["ApiGatewayAccount", "ApiGatewayLogsRole"])
def test_what_others_may_use_by_now_is_never_deleted(stack: Template, name: str) -> None:
    resource = stack["Resources"][name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


@pytest.mark.parametrize(
    "name", ["DataKey", "InvoiceBucket", "InvoiceBucketPolicy", "Ledger", "ListBucket", "ListBucketPolicy"]
)
def test_data_outlives_the_stack_but_not_a_first_deployment_that_failed(stack: Template, name: str) -> None:
    resource = stack["Resources"][name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    # CloudFormation cannot roll back the creation of a table that is protected.
    assert "DeletionProtectionEnabled" not in resource["Properties"]


def test_what_is_left_to_be_removed_by_hand_is_named(stack: Template) -> None:
    named = [stack["Outputs"][name]["Value"] for name in ("LedgerTable", "InvoiceBucket", "ListBucket", "DataKey")]
    assert named == [{"Ref": "Ledger"}, {"Ref": "InvoiceBucket"}, {"Ref": "ListBucket"}, {"Ref": "DataKey"}]


def test_the_role_for_logs_is_there_before_the_stage_that_logs(stack: Template) -> None:
    assert stack["Resources"]["ApiprodStage"]["Properties"]["Variables"] == {
        "LogsThrough": {"Ref": "ApiGatewayAccount"}
    }


def test_concurrency_of_the_authorizers_own_is_had_by_asking(template: Template) -> None:
    authorizer = function(deployed(template, AuthorizerConcurrency="20"), "Authorizer")
    assert authorizer["ReservedConcurrentExecutions"] == "20"


def test_a_domain_is_had_by_asking(template: Template) -> None:
    named = {"DomainName": "api.example.com", "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1"}
    stack = deployed(template, **named)
    assert stack["Resources"]["Domain"]["Properties"]["SecurityPolicy"] == "TLS_1_2"
    assert stack["Resources"]["DomainMapping"]["Properties"]["Stage"] == {"Ref": "ApiprodStage"}
    assert stack["Outputs"]["Url"]["Value"] == "https://api.example.com"
    assert not of_type(stack, "AWS::Route53::RecordSet")
    assert of_type(deployed(template, **named, HostedZoneId="Z1"), "AWS::Route53::RecordSet")


def test_without_a_domain_the_url_carries_the_stage(stack: Template) -> None:
    assert stack["Outputs"]["Url"]["Value"].endswith(f".execute-api.{REGION}.amazonaws.com/${{ApiprodStage}}")


@pytest.mark.parametrize("origin", ["", "https://shop.example", "http://127.0.0.1:8000"])
def test_an_origin_is_taken_as_browsers_write_it(template: Template, origin: str) -> None:
    pattern = template["Parameters"]["AllowedOrigin"]["AllowedPattern"]
    assert re.fullmatch(pattern, origin)
    assert Settings.from_environ({"ALLOWED_ORIGIN": origin}).allowed_origin == origin


@pytest.mark.parametrize(
    "url", ["", "https://shop.example", "http://example.com:8000/a?b=c&d=e;f#g", "https://a/(b)", "x"]
)
def test_the_template_and_the_function_take_the_same_contacts(template: Template, url: str) -> None:
    fits = re.fullmatch(template["Parameters"]["ContactUrl"]["AllowedPattern"], url)
    try:
        assert Settings.from_environ({"CONTACT_URL": url}).contact_url == url
    except InvalidSetting:
        assert not fits
    else:
        assert fits


@pytest.mark.parametrize("origin", ["https://shop.example/", "https://Shop.example", "shop.example", "*"])
def test_what_no_browser_would_write_is_refused_before_it_is_deployed(template: Template, origin: str) -> None:
    assert not re.fullmatch(template["Parameters"]["AllowedOrigin"]["AllowedPattern"], origin)
    with pytest.raises(InvalidSetting):
        Settings.from_environ({"ALLOWED_ORIGIN": origin})


def test_a_deployment_without_a_release_is_refused_with_words_about_make(template: Template) -> None:
    (assertion,) = template["Rules"]["MakeDeploys"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Release"}, ""]}]}
    assert "make deploy" in assertion["AssertDescription"]
