"""Invoices as files, also for accounts with hostile names."""

import csv
import json
import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from io import StringIO

import pytest
from tests.unit.modest.billing.test_invoices import RATE, made, on, usage

from modest.billing.invoice_files import Format, render, render_again
from modest.billing.invoices import Invoice
from modest.money import Currency, Terms

MONTH = "2026-11"


def invoice(name: str = "Acme", **changes: object) -> Invoice:
    return replace(made(usage(charges={Currency.USD: "0.0015"})), name=name, **changes)  # type: ignore[arg-type]


def rows(*invoices: Invoice) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(render(invoices, MONTH, Format.CSV), newline="")))


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [value for name, value in attributes if name in ("src", "href", "style") or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_json_has_every_figure_as_text_so_that_no_digit_is_lost() -> None:
    (facts,) = json.loads(render([invoice()], MONTH, Format.JSON))
    assert facts["bills"] == [
        {"currency": "USD", "plan_fee": "14.000000", "image_charges": "0.001500", "total": "14.001500", "due": "14.00"}
    ]
    assert (facts["plan"], facts["plan_price_usd"], facts["discount_percent"]) == ("Basic", "14", "0")
    assert (facts["preliminary"], facts["rate"], facts["images"]) == (False, None, 5)


def test_csv_has_a_row_for_each_account_and_currency_whose_columns_can_be_summed() -> None:
    both = made(usage(currency=Currency.XNO, charges={Currency.USD: "1", Currency.XNO: "2"}))
    found = rows(invoice(), both)
    assert [(row["currency"], row["image_charges"], row["images"]) for row in found] == [
        ("USD", "0.001500", "5"),
        ("XNO", "2.000000000", "5"),
        ("USD", "1.000000", ""),
    ]
    assert (found[1]["rate_usd"], found[1]["rate_day"]) == ("0.87", "2026-11-20")


def test_an_invoice_for_nothing_is_in_csv_and_json_and_has_no_page_in_html() -> None:
    nothing = made(usage(on("Free", 2026, 1, 1)))
    assert [row["due"] for row in rows(nothing)] == ["0.00"]
    assert len(json.loads(render([nothing], MONTH, Format.JSON))) == 1
    page = Page(render([nothing], MONTH, Format.HTML))
    assert "article" not in page.tags
    assert "Nothing is due for 2026-11." in page.text


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1", "\n=1"])
def test_a_name_never_becomes_a_formula(name: str) -> None:
    assert rows(invoice(name))[0]["name"] == f"'{name}"


def test_a_name_with_the_separators_of_csv_stays_one_cell() -> None:
    assert [row["name"] for row in rows(invoice('a,b"c\nd'), invoice())] == ['a,b"c\nd', "Acme"]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "$month ${name} $$", "A & B"])
def test_a_name_is_shown_as_it_is_written_and_is_never_markup(name: str) -> None:
    page = Page(render([invoice(name)], MONTH, Format.HTML))
    assert name in page.text
    assert not {"script", "img"} & set(page.tags)


def test_each_account_that_owes_has_a_page_of_its_own_which_needs_no_other_host() -> None:
    text = render([invoice(), invoice("Other")], MONTH, Format.HTML)
    assert Page(text).tags.count("article") == 2
    assert "break-after: page" in text
    assert "://" not in text
    assert "@import" not in text


def test_a_page_mentions_a_discount_a_rate_and_being_preliminary_only_if_they_apply() -> None:
    plain = Page(render([invoice()], MONTH, Format.HTML)).text
    assert not [word for word in ("less", "converted", "Preliminary") if word in plain]
    terms = Terms(Currency.XNO, Decimal("12.50"), RATE)
    full = Page(render([invoice(terms=terms, preliminary=True)], MONTH, Format.HTML)).text
    assert "Plan Basic, less 12.5%" in full
    assert "1 XNO = 0.87 USD, the rate set on 2026-11-20" in full
    assert "Preliminary" in full


def test_each_amount_due_says_what_it_is_rounded_to() -> None:
    owed = made(usage(currency=Currency.XNO, charges={Currency.USD: "1", Currency.XNO: "2"}))
    page = Page(render([owed], MONTH, Format.HTML)).text
    assert re.findall("rounded to ([a-z ]+)", page) == ["nine decimal places", "the nearest cent"]


@pytest.mark.parametrize("form", Format)
def test_a_stored_record_renders_to_the_same_bytes_as_the_invoices_themselves(form: Format) -> None:
    charges = {Currency.USD: "1", Currency.XNO: "2"}
    invoices = [
        invoice("<b>"),
        made(usage(currency=Currency.XNO, discount="12.50", charges=charges)),
        made(usage(on("Free", 2026, 1, 1))),
    ]
    record = render(invoices, MONTH, Format.JSON)
    assert render_again(record, MONTH, form) == render(invoices, MONTH, form)


@pytest.mark.parametrize("form", Format)
def test_the_same_invoices_give_the_same_bytes(form: Format) -> None:
    assert render([invoice()], MONTH, form) == render([invoice()], MONTH, form)
