"""What is printed can neither steer a terminal nor be mistaken for something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modest_cli.output import escape


@pytest.mark.parametrize("text", ["", "photo.jpg", "a b", "é田😀", "Screenshot 3.04\u202fPM", "[bold]x", ":smile:"])
def test_ordinary_names_stay_as_they_are(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a\nb\t", "a\\nb\\t"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m\x7f", "\\x9b31m\\x7f"),
        ("\u202egpj", "\\u202egpj"),
        ("\u2028\u200b", "\\u2028\\u200b"),
        ("\udcff", "\\udcff"),
        ("\\x1b", "\\\\x1b"),
    ],
)
def test_what_a_terminal_would_obey_or_hide_is_written_out(text: str, escaped: str) -> None:
    assert escape(text) == escaped


@given(st.text(st.characters()), st.text(st.characters()))
def test_escaped_text_is_one_visible_line_that_stands_for_one_text(one: str, other: str) -> None:
    assert all(char.isprintable() or char.isspace() for char in escape(one))
    assert len(escape(one).splitlines()) <= 1
    assert (escape(one) == escape(other)) == (one == other)
