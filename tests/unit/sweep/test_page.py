"""What the page about real files says."""

import re

from tests.sweep import page
from tests.sweep.collection import Specimen
from tests.sweep.corpora import Corpus
from tests.sweep.outcomes import Outcome

PACKAGES = [Corpus("npm", "a", "1"), Corpus("npm", "empty", "1")]


def outcome(image_format: str, **known: object) -> Outcome:
    specimen = Specimen("0", image_format, "tests/some|name.png", "a 1")
    return Outcome(specimen, **{"shown": 0.5, **known})  # type: ignore[arg-type]


def rows(text: str, heading: str) -> list[str]:
    return re.findall(
        r"^\| (?!---|format|kind)(.*) \|$", text.partition(heading)[2].partition("\n## ")[0], re.MULTILINE
    )


def test_each_format_has_its_row_and_the_last_is_their_sum() -> None:
    cut = outcome("BMP", code="undecodable_image", cause="BreaksOff: pixels are missing")
    refused = outcome("GIF", code="too_many_pixels")
    text = page.written([outcome("PNG", judged=0.5), outcome("PNG", judged=0.1), cut, refused], PACKAGES)
    assert rows(text, "# Real files") == [
        "BMP | 1 | 1 | 0 | 1 | 1 | 0 (0.0%) | 0",
        "GIF | 1 | 1 | 0 | 1 | 0 | 1 (100.0%) | 0",
        "PNG | 2 | 2 | 2 | 0 | 0 | 0 (0.0%) | 1",
        "all | 4 | 4 | 2 | 2 | 1 | 1 (25.0%) | 1",
    ]


def test_a_cause_is_explained_and_one_that_is_new_asks_for_it() -> None:
    known = outcome("BMP", code="undecodable_image", cause="BreaksOff: pixels are missing")
    fresh = outcome("PNG", code="undecodable_image", cause="a new one")
    first, second = rows(page.written([known, fresh], PACKAGES), "## Refused though Chromium shows something")
    assert "damaged or cut off" in first
    assert "Nobody has explained it yet" in second
    assert second.endswith(r"a 1: `some\|name.png`")


def test_a_refusal_of_what_nobody_shows_needs_no_explanation() -> None:
    text = page.written([outcome("PNG", shown=None, code="undecodable_image")], PACKAGES)
    assert rows(text, "## Refused though") == []
    assert len(rows(text, "## Refused, and not shown")) == 1


def test_a_package_without_images_is_left_out() -> None:
    assert rows(page.written([outcome("PNG", judged=0.5)], PACKAGES), "## Packages") == ["npm | a | 1 | 1 | 0 | 0"]
