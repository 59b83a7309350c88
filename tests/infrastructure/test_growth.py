"""What an operator adds once the defaults of an account no longer do: a web ACL, and backups in another region."""

import re

from tests.infrastructure.test_roles import VAULT
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
