"""Defines what accounts and their keys may be called."""

import re
from unicodedata import category

from modest.accounts.errors import InvalidName
from modest.api_keys import MARK

MAX_LENGTH = 64
MAX_KEY_NAME_LENGTH = 32
"""Each entry of the ledger has the name of its call's key."""
ID_PREFIX = "acct_"
SEPARATOR = "/"
"""Stands between an account's name and its key's where a key is named: `acme/ci`."""

_SHOWN = 16
# The starts by which operators name accounts and keys, whatever their case.
_NAMES_ANOTHER = re.compile(rf"(?:{ID_PREFIX}|{MARK}).*|[0-9a-f]{{12,}}", re.IGNORECASE)
# Letters, to Unicode, that fonts leave blank.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def is_visible(name: str) -> bool:
    """Returns whether a name has 1 to MAX_LENGTH visible characters, and spaces only between them."""
    # Unicode calls a space printable, and no other white space, control character or half of a character.
    printable = name.isprintable() and not _BLANK & set(name) and name == name.strip()
    # A mark needs a character to stand on.
    return printable and len(name) <= MAX_LENGTH and not category(name[:1] or "\u0300").startswith("M")


def check_name(name: str) -> None:
    """Raises InvalidName unless an account may be given this name."""
    if not is_visible(name) or SEPARATOR in name:
        raise InvalidName(
            f"An account's name has 1 to {MAX_LENGTH} visible characters, no slash, and spaces only between them. "
            f"{_shortened(name)!a} is not such a name."
        )
    if _NAMES_ANOTHER.fullmatch(name):
        raise InvalidName(f"{_shortened(name)} looks like a key or the id of an account. Choose another name.")


def check_key_name(name: str) -> None:
    """Raises InvalidName unless a key may be given this name."""
    if not is_visible(name) or len(name) > MAX_KEY_NAME_LENGTH or SEPARATOR in name:
        raise InvalidName(
            f"A key's name has 1 to {MAX_KEY_NAME_LENGTH} visible characters, no slash, and spaces only between them. "
            f"{_shortened(name)!a} is not such a name."
        )


def _shortened(name: str) -> str:
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
