"""Reads the quotas of the AWS account, or takes AWS's defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from modest_cli.errors import explain

if TYPE_CHECKING:
    from types_boto3_service_quotas.client import ServiceQuotasClient

_NEVER_RAISED = "NoSuchResourceException"


class Quota(Enum):
    """A quota that AWS raises on request: its service, its code and AWS's default."""

    CONCURRENCY = ("lambda", "L-B99A9384", 1_000)
    GATEWAY_RATE = ("apigateway", "L-8A5B8E43", 10_000)
    TABLE_WRITES = ("dynamodb", "L-AB614373", 40_000)
    TABLE_READS = ("dynamodb", "L-CF0CBE56", 40_000)

    def __init__(self, service: str, code: str, default: float) -> None:
        self.service = service
        self.code = code
        self.default = default


API_KEYS = 10_000
"""AWS does not raise it."""
PARTITION_WRITES = 1_000
"""Write units a second that one partition key of a table takes."""
NEW_ENVIRONMENTS = 1_000
"""How many execution environments a function can add in ten seconds."""
CALLS_A_CONCURRENT_EXECUTION = 10
"""How many calls a second an account may make, for each of its concurrent executions."""


@dataclass(frozen=True, slots=True)
class Quotas:
    values: Mapping[Quota, float]
    source: str
    note: str = ""
    """Why the account's own quotas are not used."""


def read_quotas(client: "ServiceQuotasClient") -> Quotas:
    """Returns the account's quotas, or AWS's defaults if they cannot be read."""
    try:
        return Quotas({quota: _read_quota(client, quota) for quota in Quota}, "the account")
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        return default_quotas(error)


def default_quotas(error: Exception) -> Quotas:
    """error: why the account's quotas cannot be read."""
    return Quotas(
        {quota: quota.default for quota in Quota},
        "AWS's default",
        f"AWS's default quotas are assumed, and a new account has less. {explain(error)}",
    )


def _read_quota(client: "ServiceQuotasClient", quota: Quota) -> float:
    try:
        return client.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)["Quota"]["Value"]
    except ClientError as error:
        if error.response["Error"]["Code"] != _NEVER_RAISED:
            raise
        return quota.default
