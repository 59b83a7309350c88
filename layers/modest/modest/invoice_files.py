"""Invoices as files: CSV for a spreadsheet, JSON for programs, HTML to print. The same invoices give the same bytes."""

import csv
import json
from collections.abc import Iterable, Sequence
from enum import StrEnum
from html import escape
from io import StringIO
from pathlib import Path
from string import Template
from typing import Any

from modest.invoices import Bill, Invoice
from modest.money import written

_COLUMNS = (
    *("invoice", "month", "preliminary", "account", "name", "plan", "plan_price_usd", "discount_percent"),
    *("rate_usd", "rate_day", "calls", "images", "currency", "plan_fee", "image_charges", "total", "due"),
)
# What makes a spreadsheet take a cell for a formula, also in its full-width form.
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_PAGE, _INVOICE, _BILL = (
    Template(part) for part in Path(__file__).with_name("invoices.html").read_text("utf-8").split("<!-- part -->\n")
)


class Format(StrEnum):
    CSV = "csv"
    JSON = "json"
    HTML = "html"


def render(invoices: Sequence[Invoice], month: str, form: Format) -> str:
    match form:
        case Format.CSV:
            return _csv(invoices)
        case Format.JSON:
            return json.dumps([_as_dict(invoice) for invoice in invoices], indent=2) + "\n"
        case Format.HTML:
            return _html(invoices, month)


def _csv(invoices: Iterable[Invoice]) -> str:
    """A row for each account and currency. What is no money stands in the first one, so that columns can be summed."""
    file = StringIO()
    table = csv.writer(file)
    table.writerow(_COLUMNS)
    for invoice in invoices:
        facts = _as_dict(invoice)
        rate = facts["rate"] or {"usd": "", "day": ""}
        for number, bill in enumerate(facts["bills"]):
            cells = facts | {"rate_usd": rate["usd"], "rate_day": rate["day"]} | bill
            if number:
                cells |= {"calls": "", "images": ""}
            table.writerow([_cell(cells[column]) for column in _COLUMNS])
    return file.getvalue()


def _cell(value: object) -> str:
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _as_dict(invoice: Invoice) -> dict[str, Any]:
    rate = invoice.terms.rate
    return {
        "invoice": invoice.number,
        "month": invoice.month,
        "preliminary": invoice.preliminary,
        "account": invoice.account_id,
        "name": invoice.name,
        "plan": invoice.plan,
        "plan_price_usd": f"{invoice.plan_price_usd:f}",
        "discount_percent": f"{invoice.terms.discount_percent:f}",
        "rate": {"usd": f"{rate.usd:f}", "day": rate.day.isoformat()} if rate else None,
        "calls": invoice.calls,
        "images": invoice.images,
        "bills": [
            {
                "currency": bill.currency.value,
                "plan_fee": written(bill.plan_fee, bill.currency),
                "image_charges": written(bill.image_charges, bill.currency),
                "total": written(bill.total, bill.currency),
                "due": f"{bill.due:f}",
            }
            for bill in invoice.bills
        ],
    }


def _html(invoices: Iterable[Invoice], month: str) -> str:
    """A page for each account that owes something: nobody is sent a bill of nothing."""
    pages = [_invoice_html(invoice) for invoice in invoices if not invoice.is_zero]
    return _PAGE.substitute(month=month, invoices="".join(pages) or f"<p>Nothing is due for {month}.</p>\n")


def _invoice_html(invoice: Invoice) -> str:
    rate = invoice.terms.rate
    note = f"The plan's fee is converted at 1 XNO = {rate.usd:f} USD, the rate of {rate.day}. " if rate else ""
    return _INVOICE.substitute(
        number=escape(invoice.number),
        name=escape(invoice.name),
        month=invoice.month,
        preliminary="<p class=preliminary>Preliminary: the month is not over.</p>" if invoice.preliminary else "",
        plan=escape(invoice.plan),
        price=f"{invoice.plan_price_usd:f}",
        calls=f"{invoice.calls:,}",
        images=f"{invoice.images:,}",
        bills="".join(_bill_html(bill, invoice) for bill in invoice.bills),
        note=note,
    )


def _bill_html(bill: Bill, invoice: Invoice) -> str:
    percent = invoice.terms.discount_percent
    return _BILL.substitute(
        plan=escape(invoice.plan),
        discount=f", less {percent.normalize():f} %" if percent else "",
        currency=bill.currency,
        fee=written(bill.plan_fee, bill.currency),
        charges=written(bill.image_charges, bill.currency),
        total=written(bill.total, bill.currency),
        due=f"{bill.due:f}",
    )
