"""What the sweep of real files counts."""

from dataclasses import replace

import pytest
from tests.sweep.collection import Specimen
from tests.sweep.outcomes import Counts, Outcome, causes, counts, passed, score


def specimen(name: str = "a", image_format: str = "PNG") -> Specimen:
    return Specimen(name, image_format, f"tests/{name}.png", "package 1")


JUDGED = Outcome(specimen(), shown=0.5, judged=0.5)
UNSEEN = Outcome(specimen(), shown=None, judged=0.5)
REFUSED = Outcome(specimen(), shown=0.5, code="undecodable_image", cause="DamagedPng: no pixels")
CUT = Outcome(specimen(), shown=0.5, code="undecodable_image", cause="BreaksOff: pixels are missing")
NEITHER = Outcome(specimen(), shown=None, code="undecodable_image")


def test_a_refusal_counts_only_if_chromium_shows_something() -> None:
    assert REFUSED.refused_though_shown
    assert not any(outcome.refused_though_shown for outcome in (JUDGED, UNSEEN, CUT, NEITHER))


def test_a_picture_that_breaks_off_is_counted_apart() -> None:
    assert CUT.breaks_off
    assert not any(outcome.breaks_off for outcome in (JUDGED, REFUSED, NEITHER, replace(CUT, shown=None)))


def test_a_score_of_nothing_is_no_refusal() -> None:
    assert not Outcome(specimen(), shown=0.0, judged=0.0).refused
    assert Outcome(specimen(), shown=0.0).refused_though_shown


@pytest.mark.parametrize(
    ("judged", "shown", "lower"),
    [(0.5, 0.6, False), (0.5, 0.6001, True), (0.9, 0.1, False), (0.0, None, False), (None, 1.0, False)],
)
def test_judged_lower_is_by_more_than_a_tenth(judged: float | None, shown: float | None, lower: bool) -> None:
    assert Outcome(specimen(), shown=shown, judged=judged).lower is lower


def test_every_file_is_either_judged_or_refused() -> None:
    lower = Outcome(specimen(), shown=0.9, judged=0.1)
    found = counts([JUDGED, UNSEEN, REFUSED, CUT, NEITHER, lower])
    assert found == Counts(tried=6, shown=4, judged=3, refused=3, breaks_off=1, refused_though_shown=1, lower=1)
    assert found.share_refused == 1 / 6


def test_nothing_tried_is_nothing_refused() -> None:
    assert counts([]).share_refused == 0


@pytest.mark.parametrize(("refused", "lower", "holds"), [(1, 0, True), (2, 0, False), (0, 1, False), (0, 0, True)])
def test_it_holds_up_to_one_refusal_in_a_hundred_and_no_lower_score(refused: int, lower: int, holds: bool) -> None:
    found = Counts(100, 100, 100 - refused, refused, 0, refused_though_shown=refused, lower=lower)
    assert passed(found) is holds


def test_the_worst_view_decides_and_a_part_is_never_safe() -> None:
    assert score([0.1, 0.2], complete=True) == 0.2
    assert score([0.1, 0.2], complete=False) == 0.3
    assert score([0.1, 0.8], complete=False) == 0.8


def test_causes_are_apart_by_format_and_the_most_frequent_comes_first() -> None:
    other = Outcome(specimen("b", "GIF"), shown=0.1, code=REFUSED.code, cause=REFUSED.cause)
    found = causes([other, REFUSED, REFUSED])
    assert [(key, len(files)) for key, files in found] == [
        (("PNG", "undecodable_image", "DamagedPng: no pixels"), 2),
        (("GIF", "undecodable_image", "DamagedPng: no pixels"), 1),
    ]
