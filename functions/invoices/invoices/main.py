"""Writes the invoices for the previous month to the bucket. It runs on the first day of each month."""

import json
import os
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from modest.accounts.reader import AccountReader
from modest.billing.invoice_files import Format, render
from modest.billing.invoice_pages import LACKING, pages
from modest.billing.invoice_record import Facts, describe
from modest.billing.invoices import PlanNotSold, invoices_for
from modest.billing.issuer import IssuerStore
from modest.ledger.usage import UsageReader
from modest.months import month_before, month_end, month_of
from modest.plans import plans_from_json
from modest.store.dynamodb import DynamoDBTable, make_client
from modest.store.table import Table

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_PAGE_TYPE = "text/html; charset=utf-8"
_TYPES = {Format.CSV: "text/csv; charset=utf-8", Format.JSON: "application/json", Format.HTML: _PAGE_TYPE}
_WRITTEN = "written"
_EXISTED = "already exists"


class MonthNotOver(Exception):
    """Raised if the month is not over, because its invoices could still change."""


class NotInvoiced(Exception):
    """Raised once all other invoices are written; the message names the accounts without an invoice and says why."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """event: `{"month": "2026-10"}`, or any other event, such as a scheduled one, for the previous month.

    Invoices are written only once and do not change, even if rates, discounts, prices or the issuer do. Returns which
    objects were written and which already existed. Raises MonthNotOver, NotInvoiced, LedgerUnavailable, ClientError,
    and ValueError if the month is invalid.
    """
    now = datetime.now(UTC)
    month = event.get("month") or month_before(month_of(now))
    if now < month_end(month):
        raise MonthNotOver(f"{month} is not over. `modest invoice {month}` shows its preliminary invoices.")
    table = DynamoDBTable(make_client(connect_seconds=5, answer_seconds=10), os.environ["LEDGER_TABLE"])
    invoices, not_sold = _make_invoices(table, month, now)
    outcome, record = _write(boto3.session.Session().client("s3"), os.environ["INVOICE_BUCKET"], invoices, month)
    facts = {"month": month, "invoices": len(record)} | outcome
    if any(invoice["issuer"] is None for invoice in record):
        facts["warning"] = f"No issuer is set, so each invoice lacks {LACKING}. `modest issuer set` sets it."
    print(json.dumps(facts))  # noqa: T201 - Lambda's log
    if missing := _describe_missing(invoices, not_sold, record):
        raise NotInvoiced(
            f"{' '.join(missing)} Once the price is known, run `modest invoice {month} --account …` for each of them."
        )
    return facts


def _make_invoices(table: Table, month: str, now: datetime) -> tuple[list[Facts], list[PlanNotSold]]:
    plans, books = plans_from_json(os.environ["PLANS"]), UsageReader(table)
    usages = (books.usage(account.id, month) for account in AccountReader(table).accounts())
    invoices, not_sold = invoices_for((usage for usage in usages if usage), plans, now)
    return describe(invoices, IssuerStore(table).read()), not_sold


def _write(
    client: "S3Client", bucket: str, invoices: list[Facts], month: str
) -> tuple[dict[str, dict[str, Any]], list[Facts]]:
    """Returns what happened to each object and to the accounts' pages, and the issued invoices as the record has them.

    The JSON object is the record. It is written first, and all others are made from it.
    """
    objects: dict[str, str] = {}

    def put(form: Format, invoices: list[Facts]) -> None:
        key = _object_key(month, form)
        objects[key] = _put(client, bucket, key, render(invoices, month, form), _TYPES[form])

    put(Format.JSON, invoices)
    record_key = _object_key(month, Format.JSON)
    record = invoices
    if objects[record_key] != _WRITTEN:
        record = json.loads(client.get_object(Bucket=bucket, Key=record_key)["Body"].read())
    for form in (Format.CSV, Format.HTML):
        put(form, record)
    written = Counter(_put(client, bucket, f"{month}/{name}", page, _PAGE_TYPE) for name, page in pages(record))
    return {"objects": objects, "pages": dict(written)}, record


def _object_key(month: str, form: Format) -> str:
    return f"{month}/invoices.{form}"


def _put(client: "S3Client", bucket: str, key: str, body: bytes, content_type: str) -> str:
    try:
        client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
        return _EXISTED
    return _WRITTEN


def _describe_missing(invoices: list[Facts], not_sold: list[PlanNotSold], record: list[Facts]) -> list[str]:
    """Lists the accounts that the record lacks, which may include one whose price became known only later."""
    issued = {invoice["account"] for invoice in record}
    late = [
        f"{invoice['name']} is missing from the invoices that were written earlier."
        for invoice in invoices
        if invoice["account"] not in issued
    ]
    return [*map(str, not_sold), *late]
