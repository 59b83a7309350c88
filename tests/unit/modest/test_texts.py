"""What may be printed on an invoice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modest.texts import printable, tidy


def test_white_space_around_a_text_and_its_lines_is_dropped() -> None:
    assert tidy("\n  Acme \r\n\t Main Street 1 \n", characters=20, lines=2) == "Acme\nMain Street 1"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("a\nb\nc", "has 3 lines; it may have 2"),
        ("x" * 21, "has a line of 21 characters; it may have 20"),
        ("a\x00b", r"contains the character U\+0000"),
        ("a\x1b[31mb", r"contains the character U\+001B"),
        ("a\u202egnp", r"contains the character U\+202E"),
        ("a\udcffb", r"contains the character U\+DCFF"),
    ],
)
def test_a_text_that_cannot_be_printed_as_it_stands_is_refused(text: str, mistake: str) -> None:
    with pytest.raises(ValueError, match=mistake):
        tidy(text, characters=20, lines=2)


@pytest.mark.parametrize("text", ["Jörg Müßig", "株式会社", "\u05d0\u05d1\u05d2", "क्‍ष", "👩‍💻", "50\u00a0%"])
def test_scripts_of_all_kinds_are_printed(text: str) -> None:
    assert tidy(text, characters=20, lines=1) == printable(text) == text


@given(st.text(st.characters(codec=None)))
def test_whatever_is_made_printable_can_be_written_as_utf_8(text: str) -> None:
    assert printable(text).encode().decode() == printable(text)
    assert len(printable(text)) == len(text)
