"""The function that writes invoices, called as its schedule calls it."""

from datetime import UTC, datetime

import boto3
from tests.stack.deployment import Deployment

from modest.months import month_before, month_of


def test_on_the_first_of_a_month_the_invoices_of_the_last_one_are_written(deployment: Deployment) -> None:
    events = boto3.client("events")
    rule = deployment.resource("InvoicesMonthIsOver")
    assert events.describe_rule(Name=rule)["ScheduleExpression"] == "cron(0 2 1 * ? *)"
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    month = month_before(month_of(datetime.now(UTC)))
    written = deployment.invoke(target["Arn"], {"source": "aws.events", "detail-type": "Scheduled Event"})
    assert written["month"] == month
    found = boto3.client("s3").list_objects_v2(Bucket=deployment.outputs["InvoiceBucket"])["Contents"]
    assert {one["Key"] for one in found} == {f"{month}/invoices.{form}" for form in ("csv", "html", "json")}
