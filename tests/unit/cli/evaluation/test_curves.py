"""What thresholds do, and what the areas under curves mean."""

from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modest_cli.evaluation.curves import Sample, area_under_roc, average_precision, corners
from modest_cli.evaluation.proportions import Share

SAMPLE = Sample(nsfw=[0.9, 0.8, 0.6, 0.2], safe=[0.7, 0.3, 0.1, 0.1, 0.0])

# Few different ones, so that many are equal.
scores = st.lists(st.integers(0, 20).map(lambda score: score / 20), min_size=1, max_size=40)


def test_a_threshold_flags_scores_that_reach_it() -> None:
    detection = SAMPLE.at(0.6)
    assert (detection.recall, detection.false_positives) == (Share(3, 4), Share(1, 5))
    assert detection.precision == Share(3, 4)


def test_the_highest_threshold_that_reaches_a_recall_is_found() -> None:
    found = {wanted: SAMPLE.reaching_recall(wanted) for wanted in (0.25, 0.5, 0.51, 0.75, 0.95)}
    assert [each and each.threshold for each in found.values()] == [0.9, 0.8, 0.6, 0.6, 0.2]
    assert Sample([], [0.5]).reaching_recall(0.5) is None


def test_the_lowest_threshold_that_flags_few_enough_safe_pictures_is_found() -> None:
    found = {wanted: SAMPLE.within_false_positives(wanted) for wanted in (0.01, 0.2, 0.4, 0.8, 0.99)}
    assert [each and each.threshold for each in found.values()] == [0.7001, 0.3001, 0.1001, 0.0001, 0.0001]
    assert Sample([0.5], []).within_false_positives(0.5) is None
    assert Sample([1.0], [1.0, 0.0]).within_false_positives(0.1) is None


def test_without_pictures_of_both_kinds_there_is_no_area() -> None:
    for sample in (Sample([], []), Sample([0.5], []), Sample([], [0.5])):
        assert (area_under_roc(sample.curve()), average_precision(sample.curve())) == (None, None)


def test_the_areas_of_a_published_example() -> None:
    """It is the example of scikit-learn's roc_auc_score and average_precision_score."""
    curve = Sample(nsfw=[0.35, 0.8], safe=[0.1, 0.4]).curve()
    assert area_under_roc(curve) == 0.75
    assert average_precision(curve) == pytest.approx(5 / 6)


@given(scores, scores)
def test_the_area_under_roc_is_the_chance_that_a_nsfw_picture_scores_higher(
    nsfw: list[float], safe: list[float]
) -> None:
    chance = fmean((one > other) + (one == other) / 2 for one in nsfw for other in safe)
    assert area_under_roc(Sample(nsfw, safe).curve()) == pytest.approx(chance)


@given(scores, scores)
def test_average_precision_is_the_mean_of_the_precisions_at_each_nsfw_picture(
    nsfw: list[float], safe: list[float]
) -> None:
    sample = Sample(nsfw, safe)
    precisions = [sample.at(score).precision.value or 0 for score in nsfw]
    assert average_precision(sample.curve()) == pytest.approx(fmean(precisions))


@given(scores, scores)
def test_corners_draw_the_same_curve(nsfw: list[float], safe: list[float]) -> None:
    curve = Sample(nsfw, safe).curve()
    assert area_under_roc(corners(curve)) == pytest.approx(area_under_roc(curve))
    assert {each.recall for each in corners(curve)} == {each.recall for each in curve}
