"""Writes invoices as CSV for a spreadsheet, JSON for programs or HTML to print. Equal invoices give equal bytes."""

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
"""An invoice as its JSON states it. CSV and HTML are made from this, so a stored record gives the same files again."""
_COLUMNS = (
    *("invoice", "month", "preliminary", "account", "name", "plan", "plan_price_usd", "discount_percent"),
    *("rate_usd", "rate_day", "calls", "images", "currency", "plan_fee", "image_charges", "total", "due"),
)
# A spreadsheet takes a cell that begins with one of these for a formula. The last four are full-width forms.
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
# What invoices.PAYABLE rounds to, in words.
_UNITS = {"USD": "the nearest cent", "XNO": "nine decimal places"}
_PAGE, _INVOICE, _BILL = (
    Template(part) for part in Path(__file__).with_name("invoices.html").read_text("utf-8").split("<!-- part -->\n")
)


class Format(StrEnum):
    CSV = "csv"
    JSON = "json"
    HTML = "html"


def render(invoices: Iterable[Invoice], month: str, file_format: Format) -> str:
    """month: for the title of the HTML page."""
    return _render([_as_dict(invoice) for invoice in invoices], month, file_format)


def render_again(record: str, month: str, file_format: Format) -> str:
    """Renders the invoices of a stored record. record: what `render` returned as JSON."""
    return _render(json.loads(record), month, file_format)


def numbers_in(record: str) -> set[str]:
    """Returns the invoice numbers in a stored record. record: what `render` returned as JSON."""
    return {facts["invoice"] for facts in json.loads(record)}


def _render(invoices: Sequence[_Facts], month: str, file_format: Format) -> str:
    match file_format:
        case Format.CSV:
            return _csv(invoices)
        case Format.JSON:
            return json.dumps(invoices, indent=2) + "\n"
        case Format.HTML:
            return _html(invoices, month)


def _csv(invoices: Iterable[_Facts]) -> str:
    """Makes one row per account and currency. Calls and images are in the first only, so columns can be summed."""
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
    """Makes a page for each account that owes something: nobody is sent a bill for nothing."""
    pages = [_invoice_html(facts) for facts in invoices if any(Decimal(bill["total"]) for bill in facts["bills"])]
    return _PAGE.substitute(month=month, invoices="".join(pages) or f"<p>Nothing is due for {month}.</p>\n")


def _invoice_html(facts: _Facts) -> str:
    rate = facts["rate"]
    conversion = f"1 XNO = {rate['usd']} USD, the rate set on {rate['day']}" if rate else ""
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
        note=f"The plan fee is converted to Nano at {conversion}. " if conversion else "",
    )


def _bill_html(bill: _Facts, facts: _Facts) -> str:
    percent = Decimal(facts["discount_percent"])
    return _BILL.substitute(
        plan=escape(facts["plan"]),
        discount=f", less {percent.normalize():f}%" if percent else "",
        currency=bill["currency"],
        fee=bill["plan_fee"],
        charges=bill["image_charges"],
        total=bill["total"],
        due=bill["due"],
        unit=_UNITS[bill["currency"]],
    )
