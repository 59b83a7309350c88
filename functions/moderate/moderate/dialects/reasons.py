"""Puts what decided about an image into an answer, in the same words in each API."""

from dataclasses import asdict
from typing import Any, cast

from typing_extensions import TypedDict

from moderate.blocking.hits import ListHit
from moderate.inference.reasons import Reason
from moderate.pipeline import Judgement

ReasonMeta = TypedDict(
    "ReasonMeta",
    {
        "class": str,
        "class_limit": float,
        "second_opinion": bool,
        "square": int,
        "frame": int,
        "in_part": bool,
        "list": str,
        "match": str,
        "distance": int,
    },
    total=False,
)


def shown_reason(judgement: Judgement) -> ReasonMeta:
    reason = judgement.reason
    shown: dict[str, Any] = asdict(reason) if isinstance(reason, ListHit) else _of_picture(reason)
    return cast("ReasonMeta", shown)


def _of_picture(reason: Reason) -> dict[str, Any]:
    """Leaves out what did not matter."""
    if reason.class_name is None:
        return {"in_part": True}
    facts = {"class": reason.class_name} | asdict(reason)
    del facts["class_name"]
    return {name: value for name, value in facts.items() if value}
