"""Says what each threshold does to a set of scores: which share of nsfw pictures it catches, and what else it flags."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum

from moderate.verdict import DECIMALS
from modest_cli.evaluation.proportions import Share


@dataclass(frozen=True, slots=True)
class Detection:
    """Holds what comes of calling every score from a threshold on nsfw."""

    threshold: float
    recall: Share
    """Counts nsfw pictures, and those of them that are flagged."""
    false_positives: Share
    """Counts safe pictures, and those of them that are flagged."""

    @property
    def precision(self) -> Share:
        """Counts flagged pictures, and those of them that are nsfw; nothing unless there are pictures of both kinds.

        It depends on how many of all pictures are nsfw.
        """
        if not self.recall.total or not self.false_positives.total:
            return Share(0, 0)
        return Share(self.recall.hits, self.recall.hits + self.false_positives.hits)


class Sample:
    """Holds the scores of nsfw and of safe pictures."""

    def __init__(self, nsfw: Iterable[float], safe: Iterable[float]) -> None:
        self._nsfw = sorted(nsfw)
        self._safe = sorted(safe)

    def at(self, threshold: float) -> Detection:
        return Detection(threshold, _share_from(self._nsfw, threshold), _share_from(self._safe, threshold))

    def curve(self) -> list[Detection]:
        """Returns what every threshold does that makes a difference, from the highest on."""
        return [self.at(threshold) for threshold in sorted({*self._nsfw, *self._safe}, reverse=True)]

    def reaching_recall(self, wanted: float) -> Detection | None:
        """Returns the highest threshold that catches this share of the nsfw pictures; None if there are none."""
        found = map(self.at, reversed(self._nsfw))
        return next((each for each in found if _value(each.recall) >= wanted), None)

    def within_false_positives(self, wanted: float) -> Detection | None:
        """Returns the lowest threshold that flags no larger share of the safe pictures.

        None if there are none, or if too many have the highest score that there is.
        """
        if not self._safe:
            return None
        above = (round(score + 10**-DECIMALS, DECIMALS) for score in dict.fromkeys(self._safe))
        found = map(self.at, (0.0, *(threshold for threshold in above if threshold <= 1)))
        return next((each for each in found if _value(each.false_positives) <= wanted), None)


def area_under_roc(curve: Sequence[Detection]) -> float | None:
    """Returns the area under recall over false positives: the chance that a nsfw picture scores higher than a safe one.

    Equal scores count half, which the trapezoids between the points come to. None without pictures of both kinds.
    """
    points = [(0.0, 0.0), *((_value(each.false_positives), _value(each.recall)) for each in curve)]
    if not _has_both(curve):
        return None
    return fsum((right - left) * (low + high) / 2 for (left, low), (right, high) in pairwise(points))


def average_precision(curve: Sequence[Detection]) -> float | None:
    """Returns the mean of the precisions, each weighted with what recall rises by: the sum of (R_n - R_n-1) P_n.

    The straight lines of trapezoids would promise too much (J. Davis and M. Goadrich, "The relationship between
    precision-recall and ROC curves", 2006). None without pictures of both kinds.
    """
    if not _has_both(curve):
        return None
    recalls = [0.0, *(_value(each.recall) for each in curve)]
    return fsum(
        (now - before) * _value(each.precision) for each, (before, now) in zip(curve, pairwise(recalls), strict=True)
    )


def corners(curve: Iterable[Detection]) -> list[Detection]:
    """Returns the curve without the points between two others of the same recall, without which it is drawn alike."""
    kept: list[Detection] = []
    for each in curve:
        if len(kept) > 1 and kept[-2].recall == kept[-1].recall == each.recall:
            kept.pop()
        kept.append(each)
    return kept


def _has_both(curve: Sequence[Detection]) -> bool:
    return bool(curve) and bool(curve[0].recall.total) and bool(curve[0].false_positives.total)


def _share_from(scores: list[float], threshold: float) -> Share:
    return Share(len(scores) - bisect_left(scores, threshold), len(scores))


def _value(share: Share) -> float:
    return share.value or 0.0
