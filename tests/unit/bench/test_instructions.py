"""The comparison of counted instructions with those that were committed; `make instructions` counts them."""

import json

from bench.instructions import BUDGETS, TOLERANCE, departures, differing_photos
from bench.photos import FORMATS

BUDGET = 200_000_000


def test_a_count_within_the_tolerance_is_no_departure() -> None:
    for share in (-0.9, 0, 0.9):
        assert not departures({"JPEG": round(BUDGET * (1 + share * TOLERANCE))}, {"JPEG": BUDGET})


def test_more_instructions_than_that_are_reported_and_how_many() -> None:
    (found,) = departures({"JPEG": round(BUDGET * 1.06), "PNG": BUDGET}, {"JPEG": BUDGET, "PNG": BUDGET})
    assert "1 MP JPEG takes 212.0 million instructions, 6.0% more than the 200.0 million" in found


def test_fewer_are_reported_too_so_that_they_are_not_lost_again() -> None:
    (found,) = departures({"WEBP": round(BUDGET * 0.9)}, {"WEBP": BUDGET})
    assert "10.0% fewer" in found
    assert "make instructions UPDATE=1" in found


def test_counts_of_another_photo_are_not_compared_in_silence() -> None:
    (found,) = differing_photos({"PNG": "a", "JPEG": "b"}, {"PNG": "a", "JPEG": "c"})
    assert "1 MP JPEG is another file" in found


def test_there_is_a_count_for_each_format_that_is_measured() -> None:
    assert json.loads(BUDGETS.read_text()).keys() == FORMATS.keys()
