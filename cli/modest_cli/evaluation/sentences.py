"""Says in words what the figures mean and what they leave open, for the terminal and the report alike."""

from collections.abc import Iterator
from dataclasses import dataclass

from moderate.verdict import Verdict
from modest_cli.evaluation.curves import Detection
from modest_cli.evaluation.figures import Evaluation, Kind, Result, if_blocked, if_passed
from modest_cli.evaluation.labelled import Truth
from modest_cli.evaluation.proportions import CONFIDENCE, Share, at_least, at_most, needed

CONFIDENT = f"{CONFIDENCE:.0%}"
CAUTIONS = (
    f"Intervals are Wilson's, with {CONFIDENT} confidence.",
    "All of this assumes pictures drawn by chance from those that you will judge. Many from one source prove less.",
    "Precision depends on how many of the pictures are nsfw. Try a threshold that you chose here on other pictures.",
)
_MOST_DECIMALS = 4
_ALL_OR_NOTHING = (0, 100)
_EXCEPTIONS_SHOWN = 4
_NAMES = {Truth.SAFE: "Safe pictures", Truth.NSFW: "nsfw pictures", Truth.APART: "Pictures that count apart"}


@dataclass(frozen=True, slots=True)
class Wanted:
    recall: float
    false_positives: float


def percent(value: float | None) -> str:
    """Returns a percentage that is 0% or 100% only if the value is."""
    if value is None:
        return "-"
    if value in (0, 1):
        return f"{value:.0%}"
    texts = [f"{value:.{decimals}%}" for decimals in range(1, _MOST_DECIMALS)]
    return next((text for text in texts if float(text[:-1]) not in _ALL_OR_NOTHING), texts[-1])


def with_interval(share: Share) -> str:
    if share.value is None:
        return "-"
    low, high = map(percent, share.interval)
    return f"{percent(share.value)} ({low[:-1]}-{high[:-1]})"


def pictures(evaluation: Evaluation) -> Iterator[str]:
    """Yields what was judged, what was not, and what that leaves open."""
    for truth, kind in evaluation.kinds.items():
        if kind.found or truth is not Truth.APART:
            yield _counted(truth, kind)
    counted = evaluation.counted
    if counted.copies:
        yield f"Copies of a picture, which count once: {counted.copies:,}."
    if counted.contradictory:
        yield f"Files whose picture has two labels, which count in nothing: {counted.contradictory:,}."
    if evaluation.in_part:
        yield (
            f"Animations that were judged in part: {evaluation.in_part:,}. They are questionable at best; where a "
            "threshold decides that they do not reach, the answer is the error `too_many_frames`."
        )
    if any(kind.refused and truth is not Truth.APART for truth, kind in evaluation.kinds.items()):
        yield "A refused picture is neither caught nor missed: the client decides, and the shares leave it out."


def refusals(evaluation: Evaluation, result: Result) -> Iterator[str]:
    """Yields what the verdict `nsfw` comes to if a client lets through what is refused, and if it blocks that."""
    detection = result.verdicts[Verdict.NSFW]
    for name, truth, share in (
        ("recall", Truth.NSFW, detection.recall),
        ("false positives", Truth.SAFE, detection.false_positives),
    ):
        kind = evaluation.kinds[truth]
        if kind.refused:
            passed, blocked = (percent(reading(share, kind).value) for reading in (if_passed, if_blocked))
            yield (
                f"With what was refused ({truth}: {kind.refused.total():,}): {name} {passed} if a client lets it "
                f"through, {blocked} if it blocks it."
            )


def thresholds_wanted(result: Result, wanted: Wanted) -> Iterator[str]:
    """Yields the thresholds that reach what is wanted on these pictures."""
    detection = result.verdicts[Verdict.NSFW]
    if detection.recall.total:
        found = result.sample.reaching_recall(wanted.recall)
        yield f"Recall of {percent(wanted.recall)} or more: {_threshold(found)}"
    if detection.false_positives.total:
        found = result.sample.within_false_positives(wanted.false_positives)
        yield f"False positives of {percent(wanted.false_positives)} or less: {_threshold(found)}"


def claims(result: Result, wanted: Wanted) -> Iterator[str]:
    """Yields what these pictures prove of the verdict `nsfw`, and how many would prove what is wanted."""
    detection = result.verdicts[Verdict.NSFW]
    caught, flagged = detection.recall, detection.false_positives
    if caught.total:
        bound = percent(at_least(caught.hits, caught.total))
        proof = _proof(wanted.recall, caught, percent(wanted.recall))
        yield f"Proved with {CONFIDENT} confidence: recall is {bound} or more. {proof}"
    if flagged.total:
        bound = percent(at_most(flagged.hits, flagged.total))
        passed = Share(flagged.total - flagged.hits, flagged.total)
        proof = _proof(1 - wanted.false_positives, passed, percent(wanted.false_positives))
        yield f"Proved with {CONFIDENT} confidence: false positives are {bound} or less. {proof}"


def sizes(wanted: Wanted) -> Iterator[str]:
    """Yields how many pictures each claim takes, by how many of them are exceptions."""
    for claim, text, exception in (
        (wanted.recall, f"a recall of {percent(wanted.recall)} takes this many nsfw pictures", "missed"),
        (
            1 - wanted.false_positives,
            f"false positives of {percent(wanted.false_positives)} takes this many safe pictures",
            "flagged",
        ),
    ):
        counts = ", ".join(f"{needed(claim, number):,} if {number}" for number in range(_EXCEPTIONS_SHOWN))
        yield f"To prove {text}: {counts} are {exception}."


def _counted(truth: Truth, kind: Kind) -> str:
    causes = ", ".join(f"{code}: {number:,}" for code, number in sorted(kind.refused.items()))
    refused = f" Refused: {kind.refused.total():,} ({causes})." if causes else ""
    return f"{_NAMES[truth]}: {kind.judged:,} judged.{refused}"


def _threshold(found: Detection | None) -> str:
    if found is None:
        return "no threshold, because too many safe pictures have the highest score that there is."
    return (
        f"threshold {found.threshold:.4f} (recall {with_interval(found.recall)}, "
        f"false positives {with_interval(found.false_positives)})."
    )


def _proof(claim: float, share: Share, wanted: str) -> str:
    if at_least(share.hits, share.total) >= claim:
        return f"So the {wanted} that you want are proved."
    if share.hits / share.total < claim:
        return f"The {wanted} that you want are not reached."
    enough = needed(claim, share.total - share.hits)
    return f"To prove the {wanted} that you want takes {enough:,} pictures with no more exceptions."
