"""Invoices as JSON and CSV, also for accounts with hostile names."""

import codecs
import csv
import json
from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.modest.billing.test_invoices import made, on, usage

from modest.billing.invoice_files import Format, render
from modest.billing.invoice_record import Facts, describe
from modest.billing.invoices import Invoice
from modest.billing.issuer import EXAMPLE, Issuer, parse_issuer
from modest.money import Currency

MONTH = "2026-11"
ISSUER = parse_issuer(EXAMPLE.encode())
NAMES = st.text(st.characters(codec=None), min_size=1, max_size=80)


def invoice(name: str = "Acme", **changes: object) -> Invoice:
    return replace(made(usage(charges={Currency.USD: "0.003"})), name=name, **changes)  # type: ignore[arg-type]


def facts(*invoices: Invoice, issuer: Issuer | None = ISSUER) -> list[Facts]:
    return describe(invoices, issuer)


def rows(*invoices: Invoice) -> list[dict[str, str]]:
    text = render(facts(*invoices), MONTH, Format.CSV).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


def test_json_has_every_figure_as_text_so_that_no_digit_is_lost() -> None:
    (found,) = json.loads(render(facts(invoice()), MONTH, Format.JSON))
    plan = {"item": "plan", "quantity": 1, "unit_price_usd": "14", "amount": "14.000000"}
    images = {"item": "images", "quantity": 2, "unit_price_usd": "0.0015", "amount": "0.003000"}
    bill = {"currency": "USD", "lines": [plan, images], "plan_fee": "14.000000", "image_charges": "0.003000"}
    assert found["bills"] == [bill | {"total": "14.003000", "due": "14.00"}]
    assert (found["plan"], found["plan_price_usd"], found["discount_percent"]) == ("Basic", "14", "0")
    assert (found["preliminary"], found["rate"], found["images"]) == (False, None, 5)


def test_json_says_who_sends_the_invoice_to_whom_and_when_it_is_due() -> None:
    (found,) = facts(invoice(bill_to="Acme Ltd\n1 Main Street"))
    assert (found["issuer"]["name"], found["bill_to"]) == ("Example Ltd", "Acme Ltd\n1 Main Street")
    assert (found["invoice"], found["date"], found["due_date"]) == ("2026-11-acct_1", "2026-12-01", "2026-12-15")
    (found,) = facts(invoice(), issuer=None)
    assert (found["issuer"], found["due_date"]) == (None, None)


def test_csv_has_a_row_for_each_account_and_currency_whose_columns_can_be_summed() -> None:
    both = made(usage(currency=Currency.XNO, charges={Currency.USD: "1", Currency.XNO: "2"}))
    found = rows(invoice(), both)
    assert [(row["currency"], row["image_charges"], row["images"]) for row in found] == [
        ("USD", "0.003000", "5"),
        ("XNO", "2.000000000", "5"),
        ("USD", "1.000000", ""),
    ]
    assert (found[1]["rate_usd"], found[1]["rate_day"]) == ("0.87", "2026-11-20")
    assert [(row["images_charged"], row["image_price_usd"]) for row in found] == [("2", "0.0015")] * 3


def test_csv_has_the_dates_and_the_address_and_an_empty_cell_for_what_is_not_known() -> None:
    (row,) = rows(invoice(bill_to="Acme Ltd\n1 Main Street"))
    assert (row["date"], row["due_date"], row["bill_to"]) == ("2026-12-01", "2026-12-15", "Acme Ltd, 1 Main Street")
    text = render(facts(invoice(), issuer=None), MONTH, Format.CSV).decode("utf-8-sig")
    assert [row["due_date"] for row in csv.DictReader(StringIO(text, newline=""))] == [""]


def test_csv_begins_with_a_byte_order_mark_so_that_excel_shows_umlauts() -> None:
    content = render(facts(invoice("Jörg")), MONTH, Format.CSV)
    assert content.startswith(codecs.BOM_UTF8 + b"invoice,")
    assert "Jörg".encode() in content


def test_an_invoice_for_nothing_is_in_csv_and_json() -> None:
    nothing = made(usage(on("Free", 2026, 1, 1)))
    assert [row["due"] for row in rows(nothing)] == ["0.00"]
    assert len(json.loads(render(facts(nothing), MONTH, Format.JSON))) == 1


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1", "\n=1", "\u00a0=1", "\u200b=1", "\ufeff@1"],
)
def test_a_name_or_an_address_never_becomes_a_formula(name: str) -> None:
    assert rows(invoice(name))[0]["name"] == f"'{name}"
    assert rows(invoice(bill_to=f"{name} Ltd"))[0]["bill_to"][0] in "',"


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@A1", ' "=1', "\u00a0=1"])
def test_nor_does_what_follows_a_semicolon_in_it(formula: str) -> None:
    assert rows(invoice(f"Acme;{formula};x"))[0]["name"] == f"Acme;'{formula};x"
    assert rows(invoice("Acme; Sons; 1-2"))[0]["name"] == "Acme; Sons; 1-2"


@given(NAMES)
def test_any_name_is_one_cell_of_text_in_csv_and_json_keeps_it(name: str) -> None:
    (row,) = rows(invoice(name))
    # An apostrophe, and only that, may stand before what would begin a formula.
    assert row["name"].replace("'", "") == name.encode("utf-8", "replace").decode().replace("'", "")
    assert row["name"][0] not in "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
    assert json.loads(render(facts(invoice(name)), MONTH, Format.JSON))[0]["name"] == name


def test_a_name_with_the_separators_of_csv_stays_one_cell() -> None:
    assert [row["name"] for row in rows(invoice('a,b"c\nd'), invoice())] == ['a,b"c\nd', "Acme"]


@pytest.mark.parametrize("form", Format)
def test_a_stored_record_renders_to_the_same_bytes_as_the_invoices_themselves(form: Format) -> None:
    charges = {Currency.USD: "1", Currency.XNO: "2"}
    invoices = facts(
        invoice("<b>"),
        made(usage(currency=Currency.XNO, discount="12.50", charges=charges)),
        made(usage(on("Free", 2026, 1, 1))),
    )
    record = json.loads(render(invoices, MONTH, Format.JSON))
    assert render(record, MONTH, form) == render(invoices, MONTH, form)
