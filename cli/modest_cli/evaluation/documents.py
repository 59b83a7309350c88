"""Turns an evaluation into JSON for programs."""

from collections.abc import Callable, Sequence
from typing import Any

from modest_cli.evaluation.curves import Detection
from modest_cli.evaluation.figures import Evaluation, Group, Kind, Result, Unjudged, if_blocked, if_passed
from modest_cli.evaluation.labelled import Truth
from modest_cli.evaluation.proportions import CONFIDENCE, Share, at_least, at_most, needed
from modest_cli.evaluation.sentences import Wanted

_THRESHOLDS = tuple(hundredth / 100 for hundredth in range(101))


def as_document(evaluation: Evaluation, wanted: Wanted, notes: Sequence[str], *, errors: bool) -> dict[str, Any]:
    """errors: whether the worst mistakes are named."""
    return {
        "pictures": {
            truth: {"found": kind.found, "judged": kind.judged, "refused": dict(kind.refused)}
            for truth, kind in evaluation.kinds.items()
        },
        "copies": evaluation.counted.copies,
        "contradictory": evaluation.counted.contradictory,
        "judged_in_part": evaluation.in_part,
        "notes": list(notes),
        "cuts": {"questionable": evaluation.cuts.questionable, "nsfw": evaluation.cuts.nsfw},
        "confidence": CONFIDENCE,
        "wanted": {
            "recall": wanted.recall,
            "false_positives": wanted.false_positives,
            "pictures_without_exceptions": {
                "recall": needed(wanted.recall, 0),
                "false_positives": needed(1 - wanted.false_positives, 0),
            },
        },
        **({"refused": [_unjudged(each) for each in evaluation.unjudged]} if errors else {}),
        "results": [_result(result, evaluation, wanted, errors=errors) for result in evaluation.results],
    }


def _result(result: Result, evaluation: Evaluation, wanted: Wanted, *, errors: bool) -> dict[str, Any]:
    mistakes = {
        kind: [{"path": each.path, "nsfw_score": each.score} for each in found]
        for kind, found in (("flagged", result.flagged), ("missed", result.missed))
    }
    return {
        "models": result.setting.models,
        "policy": result.setting.policy,
        "verdicts": {verdict: _verdict(found, evaluation) for verdict, found in result.verdicts.items()},
        "wanted": {
            "recall": _if_any(result.sample.reaching_recall(wanted.recall)),
            "false_positives": _if_any(result.sample.within_false_positives(wanted.false_positives)),
        },
        "area_under_roc": result.area_under_roc,
        "average_precision": result.average_precision,
        "thresholds": [_detection(result.sample.at(threshold)) for threshold in _THRESHOLDS],
        "groups": {group.name: _group(group) for group in result.groups},
        **(mistakes if errors else {}),
    }


def _unjudged(unjudged: Unjudged) -> dict[str, Any]:
    return {"path": unjudged.path, "code": unjudged.refused.code, "message": unjudged.refused.message}


def _verdict(found: Detection, evaluation: Evaluation) -> dict[str, Any]:
    nsfw, safe = (evaluation.kinds[truth] for truth in (Truth.NSFW, Truth.SAFE))
    return {
        **_detection(found),
        "proved": {
            "recall_at_least": at_least(found.recall.hits, found.recall.total),
            "false_positives_at_most": at_most(found.false_positives.hits, found.false_positives.total),
        },
        "if_refused_pass": _with_refused(if_passed, found, nsfw, safe),
        "if_refused_are_blocked": _with_refused(if_blocked, found, nsfw, safe),
    }


def _with_refused(reading: Callable[[Share, Kind], Share], found: Detection, nsfw: Kind, safe: Kind) -> dict[str, Any]:
    return {
        "recall": _share(reading(found.recall, nsfw)),
        "false_positives": _share(reading(found.false_positives, safe)),
    }


def _if_any(found: Detection | None) -> dict[str, Any] | None:
    return None if found is None else _detection(found)


def _detection(found: Detection) -> dict[str, Any]:
    return {
        "threshold": found.threshold,
        "recall": _share(found.recall),
        "false_positives": _share(found.false_positives),
        "precision": _share(found.precision),
    }


def _group(group: Group) -> dict[str, Any]:
    return {"judged": group.judged, "nsfw": _share(group.nsfw), "questionable": _share(group.questionable)}


def _share(share: Share) -> dict[str, Any]:
    low, high = share.interval
    return {"value": share.value, "low": low, "high": high, "hits": share.hits, "total": share.total}
