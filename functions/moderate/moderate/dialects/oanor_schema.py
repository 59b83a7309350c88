"""The shapes of oanor's endpoints, for the type checker and for the OpenAPI document."""

from typing import Any

from typing_extensions import TypedDict

from moderate.formats import CONTENT_TYPES


class FramesMeta(TypedDict):
    judged: int
    total: int


class Meta(TypedDict):
    timestamp: str
    request_id: str


class AnswerMeta(Meta):
    model: dict[str, str]
    frames: FramesMeta


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


class ClassifyData(TypedDict):
    safe: bool
    classes: Classes
    verdict: str
    top_class: str
    nsfw_score: float


class Envelope(TypedDict):
    meta: AnswerMeta
    status: str
    message: str
    success: bool


class CheckAnswer(Envelope):
    data: CheckData


class ClassifyAnswer(Envelope):
    data: ClassifyData


class ErrorAnswer(TypedDict):
    data: None
    meta: Meta
    status: str
    success: bool
    message: str
    error: str
    code: str
    param: str | None


_EXAMPLE_URL = "https://tesseract.projectnaptha.com/img/eng_bw.png"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_POLICY = {
    "enum": ["lenient", "balanced", "strict"],
    "description": "Default: the operator's, as a rule balanced.",
}
_THRESHOLD = {
    "type": "number",
    "minimum": 0,
    "maximum": 1,
    "default": 0.6,
    "description": "safe means a score below this",
}
_META = {
    "timestamp": "2026-05-31T03:47:44.172Z",
    "request_id": "eb816e53-5961-4837-8f20-e3477e10a3ad",
    "model": {"name": "mobilenet_v2", "version": "nsfwjs-4.4.0"},
    "frames": {"judged": 1, "total": 1},
}
_EXAMPLES: dict[str, dict[str, Any]] = {
    "check": {
        "data": {"safe": True, "threshold": 0.6, "top_class": "Neutral", "nsfw_score": 0.0008},
        "meta": _META,
        "status": "ok",
        "message": "Image checked",
        "success": True,
    },
    "classify": {
        "data": {
            "safe": True,
            "classes": {"porn": 0.0002, "sexy": 0, "hentai": 0.0006, "drawing": 0.0031, "neutral": 0.9961},
            "verdict": "safe",
            "top_class": "Neutral",
            "nsfw_score": 0.0008,
        },
        "meta": _META,
        "status": "ok",
        "message": "Image classified",
        "success": True,
    },
}


def _parameters(name: str) -> dict[str, dict[str, Any]]:
    """What a query may hold beside the image, as JSON Schema."""
    return {"policy": _POLICY} | ({"threshold": _THRESHOLD} if name == "check" else {})


def _query(name: str, schema: dict[str, Any], example: str | None = None) -> dict[str, Any]:
    parameter = {"name": name, "in": "query", "required": False, "schema": schema}
    return parameter | ({"example": example} if example else {})


def _image_in_query() -> list[dict[str, Any]]:
    return [
        _query("url", {"type": "string", "description": "A public http(s) URL."}, _EXAMPLE_URL),
        _query(
            "base64",
            {"type": "string", "description": "The image in base64; about 7 KB fit into a URL line."},
        ),
    ]


def _request_body(name: str) -> dict[str, Any]:
    fields = {"url": {"type": "string"}, "base64": {"type": "string"}} | _parameters(name)
    return {
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": fields},
                "example": {"url": _EXAMPLE_URL},
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"image": {"type": "string", "format": "binary"}} | _parameters(name),
                }
            },
            "application/octet-stream": _BINARY,
        }
        | dict.fromkeys(CONTENT_TYPES, _BINARY)
    }


def _route(name: str, method: str) -> dict[str, Any]:
    parameters = [_query(key, schema) for key, schema in _parameters(name).items()]
    extra: dict[str, Any] = {"parameters": parameters}
    if method == "GET":
        extra["parameters"] = _image_in_query() + parameters
    else:
        extra["requestBody"] = _request_body(name)
    return {
        "summary": "Safe or not, against a threshold" if name == "check" else "All five classes and a verdict",
        "description": (
            "Exactly one image: by `url` or `base64`, or, with POST, as the raw body or a multipart file. "
            "An animation is judged by its worst frame; `meta.frames` says how many were looked at."
        ),
        "operation_id": f"oanor_{name}_{method.lower()}",
        "responses": {
            200: {
                "model": CheckAnswer if name == "check" else ClassifyAnswer,
                "description": "The image was judged.",
                "content": {"application/json": {"example": _EXAMPLES[name]}},
            }
        },
        "openapi_extra": extra,
    }


ROUTES = {(name, method): _route(name, method) for name in ("check", "classify") for method in ("GET", "POST")}
