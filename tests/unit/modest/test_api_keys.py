import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modest.api_keys import KEY_LENGTH, KeyRefusal, hash_of, is_well_formed, key_from_headers, new_key

KEY = "mod_live_otl5I62gnxWhwcCG70fIts53HhllDTfYa6VOmBMBPob2FavGK"
OTHER = "mod_live_R1gfMiElv4i6oo7L0xcmMlMeYxPEqj6eSfOzvR4pKrc4dvNSw"


def test_a_new_key_is_well_formed_and_never_the_same() -> None:
    keys = {new_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert all(is_well_formed(key) and len(key) == KEY_LENGTH == 58 for key in keys)
    assert all(re.fullmatch(r"mod_live_[0-9A-Za-z]{49}", key) for key in keys)


def test_keys_that_were_issued_once_stay_well_formed() -> None:
    assert is_well_formed(KEY)
    assert is_well_formed(OTHER)


@given(position=st.integers(0, 57), replacement=st.characters())
def test_no_single_mistyped_character_is_well_formed(position: int, replacement: str) -> None:
    mistyped = KEY[:position] + replacement + KEY[position + 1 :]
    assert is_well_formed(mistyped) == (mistyped == KEY)


@pytest.mark.parametrize("position", range(9, 57))
def test_two_neighbours_swapped_are_not_well_formed(position: int) -> None:
    swapped = KEY[:position] + KEY[position + 1] + KEY[position] + KEY[position + 2 :]
    assert is_well_formed(swapped) == (swapped == KEY)


@given(st.text())
def test_no_other_text_is_well_formed(text: str) -> None:
    assert not is_well_formed(text)


@pytest.mark.parametrize(
    "key", ["", "mod_live_", KEY[:-1], KEY + "0", " " + KEY, KEY.lower(), KEY.replace("o", "\u043e")]
)
def test_other_lengths_cases_and_alphabets_are_not_well_formed(key: str) -> None:
    assert not is_well_formed(key)


def test_the_hash_has_a_form_that_api_gateway_takes_as_a_keys_value() -> None:
    assert hash_of(KEY) == "4bbd922b3aaa34f08ea4f74f65fcbe2051ef260c0d5f47efd4151449eba182c4"
    assert re.fullmatch(r"[0-9a-f]{64}", hash_of(KEY))


@pytest.mark.parametrize(
    "header",
    [
        ("x-api-key", KEY),
        ("X-API-Key", f"  {KEY} "),
        ("x-oanor-key", KEY),
        ("X-Oanor-Key", KEY),
        ("authorization", f"Bearer {KEY}"),
        ("Authorization", f"bearer   {KEY}"),
        ("AUTHORIZATION", f"BEARER {KEY}"),
    ],
)
def test_each_header_alone_carries_a_key(header: tuple[str, str]) -> None:
    assert key_from_headers([header]) == KEY


def test_the_same_key_in_every_header_is_one_key() -> None:
    headers = [("x-api-key", KEY), ("x-oanor-key", KEY), ("authorization", f"Bearer {KEY}"), ("x-api-key", KEY)]
    assert key_from_headers(headers) == KEY


@pytest.mark.parametrize(
    "headers",
    [
        [("x-api-key", KEY), ("x-oanor-key", OTHER)],
        [("x-api-key", KEY), ("authorization", f"Bearer {OTHER}")],
        [("x-api-key", KEY), ("x-api-key", OTHER)],
        [("x-api-key", KEY), ("X-Api-Key", KEY[:-1])],
        [("x-api-key", KEY), ("authorization", "Bearer mod_")],
        [("authorization", f"Bearer {KEY}"), ("authorization", f"Bearer {OTHER}")],
    ],
)
def test_different_keys_conflict(headers: list[tuple[str, str]]) -> None:
    assert key_from_headers(headers) is KeyRefusal.CONFLICTING


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("accept", KEY), ("cookie", KEY), ("x-api-keys", KEY)],
        [("x-api-key", ""), ("x-oanor-key", "  ")],
        [("authorization", ""), ("authorization", "Bearer"), ("authorization", "Bearer ")],
        [("authorization", f"Basic {KEY}"), ("authorization", KEY)],
    ],
)
def test_a_request_without_a_key_says_so(headers: list[tuple[str, str]]) -> None:
    assert key_from_headers(headers) is KeyRefusal.MISSING


@pytest.mark.parametrize(
    "header",
    [
        ("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
        ("authorization", "Bearer sk-another-service"),
        ("x-api-key", "nonsense"),
        ("x-api-key", f"Bearer {OTHER}"),
        ("x-oanor-key", f"oanor_live_{OTHER}"),
        ("x-oanor-key", OTHER.upper()),
    ],
)
def test_what_is_not_a_key_of_ours_is_ignored_beside_one(header: tuple[str, str]) -> None:
    for name, value in (("x-api-key", KEY), ("x-oanor-key", KEY), ("authorization", f"Bearer {KEY}")):
        assert key_from_headers([(name, value), header]) == KEY
        assert key_from_headers([header, (name, value)]) == KEY


def test_other_authorization_schemes_and_empty_headers_are_ignored() -> None:
    assert key_from_headers([("authorization", "Basic dTpw"), ("x-oanor-key", ""), ("x-api-key", KEY)]) == KEY


@pytest.mark.parametrize("value", ["nonsense", f"{KEY}, {KEY}", f"{KEY},{OTHER}", KEY[:-1], f"Bearer {KEY}"])
def test_anything_else_in_a_key_header_is_malformed(value: str) -> None:
    assert key_from_headers([("x-api-key", value)]) is KeyRefusal.MALFORMED
