"""Defines what an API key looks like, how it is stored, and where a request carries it.

A key is `mod_live_`, then 43 base62 characters that hold 32 random bytes, then 6 that hold the CRC32 of everything
before them. A double click selects the whole key, because base62 has no punctuation. The CRC catches typing errors
without a look-up.
"""

import os
import zlib
from collections.abc import Iterable
from enum import Enum
from hashlib import sha256

PREFIX = "mod_live_"
# What begins otherwise is not a key of ours: apps also send tokens of other services, such as a JWT in Authorization.
MARK = "mod_"
HEADERS = ("x-api-key", "x-oanor-key", "authorization")

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_BYTES = 32
_SECRET_WIDTH = 43
_CHECKSUM_WIDTH = 6
KEY_LENGTH = len(PREFIX) + _SECRET_WIDTH + _CHECKSUM_WIDTH


class KeyRefusal(Enum):
    """Why no key in a request is worth a look-up. This is for logs: the caller gets the same answer in every case."""

    MISSING = "missing"
    MALFORMED = "malformed"
    CONFLICTING = "conflicting"


def new_key() -> str:
    """Returns a random key. It cannot be guessed: it holds 256 random bits."""
    body = PREFIX + _base62(int.from_bytes(os.urandom(_SECRET_BYTES)), _SECRET_WIDTH)
    return body + _checksum(body)


def is_well_formed(key: str) -> bool:
    """Returns whether the text has a key's length, alphabet and checksum. It may still belong to nobody."""
    body, checksum = key[:-_CHECKSUM_WIDTH], key[-_CHECKSUM_WIDTH:]
    return (
        len(key) == KEY_LENGTH
        and key.isascii()
        and body.startswith(PREFIX)
        and body.removeprefix(PREFIX).isalnum()
        and checksum == _checksum(body)
    )


def hash_of(key: str) -> str:
    """Returns the hex SHA-256 of a key, the only form in which keys are stored."""
    return sha256(key.encode()).hexdigest()


def key_from_headers(headers: Iterable[tuple[str, str]]) -> str | KeyRefusal:
    """Returns the key that the headers carry, if it is well formed and no other key contradicts it.

    A header that is sent twice is passed as two pairs. What is not a key of ours counts only if there is none.
    """
    values = {sent for name, value in headers if (sent := _value_in(name.lower(), value.strip()))}
    keys = {value for value in values if value.startswith(MARK)}
    if not keys:
        return KeyRefusal.MALFORMED if values else KeyRefusal.MISSING
    if len(keys) > 1:
        return KeyRefusal.CONFLICTING
    key = keys.pop()
    return key if is_well_formed(key) else KeyRefusal.MALFORMED


def _value_in(name: str, value: str) -> str:
    if name not in HEADERS:
        return ""
    if name != "authorization":
        return value
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM_WIDTH)


def _base62(number: int, width: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits.rjust(width, _ALPHABET[0])
