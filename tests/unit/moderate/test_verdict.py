import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderate.verdict import Cuts, Policy, Scores, Verdict, in_part, nsfw_score, passes, verdict


@st.composite
def probabilities(draw: st.DrawFn) -> Scores:
    weights = draw(st.lists(st.floats(1e-6, 1), min_size=5, max_size=5))
    return Scores(*(weight / math.fsum(weights) for weight in weights))


def scores(*, porn: float = 0.0, hentai: float = 0.0, sexy: float = 0.0) -> Scores:
    return Scores(drawing=0.0, hentai=hentai, neutral=1 - porn - hentai - sexy, porn=porn, sexy=sexy)


@pytest.mark.parametrize(("policy", "expected"), [("lenient", 0.3), ("balanced", 0.5), ("strict", 0.7)])
def test_the_policy_weighs_what_is_suggestive(policy: str, expected: float) -> None:
    assert nsfw_score(scores(porn=0.1, hentai=0.2, sexy=0.4), Policy(policy)) == expected


def test_the_published_sample_scores_what_it_shows() -> None:
    sample = Scores(drawing=0.0134, hentai=0.0006, neutral=0.9857, porn=0.0002, sexy=0.0001)
    assert nsfw_score(sample, Policy.LENIENT) == 0.0008


def test_balanced_never_calls_swimwear_alone_nsfw() -> None:
    assert verdict(nsfw_score(scores(sexy=1.0), Policy.BALANCED), Cuts()) is Verdict.QUESTIONABLE


@pytest.mark.parametrize(
    ("score", "expected"),
    [(0.0, "safe"), (0.2999, "safe"), (0.3, "questionable"), (0.5999, "questionable"), (0.6, "nsfw"), (1.0, "nsfw")],
)
def test_a_cut_belongs_to_the_verdict_above_it(score: float, expected: str) -> None:
    assert verdict(score, Cuts()) == expected


def test_a_score_is_rounded_before_it_is_compared() -> None:
    """0.59996 is shown as 0.6, so it is judged as 0.6."""
    assert verdict(nsfw_score(scores(porn=0.59996), Policy.BALANCED), Cuts()) is Verdict.NSFW


@given(probabilities(), st.sampled_from(Policy))
def test_a_score_is_a_share_with_four_places(found: Scores, policy: Policy) -> None:
    score = nsfw_score(found, policy)
    assert 0 <= score <= 1
    assert score == round(score, 4)


@given(probabilities())
def test_a_stricter_policy_never_lowers_the_score(found: Scores) -> None:
    lenient, balanced, strict = (nsfw_score(found, policy) for policy in Policy)
    assert lenient <= balanced <= strict


def test_probabilities_that_sum_to_a_little_over_one_score_one() -> None:
    assert nsfw_score(Scores(drawing=0.0, hentai=0.5, neutral=0.0, porn=0.5001, sexy=0.0), Policy.STRICT) == 1.0


@pytest.mark.parametrize("threshold", [0.0, 0.25, 1.0])
def test_an_image_passes_below_the_threshold_and_not_at_it(threshold: float) -> None:
    assert not passes(threshold, threshold)
    assert passes(threshold - 0.0001, threshold)


@pytest.mark.parametrize("cuts", [(-0.1, 0.6), (0.3, 1.1), (0.7, 0.6), (math.nan, 0.6), (0.3, math.nan)])
def test_cuts_that_cannot_be_meant_are_refused(cuts: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="cuts must satisfy"):
        Cuts(*cuts)


def test_the_top_class_is_the_likeliest() -> None:
    assert scores(porn=0.2, sexy=0.7).top_class == "sexy"


def test_scores_are_shown_with_four_places() -> None:
    assert scores(porn=1 / 3).rounded() == Scores(drawing=0.0, hentai=0.0, neutral=0.6667, porn=0.3333, sexy=0.0)


@pytest.mark.parametrize(
    ("score", "expected"),
    [(0.0, (0.3, "questionable")), (0.4, (0.4, "questionable")), (0.6, (0.6, "nsfw")), (1.0, (1.0, "nsfw"))],
)
def test_what_was_judged_in_part_is_never_safe(score: float, expected: tuple[float, str]) -> None:
    assert in_part(score, Cuts()) == expected
