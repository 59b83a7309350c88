"""Lays out the curves of an evaluation, in the units of the report's drawings."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from modest_cli.evaluation.curves import Detection, corners
from modest_cli.evaluation.figures import Result

SIDE = 240
"""The length of each axis."""
TICKS = tuple(fifth / 5 for fifth in range(6))

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    path: str
    """What SVG calls the data of a path."""
    marks: Sequence[Point]
    """Where the verdicts `nsfw` and `questionable` are."""


@dataclass(frozen=True, slots=True)
class Plot:
    title: str
    across: str
    up: str
    lines: Sequence[Line]


def plots(results: Iterable[Result]) -> list[Plot]:
    """Returns the ROC and the precision-recall curves; nothing without pictures of both kinds."""
    drawn = [result for result in results if result.area_under_roc is not None]
    if not drawn:
        return []
    return [
        Plot("ROC", "false positives", "recall", [_line(result, _roc, _roc_curve) for result in drawn]),
        Plot("Precision and recall", "recall", "precision", [_line(result, _pr, _pr_curve) for result in drawn]),
    ]


def place(point: Point) -> Point:
    """Returns where a point is drawn: SVG counts downwards."""
    across, up = point
    return round(across * SIDE, 1), round((1 - up) * SIDE, 1)


def _line(
    result: Result, measured: Callable[[Detection], Point], curve: Callable[[Sequence[Detection]], list[Point]]
) -> Line:
    # Points that fall on one place of the drawing are one.
    points = dict.fromkeys(map(place, curve(corners(result.curve))))
    marks = [place(measured(detection)) for detection in result.verdicts.values() if detection.precision.total]
    return Line(result.setting.models, "M" + "L".join(f"{across} {up}" for across, up in points), marks)


def _roc(detection: Detection) -> Point:
    return detection.false_positives.value or 0.0, detection.recall.value or 0.0


def _pr(detection: Detection) -> Point:
    return detection.recall.value or 0.0, detection.precision.value or 0.0


def _roc_curve(curve: Sequence[Detection]) -> list[Point]:
    return [(0.0, 0.0), *map(_roc, curve)]


def _pr_curve(curve: Sequence[Detection]) -> list[Point]:
    """Returns a curve of steps, whose area is the average precision."""
    points: list[Point] = []
    reached = 0.0
    for recall, precision in map(_pr, curve):
        points += [(reached, precision), (recall, precision)]
        reached = recall
    return points
