"""Parses a client's URL once and strictly, before any name is looked up."""

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, urljoin

import idna

from moderate.fetching.addresses import IPAddress, is_public
from modest.errors import PublicError

WEB_PORTS = frozenset({80, 443})
MAX_PORT = 65535
# As long as presigned URLs get.
MAX_URL_LENGTH = 8192
MAX_HOST_LENGTH = 253

_DEFAULT_PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(?i:(https?))://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]@%\s]+)(?::([0-9]{0,5}))?")
# What browsers strip from both ends of a URL.
_WHITE_SPACE = "\t\n\f\r "
# Backslashes are slashes to some parsers and not to others; control characters vanish in some.
_AMBIGUOUS = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# Matches what the C library would read as an IPv4 address, also in octal, hexadecimal or a short form.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_SYMBOLS = ("So", "Sk")
# Sent unchanged: a signed URL must arrive as it was signed.
_SENT_AS_IS = "!$%&'()*+,/:;=?@[]^|~"


class InvalidUrl(PublicError):
    """The text is not a URL of the strict form accepted here."""


class UrlTooLong(InvalidUrl):
    """The URL has more than MAX_URL_LENGTH characters."""

    def __init__(self) -> None:
        super().__init__(f"A URL may have at most {MAX_URL_LENGTH:,} characters. Use a shorter one.")


class BlockedUrl(PublicError):
    """The URL is well formed, but leads (or may lead) somewhere outside the public web."""


@dataclass(frozen=True)
class Target:
    """Holds a URL that may be requested.

    host: ASCII in lower case, without brackets or a trailing dot.
    path: the path and query as sent, in percent-encoded ASCII.
    address: set if the host is an IP address, which is then public.
    """

    scheme: str
    host: str
    port: int
    path: str
    address: IPAddress | None = None

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def parse(url: str, *, allowed_ports: frozenset[int] = WEB_PORTS) -> Target:
    url = url.strip(_WHITE_SPACE)
    if len(url) > MAX_URL_LENGTH:
        raise UrlTooLong
    _refuse_ambiguous(url)
    parts = _URL.fullmatch(url)
    if parts is None:
        raise InvalidUrl("The URL does not start with http:// or https://. Use the image's full web address.")
    scheme, authority, path, query = parts[1].lower(), parts[2], parts[3], parts[4] or ""
    host, port = _split_authority(authority)
    host, address = _read_host(host)
    port = port or _DEFAULT_PORTS[scheme]
    _refuse_private(host, address)
    if port not in allowed_ports:
        ports = ", ".join(map(str, sorted(allowed_ports)))
        raise BlockedUrl(f"The URL's port is not allowed. Use one of these: {ports}.")
    return Target(scheme, host, port, _encode(path or "/") + _encode(query), address)


def parse_redirect(location: str, base: Target, *, allowed_ports: frozenset[int] = WEB_PORTS) -> Target:
    # This comes before urljoin, which drops some of the characters that are refused here.
    location = location.strip(_WHITE_SPACE)
    _refuse_ambiguous(location)
    try:
        absolute = urljoin(base.url, location)
    except ValueError:
        raise InvalidUrl("The redirect's location is not a URL.") from None
    return parse(absolute, allowed_ports=allowed_ports)


def _refuse_ambiguous(url: str) -> None:
    if url != url.strip() or _AMBIGUOUS.search(url):
        raise InvalidUrl("The URL has a control character, a backslash or unusual white space. Remove or encode it.")


def _split_authority(authority: str) -> tuple[str, int | None]:
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise InvalidUrl("The URL's host is malformed. Write it as host or host:port, without a user name.")
    port = int(parts[2]) if parts[2] else None
    if port is not None and not 0 < port <= MAX_PORT:
        raise InvalidUrl(f"The URL's port is not a number from 1 to {MAX_PORT}.")
    return parts[1], port


def _read_host(host: str) -> tuple[str, IPAddress | None]:
    try:
        if host.startswith("["):
            v6 = IPv6Address(host[1:-1])
            return str(v6), v6
        name = _to_ascii(host)
        if _NUMBER.fullmatch(name.rpartition(".")[2]):
            v4 = IPv4Address(name)
            return str(v4), v4
    except AddressValueError:
        raise InvalidUrl(
            "The URL's host is not a valid IP address. Write IPv4 as four decimal numbers, IPv6 in square brackets."
        ) from None
    except idna.IDNAError:
        raise InvalidUrl("The URL's host name is not a valid domain name.") from None
    if len(name) > MAX_HOST_LENGTH or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise InvalidUrl("The URL's host name is not a valid domain name.")
    return name, None


def _to_ascii(host: str) -> str:
    # The host is mapped before anything else reads it, because full-width digits and ideographic dots can spell IP
    # addresses too.
    name = idna.uts46_remap(host, std3_rules=False).removesuffix(".")
    return ".".join(label if label.isascii() else _alabel(label) for label in name.split("."))


def _alabel(label: str) -> str:
    """Returns a label in Punycode. Emoji domains consist of symbols, which browsers allow and IDNA 2008 does not.

    Raises IDNAError.
    """
    letters = "".join(letter for letter in label if unicodedata.category(letter) not in _SYMBOLS)
    if letters == label:
        return idna.alabel(label).decode()
    if not letters.isascii():
        idna.check_label(letters)
    return "xn--" + label.encode("punycode").decode()


def _refuse_private(host: str, address: IPAddress | None) -> None:
    if address is not None and not is_public(address):
        raise BlockedUrl("The URL's address is not on the public internet. Use an address that anyone can reach.")
    if address is None and ("." not in host or host.endswith(".localhost")):
        raise BlockedUrl("The URL's host is a local name. Use an address on the public internet.")


def _encode(text: str) -> str:
    try:
        return quote(text, safe=_SENT_AS_IS)
    except UnicodeEncodeError:
        raise InvalidUrl("The URL has a character that cannot be encoded. Remove it.") from None
