"""Defines what oanor's endpoints answer, for the type checker and for the OpenAPI document."""

from datetime import UTC, datetime
from typing import NotRequired

from typing_extensions import TypedDict

from moderate.dialects.reasons import ReasonMeta


class FramesMeta(TypedDict):
    judged: int
    total: int


class Meta(TypedDict):
    timestamp: str
    request_id: str


class CheckData(TypedDict):
    safe: bool
    threshold: float
    top_class: str
    nsfw_score: float


class Classes(TypedDict):
    porn: float
    sexy: float
    hentai: float
    drawing: float
    neutral: float


class OpinionMeta(TypedDict):
    model: dict[str, str]
    nsfw_score: float
    classes: Classes


class SecondOpinionMeta(TypedDict):
    first: OpinionMeta
    second: OpinionMeta


class PolicyMeta(TypedDict):
    name: str
    questionable_from: float
    nsfw_from: float
    class_limits: dict[str, float]


class AnswerMeta(Meta):
    model: dict[str, str]
    frames: FramesMeta
    sha256: str | None
    verdict: NotRequired[str]
    reason: NotRequired[ReasonMeta]
    second_opinion: NotRequired[SecondOpinionMeta]
    tiles: NotRequired[int]
    policy: NotRequired[PolicyMeta]


class ClassifyData(TypedDict):
    safe: bool
    classes: Classes
    verdict: str
    top_class: str
    nsfw_score: float
    heatmaps: NotRequired[dict[str, list[list[float]]] | None]
    overlay: NotRequired[str | None]


class Envelope(TypedDict):
    meta: AnswerMeta
    status: str
    message: str
    success: bool


class CheckAnswer(Envelope):
    data: CheckData


class ClassifyAnswer(Envelope):
    data: ClassifyData


class GateData(TypedDict):
    passed: bool
    verdict: str
    top_class: str
    nsfw_score: float


class GateAnswer(Envelope):
    data: GateData


class OanorError(TypedDict):
    data: None
    meta: Meta
    status: str
    success: bool
    message: str
    error: str
    code: str
    param: str | None


def new_meta(request_id: str) -> Meta:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Meta(timestamp=now, request_id=request_id)
