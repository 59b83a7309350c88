"""Who sends the invoices: what an operator's file says about it, and the table's item that keeps it.

    issuer   issuer   name, address, tax id, payment terms

The item is where the command and the monthly function both read it. Only the operator may write that partition.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from modest.store.retries import RetryPolicy, operator_retries
from modest.store.table import Item, Key, Put, Table
from modest.texts import tidy

ISSUER_KEY = Key("issuer", "issuer")
EXAMPLE = Path(__file__).with_name("issuer.example.toml").read_text("utf-8")
MAX_BYTES = 16_384
"""Larger files are not parsed: 60 kB of nested tables would take half a minute."""

_CHARACTERS = 200
_LINES = {"name": 1, "address": 8, "tax_id": 1, "payment": 10, "note": 10}
_MAX_DAYS = 365
_NAME_SHOWN = 40
_OPTIONAL = {"note": ""}
_MAY_BE_EMPTY = {"tax_id", "note"}


class InvalidIssuer(Exception):
    """Raised if a file does not describe an issuer. The message has a sentence for each mistake."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Texts are printed as they are here. Those of several lines have line feeds between them."""

    name: str
    address: str
    tax_id: str
    payment_days: int
    """How many days after its date an invoice is due."""
    payment: str
    note: str


_FIELDS = tuple(field.name for field in fields(Issuer))


def parse_issuer(data: bytes) -> Issuer:
    """data: TOML, as EXAMPLE is. Raises InvalidIssuer."""
    if len(data) > MAX_BYTES:
        raise InvalidIssuer(f"It has more than {MAX_BYTES:,} bytes.")
    try:
        # Some editors begin a file with a byte order mark.
        found = _OPTIONAL | tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InvalidIssuer("It is not UTF-8 text.") from None
    except (ValueError, RecursionError) as error:
        raise InvalidIssuer(f"It is not valid TOML: {error}.") from None
    checked = {name: value for name, value in found.items() if name in _FIELDS}
    mistakes = [f"{name} is missing." for name in _FIELDS if name not in found]
    mistakes += _check(checked)
    if unknown := next((name for name in found if name not in _FIELDS), None):
        mistakes.append(f"{unknown[:_NAME_SHOWN]!r} is not a field; the fields are {', '.join(_FIELDS)}.")
    if mistakes:
        raise InvalidIssuer(" ".join(mistakes))
    return Issuer(**checked)


def _check(values: dict[str, Any]) -> Iterator[str]:
    """Tidies the texts in place. Yields the mistakes."""
    for name, value in values.items():
        if name == "payment_days":
            if type(value) is not int or not 0 <= value <= _MAX_DAYS:
                yield f"{name} must be a whole number from 0 to {_MAX_DAYS}, without quotes."
        elif not isinstance(value, str):
            yield f"{name} must be text in quotes."
        else:
            try:
                values[name] = tidy(value, characters=_CHARACTERS, lines=_LINES[name])
            except ValueError as error:
                yield f"{name} {error}."
            if not values[name].strip() and name not in _MAY_BE_EMPTY:
                yield f"{name} is empty."


class IssuerStore:
    """Every method may raise LedgerUnavailable."""

    def __init__(self, table: Table, *, retries: RetryPolicy | None = None) -> None:
        self._table = table
        self._retries = retries or operator_retries()

    def read(self) -> Issuer | None:
        """Returns None if no issuer is set."""
        item = self._retries.run(lambda: self._table.read([ISSUER_KEY])).get(ISSUER_KEY)
        return _issuer_from_item(item) if item else None

    def write(self, issuer: Issuer) -> None:
        self._retries.run(lambda: self._table.write([Put(ISSUER_KEY, asdict(issuer))]))


def _issuer_from_item(item: Item) -> Issuer:
    values: Mapping[str, Any] = {name: item[name] for name in _FIELDS}
    return Issuer(**{**values, "payment_days": int(item["payment_days"])})
