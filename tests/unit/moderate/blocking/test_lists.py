"""Lists answer from the bytes of their file, and from nothing but the whole of it."""

import hashlib
import random
import struct
import zlib

import pytest
from tests.helpers.lists import packed

from moderate.blocking import lists
from moderate.blocking.entries import Entry, Kind
from moderate.blocking.hits import ListHit
from moderate.blocking.lists import InvalidLists, Lists, TooManyEntries, pack
from moderate.blocking.pdq import PdqHash

ONE, OTHER = hashlib.sha256(b"one").digest(), hashlib.sha256(b"other").digest()
FILE = packed(
    *(f"sha256 {ONE.hex()}", f"allow sha256 {OTHER.hex()}", f"pdq {ONE.hex()}"),
    *("host example.com", "host a.example", "host xn--bcher-kva.example", "host 93.184.216.34"),
)


def changed(bits: bytes, count: int) -> bytes:
    return (int.from_bytes(bits, "big") ^ ((1 << count) - 1)).to_bytes(32, "big")


@pytest.mark.parametrize("empty", [Lists(), Lists(pack({}))])
def test_empty_lists_have_nothing(empty: Lists) -> None:
    assert empty.find_host("example.com") is None
    assert empty.find_file(ONE) is None
    assert empty.find_pictures([PdqHash(ONE, 100)], ONE) is None
    assert not empty.has_pdq
    assert list(empty.entries()) == []
    assert set(empty.counts.values()) == {0}


@pytest.mark.parametrize("host", ["example.com", "www.example.com", "a.b.example.com", "93.184.216.34"])
def test_a_host_is_listed_with_its_subdomains(host: str) -> None:
    assert Lists(FILE).find_host(host) == ListHit("block", "host", 0)


@pytest.mark.parametrize("host", ["notexample.com", "example.com.evil.test", "com", "example.org", "", "216.34", "."])
def test_other_hosts_are_not_listed(host: str) -> None:
    assert Lists(FILE).find_host(host) is None


def test_a_file_is_listed_byte_for_byte() -> None:
    assert Lists(FILE).find_file(ONE) == ListHit("block", "sha256", 0)
    assert Lists(FILE).find_file(OTHER) is None


@pytest.mark.parametrize(("bits", "listed"), [(0, True), (31, True), (32, False)])
def test_a_picture_is_listed_within_31_bits(bits: int, *, listed: bool) -> None:
    hit = Lists(FILE).find_pictures([PdqHash(changed(ONE, bits), 50)], ONE)
    assert hit == (ListHit("block", "pdq", bits) if listed else None)


def test_the_nearest_of_an_images_pictures_is_the_hit() -> None:
    pictures = [PdqHash(OTHER, 100), *(PdqHash(changed(ONE, bits), 100) for bits in (20, 7, 30))]
    assert Lists(FILE).find_pictures(pictures, ONE) == ListHit("block", "pdq", 7)


def test_a_picture_of_little_contour_is_compared_with_nothing() -> None:
    assert Lists(FILE).find_pictures([PdqHash(ONE, 49)], ONE) is None


def test_a_file_that_is_allowed_may_look_like_a_listed_picture() -> None:
    assert Lists(FILE).find_pictures([PdqHash(ONE, 100)], OTHER) is None
    assert Lists(FILE).find_file(OTHER) is None


def test_a_file_may_look_like_an_allowed_one_and_is_still_compared() -> None:
    nearly = changed(OTHER, 1)
    assert Lists(FILE).find_pictures([PdqHash(ONE, 100)], nearly) is not None


def test_the_entries_come_out_as_they_went_in() -> None:
    found = list(Lists(FILE).entries())
    assert [str(entry) for entry in found] == [
        f"sha256 {ONE.hex()}",
        f"pdq {ONE.hex()}",
        *("host 93.184.216.34", "host a.example", "host example.com", "host xn--bcher-kva.example"),
        f"allow sha256 {OTHER.hex()}",
    ]
    assert packed(*map(str, found)) == FILE
    assert all(entry in Lists(FILE) for entry in found)
    assert Entry(Kind.PDQ, OTHER) not in Lists(FILE)


def test_each_of_many_entries_is_found_and_no_other() -> None:
    numbers = random.Random(1)
    values = {kind: {numbers.randbytes(32) for _ in range(500)} for kind in (Kind.SHA256, Kind.PDQ, Kind.ALLOWED)}
    hosts = {f"{numbers.randrange(10**9):x}.example".encode() for _ in range(500)}
    many = Lists(pack({**values, Kind.HOST: hosts}))
    assert all(many.find_file(value) for value in values[Kind.SHA256])
    assert all(many.find_host(host.decode()) for host in hosts)
    assert all(many.find_pictures([PdqHash(value, 100)], ONE) for value in values[Kind.PDQ])
    assert not any(many.find_file(numbers.randbytes(32)) for _ in range(500))


def test_half_a_file_and_a_changed_one_are_no_lists() -> None:
    for length in (0, 1, 5, 6, 7, 15, 16, 79, 80, 127, 128, 129, len(FILE) // 2, len(FILE) - 64, len(FILE) - 1):
        with pytest.raises(InvalidLists):
            Lists(FILE[:length])
    with pytest.raises(InvalidLists):
        Lists(FILE + bytes(64))
    for place in (*range(130), *range(130, len(FILE), 9973)):
        with pytest.raises(InvalidLists):
            Lists(FILE[:place] + bytes([FILE[place] ^ 1]) + FILE[place + 1 :])


def test_what_was_never_a_list_is_none() -> None:
    for data in (b"host example.com\n", b"<html>", bytes(200), b"\x89PNG\r\n" + bytes(500)):
        with pytest.raises(InvalidLists, match="not a list that `modest lists` has written"):
            Lists(data)


def test_a_list_of_another_version_is_refused_by_name() -> None:
    with pytest.raises(InvalidLists, match="another version"):
        Lists(FILE[:7] + b"\x02" + FILE[8:])


def test_more_entries_than_a_list_may_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MAX_ENTRIES", 1)
    with pytest.raises(TooManyEntries, match="1 entries of the kind sha256, not 2"):
        pack({Kind.SHA256: {ONE, OTHER}})


@pytest.mark.parametrize("number", range(2 * len(Kind)))
@pytest.mark.parametrize("value", [1 << 32, (1 << 63) - 1, (1 << 64) - 1])
def test_a_header_with_a_huge_number_and_a_right_checksum_makes_no_list(number: int, value: int) -> None:
    file = bytearray(packed("host example.com"))
    struct.pack_into("<Q", file, 16 + 8 * number, value)
    struct.pack_into("<Q", file, 8, zlib.crc32(file[16:]))
    with pytest.raises(InvalidLists):
        Lists(bytes(file))
