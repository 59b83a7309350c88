"""A set whose answers are known gives the figures that are known."""

from collections import Counter

import pytest

from moderate.verdict import Cuts, Policy, Verdict
from modest_cli.evaluation.documents import as_document
from modest_cli.evaluation.figures import Evaluation, Specimen, evaluate, if_blocked, if_passed
from modest_cli.evaluation.labelled import Truth
from modest_cli.evaluation.proportions import Share
from modest_cli.evaluation.scoring import Finding, Refused, Scored, Setting
from modest_cli.evaluation.sentences import Wanted, claims, percent, pictures, refusals, thresholds_wanted

SETTINGS = [Setting("one", Policy.BALANCED), Setting("one, then other", Policy.BALANCED)]
REFUSED = Refused("undecodable_image", "The image breaks off.")
WANTED = Wanted(recall=0.95, false_positives=0.01)


def specimen(truth: Truth, finding: Finding | tuple[float, ...], digest: object, group: str = "") -> Specimen:
    found = Scored(finding) if isinstance(finding, tuple) else finding
    return Specimen(f"{truth}-{digest}.png", str(digest), truth, group or truth, found)


def known() -> list[Specimen]:
    """Of 100 nsfw pictures, the first models call 90 nsfw and 4 questionable, and 3 are refused; the second ones 80.

    Of 200 safe ones, the first call 5 nsfw and 10 questionable, and 1 is refused; the second ones none and 5.
    """
    nsfw: list[Finding | tuple[float, ...]] = [
        *[(0.9, 0.8)] * 80,
        *[(0.9, 0.4)] * 10,
        *[(0.4, 0.2)] * 4,
        *[(0.1, 0.1)] * 3,
        *[REFUSED] * 3,
    ]
    safe: list[Finding | tuple[float, ...]] = [*[(0.7, 0.3)] * 5, *[(0.35, 0.1)] * 10, *[(0.0, 0.0)] * 184, REFUSED]
    return [
        specimen(truth, finding, f"{truth}{number}")
        for truth, found in ((Truth.NSFW, nsfw), (Truth.SAFE, safe))
        for number, finding in enumerate(found)
    ]


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluate(known(), SETTINGS, Cuts())


def test_each_setting_has_its_own_recall_false_positives_and_precision(evaluation: Evaluation) -> None:
    found = [
        [(each.recall, each.false_positives, each.precision) for each in result.verdicts.values()]
        for result in evaluation.results
    ]
    assert found == [
        [(Share(90, 97), Share(5, 199), Share(90, 95)), (Share(94, 97), Share(15, 199), Share(94, 109))],
        [(Share(80, 97), Share(0, 199), Share(80, 80)), (Share(90, 97), Share(5, 199), Share(90, 95))],
    ]
    assert Share(90, 97).interval == pytest.approx((0.8585, 0.9646), abs=5e-5)


def test_what_is_refused_is_counted_apart_by_its_cause_and_both_readings_are_given(evaluation: Evaluation) -> None:
    kind = evaluation.kinds[Truth.NSFW]
    assert (kind.found, kind.judged, kind.refused) == (100, 97, Counter(undecodable_image=3))
    assert (if_passed(Share(90, 97), kind), if_blocked(Share(90, 97), kind)) == (Share(90, 100), Share(93, 100))
    assert list(refusals(evaluation, evaluation.results[0])) == [
        "With what was refused (nsfw: 3): recall 90.0% if a client lets it through, 93.0% if it blocks it.",
        "With what was refused (safe: 1): false positives 2.5% if a client lets it through, 3.0% if it blocks it.",
    ]


def test_thresholds_and_claims_are_worded(evaluation: Evaluation) -> None:
    first, second = evaluation.results
    assert list(thresholds_wanted(first, WANTED)) == [
        "Recall of 95.0% or more: threshold 0.4000 (recall 96.9% (91.3-98.9), false positives 2.5% (1.1-5.7)).",
        "False positives of 1.0% or less: threshold 0.7001 (recall 92.8% (85.8-96.5), false positives 0% (0-1.9)).",
    ]
    assert list(claims(first, WANTED)) == [
        "Proved with 95% confidence: recall is 86.9% or more. The 95.0% that you want are not reached.",
        "Proved with 95% confidence: false positives are 5.2% or less. The 1.0% that you want are not reached.",
    ]
    assert list(claims(second, WANTED))[1] == (
        "Proved with 95% confidence: false positives are 1.5% or less. "
        "To prove the 1.0% that you want takes 299 pictures with no more exceptions."
    )


def test_copies_count_once_and_what_has_two_labels_counts_in_nothing() -> None:
    specimens = [
        specimen(Truth.SAFE, (0.9,), "copy"),
        specimen(Truth.SAFE, (0.9,), "copy"),
        specimen(Truth.SAFE, (0.9,), "both"),
        specimen(Truth.NSFW, (0.9,), "both"),
        specimen(Truth.NSFW, Refused("unreadable_file", ""), ""),
        specimen(Truth.NSFW, Refused("unreadable_file", ""), ""),
    ]
    found = evaluate(specimens, SETTINGS[:1], Cuts())
    detection = found.results[0].verdicts[Verdict.NSFW]
    assert (detection.recall, detection.false_positives) == (Share(0, 0), Share(1, 1))
    assert (found.counted.copies, found.counted.contradictory) == (1, 2)
    assert found.kinds[Truth.NSFW].refused == Counter(unreadable_file=2)


def test_sexy_pictures_count_in_their_group_alone_unless_they_are_given_a_truth() -> None:
    specimens = [specimen(Truth.APART, (0.4,), number, "sexy") for number in range(4)]
    found = evaluate(specimens, SETTINGS[:1], Cuts()).results[0]
    assert found.verdicts[Verdict.NSFW].recall.total == found.verdicts[Verdict.NSFW].false_positives.total == 0
    assert [(group.name, group.nsfw, group.questionable) for group in found.groups] == [
        ("sexy", Share(0, 4), Share(4, 4))
    ]


def test_mistakes_are_named_only_if_they_are_asked_for_and_the_worst_come_first() -> None:
    specimens = [specimen(Truth.SAFE, (score / 10,), score) for score in range(10)]
    assert not evaluate(specimens, SETTINGS[:1], Cuts()).results[0].flagged
    found = evaluate(specimens, SETTINGS[:1], Cuts(), errors=3)
    assert [each.score for each in found.results[0].flagged] == [0.9, 0.8, 0.7]
    assert not found.results[0].missed
    document = as_document(found, WANTED, (), errors=False)
    assert {"flagged", "missed", "refused"}.isdisjoint(document["results"][0].keys() | document.keys())


def test_an_empty_set_gives_no_figures_and_no_errors() -> None:
    found = evaluate([], SETTINGS, Cuts())
    assert found.results[0].verdicts[Verdict.NSFW].recall.value is None
    assert list(pictures(found)) == ["Safe pictures: 0 judged.", "nsfw pictures: 0 judged."]
    assert not list(claims(found.results[0], WANTED)) + list(thresholds_wanted(found.results[0], WANTED))


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0%"), (1.0, "100%"), (0.5, "50.0%"), (0.9999, "99.99%"), (1e-9, "0.000%"), (0.0004, "0.04%")],
)
def test_a_percentage_is_0_or_100_only_if_it_is(value: float | None, text: str) -> None:
    assert percent(value) == text
