import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderate.verdict import (
    CLASSES,
    Cuts,
    Policy,
    Scores,
    Verdict,
    agreed_score,
    in_part,
    is_doubtful,
    lifted_score,
    mean,
    nsfw_score,
    part_score,
    passes,
    verdict,
)


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


CUTS = Cuts(0.3, 0.6)


@st.composite
def cuts(draw: st.DrawFn, *, limited: bool = False) -> Cuts:
    lower, upper = sorted(draw(st.lists(st.integers(0, 10_000), min_size=2, max_size=2)))
    limits = st.dictionaries(st.sampled_from(CLASSES), st.integers(1, 10_000).map(lambda limit: limit / 10_000))
    return Cuts(lower / 10_000, upper / 10_000, draw(limits) if limited else {})


@pytest.mark.parametrize("limits", [{"nsfw": 0.4}, {"porn": 0.0}, {"porn": 1.1}, {"porn": math.nan}])
def test_a_class_limit_that_cannot_be_meant_is_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="class limits are"):
        Cuts(class_limits=limits)


@pytest.mark.parametrize(("porn", "score"), [(0.39994, 0.3999), (0.39996, 0.6), (0.4, 0.6), (0.7, 0.7)])
def test_a_class_limit_belongs_to_what_is_nsfw(porn: float, score: float) -> None:
    """0.39996 is shown as 0.4, so it is judged as 0.4."""
    assert lifted_score(scores(porn=porn), Policy.BALANCED, Cuts(class_limits={"porn": 0.4})) == score


@given(probabilities(), st.sampled_from(Policy), cuts(limited=True))
def test_a_class_that_reaches_its_limit_as_shown_lifts_the_score_to_where_nsfw_begins(
    found: Scores, policy: Policy, cuts: Cuts
) -> None:
    shown = {name: round(getattr(found, name), 4) for name in CLASSES}
    reached = [name for name, limit in cuts.class_limits.items() if shown[name] >= limit]
    lowest = cuts.nsfw if reached else 0.0
    assert lifted_score(found, policy, cuts) == max(nsfw_score(found, policy), lowest)


@pytest.mark.parametrize(
    ("first", "second", "score", "found"),
    [
        (0.4, 0.0, 0.2, "safe"),
        (0.5, 0.2, 0.35, "questionable"),
        (0.5, 0.9, 0.7, "nsfw"),
        (0.9, 0.8, 0.85, "nsfw"),
        (0.9, 0.2, 0.55, "questionable"),
        (0.6, 0.0, 0.3, "questionable"),
        (0.59, 0.0, 0.295, "safe"),
    ],
)
def test_two_opinions_make_the_score_of_their_mean_and_nsfw_becomes_questionable_at_least(
    first: float, second: float, score: float, found: str
) -> None:
    agreed = agreed_score(scores(porn=first), scores(porn=second), Policy.BALANCED, CUTS)
    assert agreed == pytest.approx(score)
    assert verdict(agreed, CUTS) == found


def test_a_second_opinion_is_wanted_from_the_first_cut_on() -> None:
    assert not is_doubtful(0.2999, CUTS)
    assert is_doubtful(0.3, CUTS)


@given(probabilities(), probabilities(), cuts(limited=True))
def test_under_the_strict_policy_a_second_opinion_only_raises(first: Scores, second: Scores, cuts: Cuts) -> None:
    assert agreed_score(first, second, Policy.STRICT, cuts) >= lifted_score(first, Policy.STRICT, cuts)


@given(probabilities(), probabilities(), st.sampled_from(Policy), cuts(limited=True))
def test_a_second_opinion_takes_back_one_step_of_a_verdict_at_most(
    first: Scores, second: Scores, policy: Policy, cuts: Cuts
) -> None:
    agreed = agreed_score(first, second, policy, cuts)
    if verdict(lifted_score(first, policy, cuts), cuts) is Verdict.NSFW:
        assert verdict(agreed, cuts) is not Verdict.SAFE


@given(probabilities(), probabilities(), st.sampled_from(Policy), cuts())
def test_an_agreed_score_lies_between_what_both_say(first: Scores, second: Scores, policy: Policy, cuts: Cuts) -> None:
    both = nsfw_score(first, policy), nsfw_score(second, policy)
    agreed = agreed_score(first, second, policy, cuts)
    assert min(both) - 0.0001 <= agreed <= max(both) + 0.0001
    assert agreed == round(agreed, 4) or agreed == cuts.questionable


@given(st.lists(probabilities(), min_size=2, max_size=2), probabilities(), st.sampled_from(Policy), cuts())
def test_the_worse_either_opinion_the_higher_the_agreed_score(
    pair: list[Scores], other: Scores, policy: Policy, cuts: Cuts
) -> None:
    better, worse = sorted(pair, key=lambda each: each.porn + each.hentai + policy.sexy_weight * each.sexy)
    assert agreed_score(better, other, policy, cuts) <= agreed_score(worse, other, policy, cuts)
    assert agreed_score(other, better, policy, cuts) <= agreed_score(other, worse, policy, cuts)


@given(probabilities(), probabilities())
def test_the_mean_of_two_opinions_is_one_itself(first: Scores, second: Scores) -> None:
    found = mean(first, second)
    assert math.fsum((found.drawing, found.hentai, found.neutral, found.porn, found.sexy)) == pytest.approx(1)
    assert mean(first, first) == first


@given(probabilities(), probabilities(), cuts(limited=True))
def test_under_the_strict_policy_a_second_opinion_only_raises_a_part_s_score_too(
    first: Scores, second: Scores, cuts: Cuts
) -> None:
    both, alone = (part_score(first, other, Policy.STRICT, cuts) for other in (second, None))
    assert both >= alone


@given(probabilities(), st.none() | probabilities(), st.sampled_from(Policy), cuts(limited=True))
def test_a_part_alone_is_nsfw_only_if_both_models_call_it_that(
    first: Scores, second: Scores | None, policy: Policy, cuts: Cuts
) -> None:
    agree = second is not None and all(lifted_score(each, policy, cuts) >= cuts.nsfw for each in (first, second))
    if not agree and cuts.nsfw > 0:
        assert verdict(part_score(first, second, policy, cuts), cuts) is not Verdict.NSFW
