"""Writes the invoices for the previous month to the bucket. It runs on the first day of each month."""

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
_EXISTED = "already exists"


class MonthNotOver(Exception):
    """Raised if the month is not over, because its invoices could still change."""


class NotInvoiced(Exception):
    """Raised once all other invoices are written; the message names the accounts without an invoice and says why."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """event: `{"month": "2026-10"}`, or any other event, such as a scheduled one, for the previous month.

    Invoices are written only once and do not change, even if rates, discounts or prices do. Returns which objects were
    written and which already existed. Raises MonthNotOver, NotInvoiced, LedgerUnavailable, ClientError, and ValueError
    if the month is invalid.
    """
    now = datetime.now(UTC)
    month = event.get("month") or month_before(month_of(now))
    if now < month_end(month):
        raise MonthNotOver(f"{month} is not over. `modest invoice {month}` shows its preliminary invoices.")
    table = DynamoDBTable(make_client(connect_seconds=5, answer_seconds=10), os.environ["LEDGER_TABLE"])
    invoices, not_sold = _make_invoices(table, month, now)
    outcome, record = _write(boto3.session.Session().client("s3"), os.environ["INVOICE_BUCKET"], invoices, month)
    facts = {"month": month, "invoices": len(numbers_in(record)), "objects": outcome}
    print(json.dumps(facts))  # noqa: T201 - Lambda's log
    if missing := _describe_missing(invoices, not_sold, record):
        raise NotInvoiced(
            f"{' '.join(missing)} Once the price is known, run `modest invoice {month} --account …` for each of them."
        )
    return facts


def _make_invoices(table: Table, month: str, now: datetime) -> tuple[list[Invoice], list[PlanNotSold]]:
    plans, books = plans_from_json(os.environ["PLANS"]), UsageReader(table)
    usages = (books.usage(account.id, month) for account in AccountReader(table).accounts())
    return invoices_for((usage for usage in usages if usage), plans, now)


def _write(client: "S3Client", bucket: str, invoices: list[Invoice], month: str) -> tuple[dict[str, str], str]:
    """Returns what happened to each object, and the JSON object, which is the record of the issued invoices."""
    outcome: dict[str, str] = {}

    def put(form: Format, text: str) -> None:
        outcome[_object_key(month, form)] = _put(client, bucket, _object_key(month, form), text, _TYPES[form])

    record = render(invoices, month, Format.JSON)
    put(Format.JSON, record)
    if outcome[_object_key(month, Format.JSON)] != _WRITTEN:
        record = client.get_object(Bucket=bucket, Key=_object_key(month, Format.JSON))["Body"].read().decode()
    for form in (Format.CSV, Format.HTML):
        put(form, render_again(record, month, form))
    return outcome, record


def _object_key(month: str, form: Format) -> str:
    return f"{month}/invoices.{form}"


def _put(client: "S3Client", bucket: str, key: str, text: str, content_type: str) -> str:
    try:
        client.put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType=content_type, IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
        return _EXISTED
    return _WRITTEN


def _describe_missing(invoices: list[Invoice], not_sold: list[PlanNotSold], record: str) -> list[str]:
    """Lists the accounts that the record lacks, which may include one whose price became known only later."""
    issued = numbers_in(record)
    late = [
        f"{invoice.name} is missing from the invoices that were written earlier."
        for invoice in invoices
        if invoice.number not in issued
    ]
    return [*map(str, not_sold), *late]
