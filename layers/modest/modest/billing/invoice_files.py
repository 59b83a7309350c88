"""Writes invoices as CSV for a spreadsheet, JSON for programs or HTML to print. Equal invoices give equal bytes."""

import csv
import json
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from io import StringIO

from modest.billing.invoice_pages import page_of_all
from modest.billing.invoice_record import Facts
from modest.billing.invoices import Item

_COLUMNS = (
    *("invoice", "month", "preliminary", "date", "due_date", "account", "name", "bill_to", "plan", "plan_price_usd"),
    *("discount_percent", "rate_usd", "rate_day", "calls", "images", "currency", "images_charged", "image_price_usd"),
    *("plan_fee", "image_charges", "total", "due"),
)
# A spreadsheet takes a cell that begins with one of these for a formula. The last four are full-width forms. In many
# countries Excel divides cells at semicolons, also in a file with commas.
_FORMULA = re.compile('(^|;)(?=[ \u00a0\u200b\u200c\u200d\u2060\u3000\ufeff"]*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])')


class Format(StrEnum):
    CSV = "csv"
    JSON = "json"
    HTML = "html"


def render(invoices: Sequence[Facts], month: str, file_format: Format) -> bytes:
    """month: for the title of the HTML page, which holds all invoices that are to be paid."""
    match file_format:
        case Format.CSV:
            # Without a byte order mark, Excel takes UTF-8 for another encoding.
            return _csv(invoices).encode("utf-8-sig", "replace")
        case Format.JSON:
            return f"{json.dumps(invoices, indent=2)}\n".encode()
        case Format.HTML:
            return page_of_all(invoices, month).encode()


def _csv(invoices: Iterable[Facts]) -> str:
    """Makes one row per account and currency. Calls and images are in the first only, so columns can be summed."""
    file = StringIO()
    table = csv.writer(file)
    table.writerow(_COLUMNS)
    for facts in invoices:
        rate = facts["rate"] or {"usd": "", "day": ""}
        for number, bill in enumerate(facts["bills"]):
            images = [line for line in bill["lines"] if line["item"] == Item.IMAGES]
            cells = facts | {"rate_usd": rate["usd"], "rate_day": rate["day"]} | bill
            cells["bill_to"] = facts["bill_to"].replace("\n", ", ")
            cells["images_charged"] = sum(line["quantity"] for line in images)
            cells["image_price_usd"] = ", ".join(line["unit_price_usd"] or "" for line in images)
            if number:
                cells |= {"calls": "", "images": ""}
            table.writerow([_cell(cells[column]) for column in _COLUMNS])
    return file.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    return _FORMULA.sub(r"\1'", text)
