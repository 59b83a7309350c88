"""Prints invoices as HTML that needs no other file: one page for each account, or one with all of them."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from pathlib import Path
from string import Template

from modest.billing.invoice_record import Facts
from modest.billing.invoices import Item
from modest.months import month_end, month_start
from modest.texts import printable

LACKING = "its issuer's name, address and tax id, its due date and how to pay"
"""What an invoice lacks if no issuer is set."""

_PAGE, _INVOICE, _BILL, _LINE, _KEYS = (
    Template(part)
    for part in Path(__file__).with_name("invoice_pages.html").read_text("utf-8").split("<!-- part -->\n")
)
_SLUG_LENGTH = 40
# What PAYABLE rounds to, in words.
_UNITS = {"USD": "the nearest cent", "XNO": "nine decimal places"}


def is_owed(facts: Facts) -> bool:
    """Nobody is sent a bill for nothing."""
    return any(Decimal(bill["due"]) for bill in facts["bills"])


def page_of_all(invoices: Sequence[Facts], month: str) -> str:
    articles = [_invoice(facts) for facts in invoices if is_owed(facts)]
    content = "".join(articles) or f"<p>Nothing is due for {_name_month(month)}.</p>\n"
    return _PAGE.substitute(title=f"Invoices for {_name_month(month)}", content=content)


def pages(invoices: Sequence[Facts]) -> Iterator[tuple[str, bytes]]:
    """Yields the name of a file and its content for each account that owes something."""
    for facts in invoices:
        if is_owed(facts):
            title = f"Invoice {facts['invoice']}, {_text(facts['name'])}"
            yield file_name(facts), _PAGE.substitute(title=title, content=_invoice(facts)).encode()


def file_name(facts: Facts) -> str:
    """Returns a name that is safe on every system: it begins with the month, and the account's id makes it unique."""
    plain = unicodedata.normalize("NFKD", facts["name"].casefold()).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", plain)[:_SLUG_LENGTH].strip("-")
    return "-".join(part for part in (facts["month"], slug, facts["account"]) if part) + ".html"


def _invoice(facts: Facts) -> str:
    issuer = facts["issuer"] or dict.fromkeys(("name", "address", "tax_id", "payment", "note"), "")
    charged = sum(line["quantity"] for bill in facts["bills"] for line in bill["lines"] if line["item"] == Item.IMAGES)
    # What is preliminary has no date and is not to be paid.
    due = None if facts["preliminary"] else facts["due_date"]
    dates = [] if facts["preliminary"] else [("Date", facts["date"]), ("Due date", due)]
    rows = [("Number", facts["invoice"])] + [(what, _name_day(day)) for what, day in dates if day]
    rows += [("Period", f"{_name_period(facts['month'])} (UTC)"), ("Account", _text(facts["name"]))]
    return _INVOICE.substitute(
        heading="Preliminary invoice" if facts["preliminary"] else "Invoice",
        warnings="".join(f'<p class="warning">{warning}</p>\n' for warning in _warnings(facts)),
        issuer=_text(issuer["name"]),
        issuer_address=_lines(issuer["address"], issuer["tax_id"]),
        customer=_lines(facts["bill_to"] or facts["name"]),
        facts="".join(f"<tr><th>{what}</th><td><bdi>{value}</bdi></td></tr>\n" for what, value in rows),
        bills="".join(_bill(bill, facts) for bill in facts["bills"]),
        keys=_keys(facts["keys"]),
        payment=f'<h2>Payment</h2>\n<p class="text">{_lines(issuer["payment"])}</p>\n' if due else "",
        remark=f'<p class="text">{_lines(issuer["note"])}</p>\n' if issuer["note"] else "",
        calls=f"{facts['calls']:,}",
        images=f"{facts['images']:,}",
        charged=f"{charged:,}",
        covered=f"{facts['images'] - charged:,}",
    )


def _warnings(facts: Facts) -> Iterator[str]:
    if facts["preliminary"]:
        yield f"Preliminary: {_name_month(facts['month'])} is not over. There is nothing to pay yet."
    if facts["issuer"] is None:
        yield f"This invoice cannot be sent yet. It lacks {LACKING}, all of which <code>modest issuer set</code> adds."


def _keys(keys: Sequence[Facts]) -> str:
    """Of an account with one key there is nothing to tell apart."""
    rows = [
        _LINE.substitute(
            text=f"<bdi>{_text(key['name'])}</bdi>",
            quantity=f"{key['calls']:,}",
            price=f"{key['images']:,}",
            amount=", ".join(f"{amount} {currency}" for currency, amount in key["charges"].items()) or "0",
        )
        for key in keys
    ]
    return _KEYS.substitute(keys="".join(rows)) if len(rows) > 1 else ""


def _bill(bill: Facts, facts: Facts) -> str:
    rounding = Decimal(bill["due"]) - Decimal(bill["total"])
    amounts = [Decimal(line["amount"]) for line in bill["lines"]] + [Decimal(bill["total"]), rounding]
    places = max(map(_places, amounts))
    rows = [
        _LINE.substitute(
            text=_describe(line, bill, facts),
            quantity="" if line["quantity"] is None else f"{line['quantity']:,}",
            price="" if line["unit_price_usd"] is None else f"{_at_least_cents(line['unit_price_usd'])} USD",
            amount=f"{Decimal(line['amount']):,.{places}f}",
        )
        for line in bill["lines"]
    ]
    sums = [("Total", bill["total"]), (f"Rounding to {_UNITS[bill['currency']]}", rounding)] if rounding else []
    return _BILL.substitute(
        currency=bill["currency"],
        lines="".join(rows),
        sums="".join(
            f'<tr><th colspan="3">{what}</th><td>{Decimal(sum_):,.{places}f}</td></tr>\n' for what, sum_ in sums
        ),
        result="Amount so far" if facts["preliminary"] else "Amount due",
        due=f"{Decimal(bill['due']):,f}",
    )


def _describe(line: Facts, bill: Facts, facts: Facts) -> str:
    percent = Decimal(facts["discount_percent"])
    match line["item"]:
        case Item.PLAN:
            others = [_text(plan) for plan in facts["plans"] if plan != facts["plan"]]
            text = f"Image moderation, plan {_text(facts['plan'])}, {_name_month(facts['month'])}"
            text += f" (the most expensive plan held; the others: {', '.join(others)})" if others else ""
            rate = facts["rate"]
            return text + (f", at 1 XNO = {rate['usd']} USD, set on {_name_day(rate['day'])}" if rate else "")
        case Item.PLAN_DISCOUNT:
            return f"Discount of {percent.normalize():f}% on the plan"
        case Item.IMAGES if bill["currency"] == "USD":
            return "Images judged, charged one by one"
        case Item.IMAGES:
            return "Images judged, charged one by one, less discounts, converted at each call's rate"
        case _:
            listed = sum(Decimal(other["amount"]) for other in bill["lines"] if other["item"] == Item.IMAGES)
            whole = listed * percent / 100 == -Decimal(line["amount"])
            return f"Discount of {percent.normalize():f}% on images" if whole else "Discounts on images, call by call"


def _at_least_cents(price: str) -> str:
    amount = Decimal(price)
    return f"{amount:,.{_places(amount)}f}"


def _places(amount: Decimal) -> int:
    """Returns how many decimal places the amount needs, and two at least."""
    return max(2, -int(amount.normalize().as_tuple().exponent))


def _name_day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"


def _name_month(month: str) -> str:
    return f"{month_start(month):%B %Y}"


def _name_period(month: str) -> str:
    last = month_end(month) - timedelta(days=1)
    return f"1 to {last.day} {last:%B %Y}"


def _lines(*texts: str) -> str:
    return "<br>\n".join(f"<bdi>{line}</bdi>" for text in texts if text for line in _text(text).split("\n"))


def _text(text: str) -> str:
    return escape(printable(text))
