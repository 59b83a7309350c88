"""Puts a judgement into the parts of oanor's answers."""

from moderate.calls.account_policy import Rules
from moderate.calls.parameters import Explain
from moderate.dialects.oanor_schema import (
    AnswerMeta,
    Classes,
    ClassifyData,
    Envelope,
    FramesMeta,
    OpinionMeta,
    PolicyMeta,
    SecondOpinionMeta,
    new_meta,
)
from moderate.dialects.reasons import shown_reason
from moderate.inference.heatmap import EXPLAINED, Grid
from moderate.inference.judge import Opinion
from moderate.inference.model_file import Model
from moderate.pipeline import Judgement
from moderate.verdict import Scores, Verdict


def envelope(
    request_id: str, judgement: Judgement, model: Model, message: str, rules: Rules, *, safe: bool
) -> Envelope:
    """model: the first one, which judges every image. safe: whether the answer says so."""
    new = new_meta(request_id)
    meta = AnswerMeta(
        timestamp=new["timestamp"],
        request_id=new["request_id"],
        model=_name(model),
        frames=FramesMeta(judged=judgement.frames.judged, total=judgement.frames.total),
        sha256=judgement.digest,
    )
    if not safe or judgement.verdict is not Verdict.SAFE:
        meta["reason"] = shown_reason(judgement)
    if opinion := judgement.second_opinion:
        meta["second_opinion"] = SecondOpinionMeta(first=_opinion(opinion.first), second=_opinion(opinion.second))
    if judgement.tiles:
        meta["tiles"] = judgement.tiles
    if rules.of_account:
        meta["policy"] = shown_rules(rules)
    return Envelope(meta=meta, status="ok", message=message, success=True)


def classified(judgement: Judgement, explain: Explain, size: int) -> ClassifyData:
    """size: how many pixels a side an overlay has."""
    data = ClassifyData(
        safe=judgement.verdict is Verdict.SAFE,
        classes=_classes(judgement.scores),
        verdict=judgement.verdict,
        top_class=judgement.scores.top_class.capitalize(),
        nsfw_score=judgement.nsfw_score,
    )
    if explain is not Explain.NOTHING:
        data["heatmaps"] = judgement.heatmaps
    if explain is Explain.OVERLAY:
        grids = judgement.heatmaps
        data["overlay"] = _overlay(grids[_worst_class(judgement)], size) if grids else None
    return data


def _overlay(grid: Grid, size: int) -> str:
    # Few calls want one, and to load what draws takes a start 10 ms.
    from moderate.inference.overlay import overlay  # noqa: PLC0415

    return overlay(grid, size)


def shown_rules(rules: Rules) -> PolicyMeta:
    cuts = rules.cuts
    return PolicyMeta(
        name=rules.policy,
        questionable_from=cuts.questionable,
        nsfw_from=cuts.nsfw,
        class_limits=dict(cuts.class_limits),
    )


def _opinion(opinion: Opinion) -> OpinionMeta:
    return OpinionMeta(model=_name(opinion.model), nsfw_score=opinion.nsfw_score, classes=_classes(opinion.scores))


def _name(model: Model) -> dict[str, str]:
    return {"name": model.name, "version": model.version}


def _classes(scores: Scores) -> Classes:
    shown = scores.rounded()
    return Classes(porn=shown.porn, sexy=shown.sexy, hentai=shown.hentai, drawing=shown.drawing, neutral=shown.neutral)


def _worst_class(judgement: Judgement) -> str:
    return max(EXPLAINED, key=lambda name: float(getattr(judgement.scores, name)))
