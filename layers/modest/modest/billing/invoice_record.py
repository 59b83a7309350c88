"""Describes invoices in JSON's terms: what a month's stored record holds. All other files are made from it alone."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from modest.billing.invoices import Bill, Invoice, Line
from modest.billing.issuer import Issuer
from modest.ledger.usage import UsageByKey
from modest.money import format_amount

Facts = dict[str, Any]
"""An invoice. Amounts are strings, so that no digit is lost."""


def describe(invoices: Iterable[Invoice], issuer: Issuer | None) -> list[Facts]:
    return [_describe(invoice, issuer) for invoice in invoices]


def _describe(invoice: Invoice, issuer: Issuer | None) -> Facts:
    rate = invoice.terms.rate
    due = invoice.date + timedelta(days=issuer.payment_days) if issuer else None
    return {
        "invoice": invoice.number,
        "month": invoice.month,
        "preliminary": invoice.preliminary,
        "date": invoice.date.isoformat(),
        "due_date": due.isoformat() if due else None,
        "issuer": asdict(issuer) if issuer else None,
        "account": invoice.account_id,
        "name": invoice.name,
        "bill_to": invoice.bill_to,
        "plan": invoice.plan,
        "plan_price_usd": f"{invoice.plan_price_usd:f}",
        "plans": list(invoice.plans),
        "discount_percent": f"{invoice.terms.discount_percent:f}",
        "rate": {"usd": f"{rate.usd:f}", "day": rate.day.isoformat()} if rate else None,
        "calls": invoice.calls,
        "images": invoice.images,
        "keys": [_describe_key(used) for used in invoice.by_key],
        "bills": [_describe_bill(bill) for bill in invoice.bills],
    }


def _describe_key(used: UsageByKey) -> Facts:
    charges = {currency.value: format_amount(amount, currency) for currency, amount in used.charges.items()}
    return {"name": used.name, "calls": used.calls, "images": used.images, "charges": charges}


def _describe_bill(bill: Bill) -> Facts:
    return {
        "currency": bill.currency.value,
        "lines": [_describe_line(line, bill) for line in bill.lines],
        "plan_fee": format_amount(bill.plan_fee, bill.currency),
        "image_charges": format_amount(bill.image_charges, bill.currency),
        "total": format_amount(bill.total, bill.currency),
        "due": f"{bill.due:f}",
    }


def _describe_line(line: Line, bill: Bill) -> Facts:
    return {
        "item": line.item.value,
        "quantity": line.quantity,
        "unit_price_usd": None if line.unit_price_usd is None else f"{line.unit_price_usd:f}",
        "amount": format_amount(line.amount, bill.currency),
    }
