"""Invoices as files: CSV for a spreadsheet, JSON for programs, HTML to print. The same invoices give the same bytes."""

import csv
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from html import escape
from io import StringIO
from pathlib import Path
from string import Template
from typing import Any

from modest.billing.invoices import Invoice
from modest.money import format_amount

_Facts = dict[str, Any]
"""An invoice, as it stands in JSON. The other forms are made of it, so that a record can be printed again."""
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


def render(invoices: Iterable[Invoice], month: str, form: Format) -> str:
    return _rendered([_as_dict(invoice) for invoice in invoices], month, form)


def render_again(record: str, month: str, form: Format) -> str:
    """record: invoices that were rendered as JSON."""
    return _rendered(json.loads(record), month, form)


def numbers_in(record: str) -> set[str]:
    """Of the invoices that were rendered as JSON."""
    return {facts["invoice"] for facts in json.loads(record)}


def _rendered(invoices: Sequence[_Facts], month: str, form: Format) -> str:
    match form:
        case Format.CSV:
            return _csv(invoices)
        case Format.JSON:
            return json.dumps(invoices, indent=2) + "\n"
        case Format.HTML:
            return _html(invoices, month)


def _csv(invoices: Iterable[_Facts]) -> str:
    """A row for each account and currency. What is no money stands in the first one, so that columns can be summed."""
    file = StringIO()
    table = csv.writer(file)
    table.writerow(_COLUMNS)
    for facts in invoices:
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


def _as_dict(invoice: Invoice) -> _Facts:
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
                "plan_fee": format_amount(bill.plan_fee, bill.currency),
                "image_charges": format_amount(bill.image_charges, bill.currency),
                "total": format_amount(bill.total, bill.currency),
                "due": f"{bill.due:f}",
            }
            for bill in invoice.bills
        ],
    }


def _html(invoices: Iterable[_Facts], month: str) -> str:
    """A page for each account that owes something: nobody is sent a bill of nothing."""
    pages = [_invoice_html(facts) for facts in invoices if any(Decimal(bill["total"]) for bill in facts["bills"])]
    return _PAGE.substitute(month=month, invoices="".join(pages) or f"<p>Nothing is due for {month}.</p>\n")


def _invoice_html(facts: _Facts) -> str:
    rate = facts["rate"]
    note = f"The plan's fee is converted at 1 XNO = {rate['usd']} USD, the rate of {rate['day']}. " if rate else ""
    return _INVOICE.substitute(
        number=escape(facts["invoice"]),
        name=escape(facts["name"]),
        month=facts["month"],
        preliminary="<p class=preliminary>Preliminary: the month is not over.</p>" if facts["preliminary"] else "",
        plan=escape(facts["plan"]),
        price=facts["plan_price_usd"],
        calls=f"{facts['calls']:,}",
        images=f"{facts['images']:,}",
        bills="".join(_bill_html(bill, facts) for bill in facts["bills"]),
        note=note,
    )


def _bill_html(bill: _Facts, facts: _Facts) -> str:
    percent = Decimal(facts["discount_percent"])
    return _BILL.substitute(
        plan=escape(facts["plan"]),
        discount=f", less {percent.normalize():f} %" if percent else "",
        currency=bill["currency"],
        fee=bill["plan_fee"],
        charges=bill["image_charges"],
        total=bill["total"],
        due=bill["due"],
    )
