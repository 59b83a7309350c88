"""What is claimed of the figures, and what is kept of them for each release."""

from pathlib import Path
from typing import Any

import pytest
from bench import releases, tables
from bench.claims import Claim, claims
from bench.facts import recorded

from moderate.version import VERSION

NUDENET = "12 MP JPEG to a verdict, compared with NudeNet"
AGAINST_THE_BASE = "Inference, compared with the base"
PARTS: dict[str, Any] = {part: recorded(part) for part in releases.PARTS}


def results(**ratios: dict[str, float]) -> dict[str, Any]:
    verdicts = {"12 MP JPEG": {"times_as_long_as_modest": ratios}}
    return {"speed": {**PARTS["speed"], "inference": {"times_as_long_as_modest": ratios}, "bytes_to_verdict": verdicts}}


def claim(text: str, **ratios: dict[str, float]) -> Claim:
    return next(each for each in claims(results(**ratios)) if each.text == text)


def test_a_claim_has_the_figures_that_were_measured() -> None:
    found = claim(NUDENET, nudenet={"wall": 1.3, "cpu": 1.2})
    assert (found.wall, found.cpu, found.figure) == (1.3, 1.2, 1.2)


@pytest.mark.parametrize(("ratio", "holds"), [(1.1, True), (1.09, False)])
def test_a_claim_of_at_least_fails_below_its_target(ratio: float, holds: bool) -> None:
    assert claim(NUDENET).holds(ratio) is holds


@pytest.mark.parametrize(("megabytes", "holds"), [(320, True), (321, False)])
def test_a_claim_of_at_most_fails_above_its_target(megabytes: float, holds: bool) -> None:
    assert claim("Size of the image").holds(megabytes) is holds


def test_what_needs_a_base_is_not_claimed_without_one() -> None:
    assert claim(AGAINST_THE_BASE).figure is None
    assert claim(AGAINST_THE_BASE, base={"wall": 1.2, "cpu": 1.15}).figure == 1.15


def test_only_what_needs_a_base_may_have_no_recorded_figure() -> None:
    """A misspelt path would look like something that was not measured."""
    without = {each.text for each in claims(PARTS) if each.wall is None}
    assert not {text for text in without if "the base" not in text}


def test_a_release_keeps_the_figure_of_each_claim_that_was_measured() -> None:
    kept = releases.release("9.9.9", results(nudenet={"wall": 1.3, "cpu": 1.2}))
    assert kept["figures"][NUDENET] == 1.2
    assert AGAINST_THE_BASE not in kept["figures"]


def test_a_release_that_is_measured_again_replaces_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "RELEASES", tmp_path / "releases.json")
    releases.write([releases.release("0.0.1", PARTS)])
    releases.keep()
    releases.keep()
    assert [each["version"] for each in releases.read()] == ["0.0.1", VERSION]


def test_the_page_shows_every_release_beside_every_claim() -> None:
    found = claims(results(nudenet={"wall": 1.3, "cpu": 1.2}))
    kept = {"version": "0.0.1", "measured": "2026-01-01", "cpu": "C", "figures": {NUDENET: 2}}
    table = tables.releases([kept], found)
    assert f"| {NUDENET} | 2 x |" in table
    assert all(each.text in table for each in found)


def test_what_is_kept_of_releases_are_figures_of_claims() -> None:
    """One of another text would never be shown."""
    texts = {each.text for each in claims(PARTS)}
    assert all(each["figures"].keys() <= texts for each in releases.read())
