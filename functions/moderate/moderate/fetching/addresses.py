"""Decides which IP addresses are public.

`ipaddress.is_global` accepts multicast and translated or tunnelled forms of private addresses, and differs from
one version of Python to the next, so the table is our own.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IPAddress = IPv4Address | IPv6Address

_V4_REFUSED = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_V6_ALLOWED = IPv6Network("2000::/3")
_V6_REFUSED = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3ffe::/16",
        "3fff::/20",
    )
)
# An ISATAP interface id holds an IPv4 address after this word, with or without its universal bit.
_ISATAP = 0x00005EFE
_ISATAP_MASK = 0xFDFFFFFF


def is_public(address: IPAddress) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _V4_REFUSED)
    return (
        address.scope_id is None
        and address in _V6_ALLOWED
        and not any(address in block for block in _V6_REFUSED)
        and (int(address) >> 32) & _ISATAP_MASK != _ISATAP
    )
