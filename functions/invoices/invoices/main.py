"""Writes a month's invoices to the bucket, on the first day of the next one."""

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from modest.accounts.reader import AccountReader
from modest.billing.invoice_files import Format, numbers_in, render, render_again
from modest.billing.invoices import Invoice, PlanNotSold, invoices_for
from modest.ledger.usage import UsageReader
from modest.months import month_before, month_end, month_of
from modest.plans import plans_from_json
from modest.store.dynamodb import DynamoDBTable, make_client
from modest.store.table import Table

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_TYPES = {Format.CSV: "text/csv", Format.JSON: "application/json", Format.HTML: "text/html; charset=utf-8"}
_WRITTEN = "written"


class MonthNotOver(Exception):
    """Its invoices would still change."""


class NotInvoiced(Exception):
    """The others' invoices are written; the message names the accounts whose are not, and says why."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """event: `{"month": "2026-10"}`, or whatever a schedule sends, for the month before the present one.

    Invoices that were written once stay as they are, whatever has become of rates, discounts and prices since. Answers
    which objects were written and which there were already. Raises MonthNotOver, NotInvoiced, LedgerUnavailable,
    ClientError, and ValueError for what is no month.
    """
    now = datetime.now(UTC)
    month = event.get("month") or month_before(month_of(now))
    if now < month_end(month):
        raise MonthNotOver(f"{month} is not over. `modest invoice {month}` shows what it comes to so far.")
    table = DynamoDBTable(make_client(connect_seconds=5, answer_seconds=10), os.environ["LEDGER_TABLE"])
    invoices, not_sold = _invoices(table, month, now)
    outcome, record = _write(boto3.session.Session().client("s3"), os.environ["INVOICE_BUCKET"], invoices, month)
    facts = {"month": month, "invoices": len(numbers_in(record)), "objects": outcome}
    print(json.dumps(facts))  # noqa: T201 - Lambda's log
    if missing := _missing(invoices, not_sold, record):
        raise NotInvoiced(
            f"{' '.join(missing)} Once a price is known, `modest invoice {month} --account …` makes what is missing."
        )
    return facts


def _invoices(table: Table, month: str, now: datetime) -> tuple[list[Invoice], list[PlanNotSold]]:
    plans, books = plans_from_json(os.environ["PLANS"]), UsageReader(table)
    usages = (books.usage(account.id, month) for account in AccountReader(table).accounts())
    return invoices_for((usage for usage in usages if usage), plans, now)


def _write(client: "S3Client", bucket: str, invoices: list[Invoice], month: str) -> tuple[dict[str, str], str]:
    """The objects' keys -> "written" or "there already"; and the JSON: once written, the record of what was issued."""
    outcome: dict[str, str] = {}

    def put(form: Format, text: str) -> None:
        outcome[_key(month, form)] = _put(client, bucket, _key(month, form), text, _TYPES[form])

    record = render(invoices, month, Format.JSON)
    put(Format.JSON, record)
    if outcome[_key(month, Format.JSON)] != _WRITTEN:
        record = client.get_object(Bucket=bucket, Key=_key(month, Format.JSON))["Body"].read().decode()
    for form in (Format.CSV, Format.HTML):
        put(form, render_again(record, month, form))
    return outcome, record


def _key(month: str, form: Format) -> str:
    return f"{month}/invoices.{form}"


def _put(client: "S3Client", bucket: str, key: str, text: str, content_type: str) -> str:
    try:
        client.put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType=content_type, IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
        return "there already"
    return _WRITTEN


def _missing(invoices: list[Invoice], not_sold: list[PlanNotSold], record: str) -> list[str]:
    """An older record may lack an account whose price has become known since."""
    there = numbers_in(record)
    late = [f"{invoice.name} is not among those written before." for invoice in invoices if invoice.number not in there]
    return [*map(str, not_sold), *late]
