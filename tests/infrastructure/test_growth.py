"""What an operator adds by asking: a web ACL, backups in another region, and a probe."""

import re

from tests.infrastructure.test_roles import ACCOUNT, VAULT, allowed
from tests.infrastructure.translated import Template, deployed, of_type, only

from modest_local.template import REGION


def test_addresses_are_limited_by_asking(template: Template, stack: Template) -> None:
    assert not of_type(stack, "AWS::WAFv2::WebACL")
    limited = deployed(template, CallsPerAddress="20000")
    acl = only(limited, "AWS::WAFv2::WebACL")
    (rule,) = acl["Rules"]
    assert rule["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 300,
        "Limit": "20000",
    }
    assert (acl["Scope"], acl["DefaultAction"], rule["Action"]) == ("REGIONAL", {"Allow": {}}, {"Block": {}})
    association = only(limited, "AWS::WAFv2::WebACLAssociation")
    assert association["ResourceArn"] == f"arn:aws:apigateway:{REGION}::/restapis/${{Api}}/stages/${{ApiprodStage}}"


def test_no_sample_of_a_call_is_kept(template: Template) -> None:
    acl = only(deployed(template, CallsPerAddress="20000"), "AWS::WAFv2::WebACL")
    for watched in (acl, *acl["Rules"]):
        assert watched["VisibilityConfig"]["SampledRequestsEnabled"] is False


def test_the_ledger_in_use_is_copied_to_another_region_every_day_by_asking(template: Template, stack: Template) -> None:
    assert not [name for name, resource in stack["Resources"].items() if "::Backup::" in resource["Type"]]
    assert re.fullmatch(template["Parameters"]["BackupVaultArn"]["AllowedPattern"], VAULT)
    copied = deployed(template, BackupVaultArn=VAULT, RestoredLedger="restored")
    (rule,) = only(copied, "AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
    assert rule["TargetBackupVault"] == {"Ref": "BackupVault"}
    assert rule["CopyActions"] == [{"DestinationBackupVaultArn": VAULT, "Lifecycle": {"DeleteAfterDays": 35}}]
    (table,) = only(copied, "AWS::Backup::BackupSelection")["BackupSelection"]["Resources"]
    assert table.endswith(":table/restored")


def test_a_vault_that_outlives_its_stack_is_not_in_the_way_of_the_next_one(template: Template) -> None:
    vault = deployed(template, BackupVaultArn=VAULT)["Resources"]["BackupVault"]
    assert vault["DeletionPolicy"] == "RetainExceptOnCreate"
    assert vault["Properties"]["BackupVaultName"] == "modest-51af3dc0"


SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:modest/probe-a1b2c3"


def test_the_public_url_is_called_every_quarter_of_an_hour_by_asking(template: Template, stack: Template) -> None:
    assert not [name for name in stack["Resources"] if name.startswith("Probe")]
    assert re.fullmatch(template["Parameters"]["ProbeKeySecretArn"]["AllowedPattern"], SECRET)
    probed = deployed(template, ProbeKeySecretArn=SECRET)
    variables = probed["Resources"]["Probe"]["Properties"]["Environment"]["Variables"]
    assert variables == {"URL": probed["Outputs"]["Url"]["Value"], "KEY_SECRET": SECRET}
    (rule,) = (
        resource["Properties"] for name, resource in of_type(probed, "AWS::Events::Rule").items() if "Probe" in name
    )
    assert rule["ScheduleExpression"] == "rate(15 minutes)"
    assert only(probed, "AWS::Lambda::EventInvokeConfig")["MaximumRetryAttempts"] == 0


def test_a_domain_is_called_by_its_name(template: Template) -> None:
    named = {"DomainName": "api.example.com", "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1"}
    probe = deployed(template, ProbeKeySecretArn=SECRET, **named)["Resources"]["Probe"]["Properties"]
    assert probe["Environment"]["Variables"]["URL"] == "https://api.example.com"


def test_the_probe_may_read_its_key_and_nothing_else(template: Template) -> None:
    role = deployed(template, ProbeKeySecretArn=SECRET)["Resources"]["ProbeRole"]
    log, trace, key = allowed(role)
    assert log == ("logs:CreateLogStream logs:PutLogEvents", "ProbeLog.Arn", None)
    assert trace == ("xray:PutTraceSegments xray:PutTelemetryRecords", "*", None)
    assert key == ("secretsmanager:GetSecretValue", SECRET, None)


def test_calls_that_fail_and_calls_that_are_not_made_raise_the_same_alarm(template: Template) -> None:
    alarm = deployed(template, ProbeKeySecretArn=SECRET)["Resources"]["ProbeAlarm"]["Properties"]
    calls, failures, successes = alarm["Metrics"]
    assert [m["MetricStat"]["Metric"]["MetricName"] for m in (calls, failures)] == ["Invocations", "Errors"]
    for metric in (calls, failures):
        assert metric["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "Probe"}}]
        assert (metric["MetricStat"]["Stat"], metric["MetricStat"]["Period"]) == ("Sum", 900)
    assert successes["Expression"] == "calls - failures"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (2, "breaching")
    assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]
