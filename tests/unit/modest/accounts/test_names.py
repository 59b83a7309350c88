"""What an account may be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable
from tests.helpers.ledgers import Shop

from modest.accounts.errors import InvalidName, NotFound
from modest.accounts.names import check_name


@pytest.mark.parametrize(
    "name", ["a", "Example Inc.", "=acme", "数据", "é" * 64, "e\u0301", "😀", "cafe", "0123456789a"]
)
def test_one_to_64_visible_characters_are_a_name(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            " ",
            " a",
            "a ",
            "a\nb",
            "\x1b[31m",
            "a\x00",
            "\udcff",
            "\u202ea",
            "\u200b",
            "\u3164",
            "\u0301",
            "\ufe0f",
        ),
        *("\u00a0", "\u2028", "\ufeff", "a" * 65, "a" * 100_000),
    ],
)
def test_what_cannot_be_seen_or_is_longer_is_no_name(name: str) -> None:
    with pytest.raises(InvalidName, match="1 to 64 visible characters"):
        check_name(name)


@pytest.mark.parametrize("name", ["acme/ci", "/", "/ci", "acme/"])
def test_what_names_an_account_and_its_key_is_no_name_of_an_account(name: str) -> None:
    with pytest.raises(InvalidName, match="no slash"):
        check_name(name)


@pytest.mark.parametrize("name", ["acct_1", "ACCT_1", "mod_live_x", "0123456789ab", "DEADBEEFDEADBEEF"])
def test_what_commands_take_for_an_id_or_a_key_is_no_name(name: str) -> None:
    with pytest.raises(InvalidName, match="looks like a key"):
        check_name(name)


@given(st.text(st.characters()))
def test_any_text_names_an_account_or_is_refused_and_is_looked_up_without_fault(name: str) -> None:
    registry = Shop(FakeTable(), Clock()).registry
    try:
        registry.create(name, "Tiny")
    except InvalidName:
        with pytest.raises(NotFound):
            registry.account_named(name)
    else:
        assert registry.account_named(name).name == name
