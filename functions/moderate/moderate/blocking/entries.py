"""Reads the entries of the operator's lists, of which there is one a line; `#` begins a comment.

An entry is `sha256 9f86d0…`, which is a file, byte for byte; `pdq f8f8f0…`, pictures that look like this one;
`host example.com`, with its subdomains; or `allow sha256 9f86d0…`, a file that may look like a listed picture.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from moderate.fetching.urls import BlockedUrl, InvalidUrl, parse

MAX_ENTRIES = 1_000_000
"""How many a list may have of each kind."""
DIGITS = 64
"""A SHA-256 and a PDQ hash both have so many hexadecimal digits, which do not say which of the two they are."""

_HASH = re.compile(f"[0-9a-fA-F]{{{DIGITS}}}")
# What comes behind the host of a URL begins with one of these.
_BEHIND_A_HOST = re.compile(r"[/?#]")
_FORMS = (
    f"`sha256` and {DIGITS} hexadecimal digits, `pdq` and {DIGITS} hexadecimal digits, `host example.com`, "
    f"or `allow sha256` and {DIGITS} hexadecimal digits"
)
PICTURE_IS_GONE = (
    "`picture` entries are no longer read, because PDQ hashes have replaced them. "
    "Hash the image itself again: modest lists add --from photo.jpg"
)
_ALLOW = (
    "only `allow sha256` is possible: if pictures that look alike could be allowed, an image could be made to look "
    "like an allowed one"
)


class Kind(StrEnum):
    """What an entry names. The values begin the lines of a list, and the order is that of the sections of its file."""

    SHA256 = "sha256"
    PDQ = "pdq"
    HOST = "host"
    ALLOWED = "allow sha256"


class InvalidEntry(ValueError):
    """The text is not an entry of a list; the message says why."""


class Entry(NamedTuple):
    kind: Kind
    value: bytes
    """The 32 bytes of a hash, or the name of a host in ASCII and lower case."""

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"

    @property
    def text(self) -> str:
        """The value as it is written after the kind."""
        if self.kind is not Kind.HOST:
            return self.value.hex()
        name = self.value.decode()
        return f"[{name}]" if ":" in name else name


def parse_line(line: str) -> Entry | None:
    """Returns the entry of a line, or None if the line is empty or a comment. Raises InvalidEntry."""
    words = line.partition("#")[0].split()
    return parse_entry(words) if words else None


def parse_entry(words: list[str]) -> Entry:
    """Raises InvalidEntry."""
    match words:
        case ["sha256" | "pdq" as kind, digits]:
            return Entry(Kind(kind), parse_hash(digits))
        case ["host", name]:
            return Entry(Kind.HOST, parse_host(name))
        case ["allow", "sha256", digits]:
            return Entry(Kind.ALLOWED, parse_hash(digits))
        case ["allow", *_]:
            raise InvalidEntry(_ALLOW)
        case ["picture", *_]:
            raise InvalidEntry(PICTURE_IS_GONE)
        case ["sha256" | "pdq" | "host", *rest]:
            raise InvalidEntry(f"an entry has one value and no white space in it, not {len(rest)} values")
        case _:
            raise InvalidEntry(f"an entry is {_FORMS}")


def parse_hash(digits: str) -> bytes:
    """Raises InvalidEntry."""
    if not _HASH.fullmatch(digits):
        raise InvalidEntry(f"a hash has {DIGITS} hexadecimal digits, not {len(digits)} characters like these")
    return bytes.fromhex(digits)


def parse_host(name: str) -> bytes:
    """Returns a host as those of URLs are compared with it. Raises InvalidEntry."""
    is_v6 = name.startswith("[") and name.endswith("]")
    if ":" in name and not is_v6:
        raise InvalidEntry("a host has no port and no scheme; write example.com, or an IPv6 address in square brackets")
    if _BEHIND_A_HOST.search(name):
        raise InvalidEntry("a host has no path; write example.com")
    try:
        return parse(f"http://{name}/").host.encode()
    except InvalidUrl:
        raise InvalidEntry("this is not the name of a host; write example.com without a path or wildcard") from None
    except BlockedUrl:
        raise InvalidEntry("this host is not on the public web, so nothing is ever fetched from it") from None
