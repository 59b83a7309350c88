import os
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
import ssrfguard
from AntiSSRF.ipaddress_ranges import IPAddressRanges
from hypothesis import example, given
from hypothesis import strategies as st

from moderate.fetching.addresses import is_public

V4_REFUSED = [
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
    "224.0.0.0/3",
]
V6_REFUSED = [
    "::/3",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3ffe::/16",
    "3fff::/20",
    "4000::/2",
    "8000::/1",
]

addresses = st.ip_addresses()
# Uniformly random addresses are hardly ever in 2000::/3.
v6_in_use = st.ip_addresses(network="2000::/3")


@pytest.mark.parametrize("block", V4_REFUSED + V6_REFUSED)
def test_a_refused_block_ends_exactly_where_it_says(block: str) -> None:
    network = ip_network(block)
    assert not is_public(network[0])
    assert not is_public(network[-1])
    neighbours = _neighbours(int(network[0]), int(network[-1]), network.version)
    assert all(is_public(address) for address in neighbours if not _listed(address))


def _neighbours(first: int, last: int, version: int) -> list[IPv4Address | IPv6Address]:
    highest = 2**32 - 1 if version == 4 else 2**128 - 1
    make = IPv4Address if version == 4 else IPv6Address
    return [make(number) for number in (first - 1, last + 1) if 0 <= number <= highest]


def _listed(address: IPv4Address | IPv6Address) -> bool:
    return any(address in ip_network(block) for block in V4_REFUSED + V6_REFUSED)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "93.184.216.34",
        "223.255.255.255",
        "2606:2800:220:1::1",
        "2001:4860:4860::8888",
        "2a00:1450::1",
    ],
)
def test_an_ordinary_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", ["2606:4700::5efe:a00:5", "2606:4700::200:5efe:808:808", "fe80::1%lo", "2600::1%1"])
def test_isatap_and_scoped_addresses_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    ("variable", "usual"),
    [
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ("AWS_LAMBDA_METADATA_API", "169.254.100.1:9001"),
        ("AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129:2000"),
    ],
)
def test_the_runtimes_own_services_are_not_public(variable: str, usual: str) -> None:
    assert not is_public(ip_address(os.environ.get(variable, usual).partition(":")[0]))


@given(st.ip_addresses(v=4) | v6_in_use)
@example(ip_address("3fff:1000::"))
@example(ip_address("203.0.114.0"))
def test_what_is_not_in_the_table_is_public(address: IPv4Address | IPv6Address) -> None:
    isatap = address.version == 6 and (int(address) >> 32) & 0xFDFFFFFF == 0x5EFE
    assert is_public(address) is not (_listed(address) or isatap)


@given(addresses | v6_in_use | st.ip_addresses(network="192.0.0.0/8") | st.ip_addresses(network="2001::/16"))
def test_whatever_ssrfguard_denies_is_denied(address: IPv4Address | IPv6Address) -> None:
    if ssrfguard.DEFAULT_DENIED.classify(address).blocked:
        assert not is_public(address)


def test_whatever_antissrf_denies_is_denied() -> None:
    for block in map(ip_network, IPAddressRanges.recommended_latest):
        for address in (block[0], block[-1], block[block.num_addresses // 2]):
            assert not is_public(address), f"{address} of {block}"
