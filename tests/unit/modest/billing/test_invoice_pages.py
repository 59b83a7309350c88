"""Invoices as pages that can be printed and sent, also for accounts with hostile names."""

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.modest.billing.test_invoice_files import ISSUER, MONTH, NAMES, facts, invoice
from tests.unit.modest.billing.test_invoices import RATE, made, on, usage

from modest.billing.invoice_pages import file_name, page_of_all, pages
from modest.billing.invoices import Invoice
from modest.money import Currency, Terms
from modest.texts import printable

PRICE = Decimal("0.0015")


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


def page(found: Invoice, **options: None) -> Page:
    ((_, content),) = pages(facts(found, **options))
    return Page(content.decode())


def cells(found: Invoice) -> list[str]:
    """Returns the amounts of the printed rows, the amount due last."""
    ((_, content),) = pages(facts(found))
    return re.findall(
        r"<td(?: colspan=.2.)?>(-?[\d.,]+)(?: [A-Z]+)?</td></tr>", content.decode().partition('class="bill"')[2]
    )


def test_a_page_holds_what_an_invoice_needs() -> None:
    text = page(invoice(bill_to="Acme Ltd\n1 Main Street")).text
    for needed in (
        *("Example Ltd", "EC1A 1AA", "VAT ID GB123456789", "Acme Ltd", "1 Main Street", "2026-11-acct_1"),
        *("1 December 2026", "15 December 2026", "1 to 30 November 2026 (UTC)", "IBAN: GB33"),
        *("plan Basic, November 2026", "14.00 USD", "0.0015 USD", "Rounding to the nearest cent", "-0.003"),
        "7 calls were made and 5 images judged in this period: 2 charged one by one, 3 covered by the plan.",
    ):
        assert needed in text


def test_the_note_of_the_issuer_is_printed() -> None:
    ((_, content),) = pages(facts(invoice(), issuer=replace(ISSUER, note="Reverse charge & more")))
    assert "Reverse charge &amp; more" in content.decode()


def test_without_an_issuer_the_page_says_what_it_lacks() -> None:
    text = page(invoice(), issuer=None).text
    assert "It lacks its issuer's name, address and tax id, its due date and how to pay" in text
    assert "modest issuer set" in text
    assert "Due date" not in text
    assert "cannot be sent" not in page(invoice()).text


def test_a_preliminary_invoice_has_no_date_and_nothing_to_pay() -> None:
    text = page(invoice(preliminary=True)).text
    assert "Preliminary: November 2026 is not over" in text
    assert not [word for word in ("Date", "Due date", "Amount due", "IBAN") if word in text]


def test_an_account_without_an_address_is_called_by_its_name() -> None:
    assert page(invoice("Jörg Müßig")).text.count("Jörg Müßig") == 3


@given(
    discount=st.decimals(0, 100, places=2).filter(lambda percent: percent < 100),
    images=st.integers(1, 10**7),
    charged=st.integers(1, 10**10),
    currency=st.sampled_from(Currency),
)
def test_the_amount_due_is_the_sum_of_the_printed_lines(
    discount: Decimal, images: int, charged: int, currency: Currency
) -> None:
    charges = {currency: str(charged * Decimal("0.000001"))}
    found = made(usage(currency=currency, discount=str(discount), charges=charges, charged_at={"0.0015": images}))
    if not found.bills[0].due:
        # Less than can be paid, of which nobody is sent a page.
        assert not list(pages(facts(found)))
        return
    *rows, due = [Decimal(cell.replace(",", "")) for cell in cells(found)]
    if len(rows) > len(found.bills[0].lines):
        *rows, total, rounding = rows
        assert total + rounding == due
        assert sum(rows) == total
    else:
        assert sum(rows) == due
    assert due == found.bills[0].due


def test_a_discount_names_its_percentage_if_it_was_the_same_for_all_images() -> None:
    same = made(usage(discount="10", charges={Currency.USD: "1.35"}, charged_at={"0.0015": 1000}))
    assert "Discount of 10% on images" in page(same).text
    changed = made(usage(discount="10", charges={Currency.USD: "1.4"}, charged_at={"0.0015": 1000}))
    assert "Discounts on images, call by call" in page(changed).text


def test_a_page_mentions_a_discount_a_rate_and_other_plans_only_if_they_apply() -> None:
    plain = page(invoice()).text
    assert not [word for word in ("Discount", "XNO", "Preliminary", "the others") if word in plain]
    both = usage(on("Free", 2026, 1, 1), on("Mega", 2026, 11, 5), currency=Currency.XNO, discount="12.50")
    found = page(made(both)).text
    assert "plan Mega, November 2026 (the most expensive plan held; the others: Free)" in found
    assert "at 1 XNO = 0.87 USD, set on 20 November 2026" in found
    assert "Discount of 12.5% on the plan" in found


def test_an_account_that_owes_in_two_currencies_has_both_on_its_page() -> None:
    owed = usage(currency=Currency.XNO, charges={Currency.USD: "1", Currency.XNO: "2"})
    text = page(made(owed)).text
    assert re.findall("Amount in ([A-Z]+)", text) == ["XNO", "USD"]
    assert "converted at each call's rate" in text


def test_nobody_is_sent_a_bill_for_nothing_or_for_less_than_a_cent() -> None:
    free = made(usage(on("Free", 2026, 1, 1)))
    little = made(usage(on("Free", 2026, 1, 1), charges={Currency.USD: "0.003"}))
    assert list(pages(facts(free, little))) == []
    assert "Nothing is due for November 2026." in Page(page_of_all(facts(free), MONTH)).text


def test_the_page_of_all_has_an_article_for_each_account_and_needs_no_other_host() -> None:
    text = page_of_all(facts(invoice(), invoice("Other")), MONTH)
    assert Page(text).tags.count("article") == 2
    assert "break-after: page" in text
    assert not [word for word in ("://", "@import", "url(") if word in text]


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=y>',
    "</title><script>",
    "<!-- part -->",
    "$month ${name} $$",
    "A & B &lt; &#0;",
    "]]>",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is_written_and_is_never_markup(name: str) -> None:
    found = page(invoice(name))
    assert name in found.text
    assert not {"script", "img"} & set(found.tags)


@given(name=NAMES, address=NAMES, text=NAMES)
def test_any_text_adds_no_markup_and_leaves_the_page_valid_utf_8(name: str, address: str, text: str) -> None:
    issuer = replace(ISSUER, name=text, payment=text, note=text)
    hostile = facts(invoice(name, bill_to=address, plan=name), issuer=issuer)
    ((_, content),) = pages(hostile)
    plain = page(invoice())
    added = [tag for tag in Page(content.decode()).tags if tag not in ("br", "bdi")]
    assert added.count("p") == plain.tags.count("p") + 1
    assert [tag for tag in added if tag != "p"] == [tag for tag in plain.tags if tag not in ("br", "bdi", "p")]
    assert printable(name).split("\n")[0] in Page(content.decode()).text


DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))}


@given(NAMES | st.sampled_from([*DEVICES, "..", ".", "/etc/passwd", "C:\\x", "a:b", "x.", "Acme", "ACME", "ß", "ss"]))
def test_the_file_of_an_account_is_safe_whatever_its_name(name: str) -> None:
    (found,) = facts(invoice(name))
    file = file_name(found)
    assert re.fullmatch(r"2026-11(-[a-z0-9]+)*-acct_1\.html", file)
    assert len(file) < 100
    assert PurePosixPath(file).name == PureWindowsPath(file).name == file
    assert file.partition(".")[0].upper() not in DEVICES


def test_accounts_whose_names_differ_in_case_or_accents_have_different_files() -> None:
    names = ["Acme", "ACME", "acmé", "a-c-m-e", "\u0430cme", "..", ""]
    invoices = [invoice(name, account_id=f"acct_{number}") for number, name in enumerate(names)]
    files = [name for name, _content in pages(facts(*invoices))]
    assert len({file.casefold() for file in files}) == len(names)
    assert files[0] == "2026-11-acme-acct_0.html"


def test_terms_in_xno_with_a_discount_are_printed_with_all_nine_places() -> None:
    terms = Terms(Currency.XNO, Decimal("12.50"), RATE)
    assert page(replace(made(usage(currency=Currency.XNO)), terms=terms)).text.count("16.091954023") == 2
