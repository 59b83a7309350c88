"""The file that says who sends the invoices, also if it is hostile."""

import tomllib
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.table import FakeTable
from tests.helpers.ledgers import flaky_table, patient_retries

from modest.billing.issuer import EXAMPLE, ISSUER_KEY, MAX_BYTES, InvalidIssuer, IssuerStore, parse_issuer
from modest.texts import tidy

FIELDS = tomllib.loads(EXAMPLE)


def changed(**values: object) -> bytes:
    """Returns the example with other values; a value of None removes its field."""
    fields = {name: value for name, value in (FIELDS | values).items() if value is not None}
    return "\n".join(f"{name} = {_toml(value)}" for name, value in fields.items()).encode("utf-8", "surrogatepass")


def _toml(value: object) -> str:
    match value:
        case str():
            escaped = "".join(f"\\U{ord(character):08x}" for character in value)
            return f'"{escaped}"'
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def mistake(data: bytes) -> str:
    with pytest.raises(InvalidIssuer) as error:
        parse_issuer(data)
    return str(error.value)


def test_the_example_is_an_issuer_and_explains_every_field() -> None:
    issuer = parse_issuer(EXAMPLE.encode())
    assert issuer.address.splitlines()[0] == "1 Example Street"
    assert (issuer.payment_days, issuer.note) == (14, "")
    assert EXAMPLE.isascii()
    assert all(f"{name} = " in EXAMPLE for name in asdict(issuer))


def test_a_file_of_a_windows_editor_is_read_as_well() -> None:
    windows = b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode()
    assert parse_issuer(windows) == parse_issuer(EXAMPLE.encode())


def test_an_issuer_without_a_tax_id_says_so_and_one_without_a_note_need_not() -> None:
    assert parse_issuer(changed(tax_id="")).tax_id == ""
    assert mistake(changed(tax_id=None)) == "tax_id is missing."


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": ""}, "name is empty."),
        ({"name": " \n "}, "name is empty."),
        ({"name": "a\nb"}, "name has 2 lines; it may have 1."),
        ({"name": 7}, "name must be text in quotes."),
        ({"name": ["a"]}, "name must be text in quotes."),
        ({"address": "x" * 201}, "address has a line of 201 characters; it may have 200."),
        ({"payment": "a\x00"}, "payment contains the character U+0000, which cannot be printed."),
        ({"note": "\u202ex"}, "note contains the character U+202E, which cannot be printed."),
        ({"payment_days": '"14"'}, "payment_days must be a whole number from 0 to 365, without quotes."),
        ({"payment_days": True}, "payment_days must be a whole number from 0 to 365, without quotes."),
        ({"payment_days": 1.5}, "payment_days must be a whole number from 0 to 365, without quotes."),
        ({"payment_days": -1}, "payment_days must be a whole number from 0 to 365, without quotes."),
        ({"payment_days": 10**30}, "payment_days must be a whole number from 0 to 365, without quotes."),
        (
            {"adress": "x"},
            "'adress' is not a field; the fields are name, address, tax_id, payment_days, payment, note.",
        ),
    ],
)
def test_a_mistake_in_a_field_is_named(values: dict[str, Any], sentence: str) -> None:
    if values.get("payment_days") == '"14"':
        data = changed(payment_days=None) + b'\npayment_days = "14"'
    else:
        data = changed(**values)
    assert mistake(data) == sentence


def test_all_mistakes_are_named_at_once() -> None:
    assert mistake(b"name = 1") == (
        "address is missing. tax_id is missing. payment_days is missing. payment is missing. "
        "name must be text in quotes."
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfea\x00", "It is not UTF-8 text."),
        (b"name = 'a\xe4'", "It is not UTF-8 text."),
        (b"name: Acme", "It is not valid TOML: "),
        (b"\x00" * 100, "It is not valid TOML: "),
        (b"a = " + b"[" * 16_000, "It is not valid TOML: "),
        (b"payment_days = " + b"9" * 5_000, "It is not valid TOML: "),
        (b"a" + b".a" * 8_000 + b" = 1", "name is missing."),
        (b"#" * (MAX_BYTES + 1), "It has more than 16,384 bytes."),
    ],
)
def test_what_is_no_such_file_is_refused_in_words(data: bytes, words: str) -> None:
    assert mistake(data).startswith(words)


def test_a_table_for_a_field_and_many_unknown_fields_get_one_sentence_each() -> None:
    assert mistake(changed(name=None) + b"\n[name]\nx = 1") == "name must be text in quotes."
    many = b"".join(b"k%d = 1\n" % number for number in range(1_500))
    assert mistake(many + EXAMPLE.encode()).startswith("'k0' is not a field;")


@given(st.binary(max_size=300) | st.text().map(lambda text: changed(name=text.encode("utf-8", "replace").decode())))
def test_any_file_is_an_issuer_whose_texts_are_tidy_or_is_refused(data: bytes) -> None:
    try:
        issuer = parse_issuer(data)
    except InvalidIssuer as error:
        sentences = str(error)
    else:
        sentences = ""
        assert issuer.name == tidy(issuer.name, characters=200, lines=1) != ""
    assert sentences.count("\n") == 0
    assert sentences[-1:] in ("", ".")


@pytest.mark.parametrize("table", [FakeTable(), flaky_table()])
def test_an_issuer_survives_being_stored_and_replaces_the_one_before(table: FakeTable) -> None:
    store = IssuerStore(table, retries=patient_retries())
    assert store.read() is None
    store.write(parse_issuer(EXAMPLE.encode()))
    other = parse_issuer(changed(name="Jörg & Söhne", payment_days=0))
    store.write(other)
    assert store.read() == other
    assert table.items[ISSUER_KEY]["payment_days"] == Decimal(0)
