"""An invoice as Chromium shows and prints it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.browser.chromium import ask_chromium
from tests.unit.modest.billing.test_invoice_files import ISSUER, facts
from tests.unit.modest.billing.test_invoices import made, on, usage

from modest.billing.invoice_pages import pages
from modest.billing.invoices import Invoice
from modest.money import Currency

# Of a phone, A4, Letter and a desktop, in CSS pixels.
WIDTHS = [360, 794, 816, 1400]
ADDRESS = "\n".join(f"Line {number} of an address that is as long as it may be, {'x' * 24}" for number in range(8))


def ordinary() -> Invoice:
    found = usage(discount="10", charges={Currency.USD: "16.66575"}, charged_at={"0.0015": 12345})
    return replace(made(found), bill_to="Acme Ltd\n1 Main Street\nLondon\nUnited Kingdom\nVAT ID GB987654321")


def extreme() -> Invoice:
    charges = {Currency.USD: "1234567.891234", Currency.XNO: "123456789.123456789"}
    plans = [on(plan, 2026, 11, day) for day, plan in enumerate(("Free", "Basic", "Mega"), 1)]
    found = made(usage(*plans, currency=Currency.XNO, discount="12.5", charges=charges, charged_at={"0.0015": 10**9}))
    return replace(found, name="<img src=x onerror=console.log(1)>" + "W" * 160, bill_to=ADDRESS)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    issuer = replace(ISSUER, note="Reverse charge: the recipient owes the VAT.")
    files = [tmp_path_factory.mktemp("invoices") / f"{name}.html" for name in ("ordinary", "extreme")]
    for file, invoice in zip(files, (ordinary(), extreme()), strict=True):
        ((_, content),) = pages(facts(invoice, issuer=issuer))
        file.write_bytes(content)
    return ask_chromium("invoice.mjs", {"files": [str(Path(file)) for file in files], "widths": WIDTHS})


def test_an_ordinary_invoice_is_one_sheet_of_either_paper(printed: Any) -> None:
    assert printed["found"][0] == {"sheets": {"A4": 1, "Letter": 1}, "wide": []}


def test_the_longest_address_name_and_amounts_run_over_no_edge_and_take_two_sheets(printed: Any) -> None:
    assert printed["found"][1] == {"sheets": {"A4": 2, "Letter": 2}, "wide": []}


def test_an_invoice_fetches_nothing_and_breaks_no_rule_of_its_own_policy(printed: Any) -> None:
    assert (printed["others"], printed["messages"]) == ([], [])
