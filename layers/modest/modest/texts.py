"""Checks texts that are printed on invoices."""

import unicodedata

_UNPRINTABLE = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
# They turn the rest of a line around.
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_printable(character: str) -> bool:
    return unicodedata.category(character) not in _UNPRINTABLE and character not in _DIRECTIONS


def tidy(text: str, *, characters: int, lines: int) -> str:
    """Returns the text without white space at the ends of its lines. Raises ValueError if it cannot be printed as such.

    characters: how many a line may have.
    lines: how many the text may have.
    """
    tidied = [line.strip() for line in text.strip().splitlines()]
    if len(tidied) > lines:
        raise ValueError(f"has {len(tidied)} lines; it may have {lines}")
    if any(len(line) > characters for line in tidied):
        raise ValueError(f"has a line of {max(map(len, tidied))} characters; it may have {characters}")
    for character in "".join(tidied):
        if not is_printable(character):
            raise ValueError(f"contains the character U+{ord(character):04X}, which cannot be printed")
    return "\n".join(tidied)


def printable(text: str) -> str:
    """Returns the text with a replacement character for each one that cannot be printed, except line feeds."""
    return "".join(character if character == "\n" or is_printable(character) else "\ufffd" for character in text)
