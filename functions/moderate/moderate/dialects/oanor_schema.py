"""The shapes of oanor's endpoints, for the type checker and for the OpenAPI document."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from moderate.dialects.examples import PIXEL, REQUEST_ID
from moderate.dialects.schema_refs import referring_to
from moderate.images.formats import CONTENT_TYPES


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
    heatmaps: NotRequired[dict[str, list[list[float]]]]
    overlay: NotRequired[str]


class Envelope(TypedDict):
    meta: AnswerMeta
    status: str
    message: str
    success: bool


class CheckAnswer(Envelope):
    data: CheckData


class ClassifyAnswer(Envelope):
    data: ClassifyData


class OanorError(TypedDict):
    data: None
    meta: Meta
    status: str
    success: bool
    message: str
    error: str
    code: str
    param: str | None


_EXAMPLE_URL = "https://tesseract.projectnaptha.com/img/eng_bw.png"
_BYTES = "(the bytes of an image)"
_BINARY = {"schema": {"type": "string", "format": "binary"}, "example": _BYTES}
_IMAGE = {
    "url": {"type": "string", "description": "A public http(s) URL."},
    "base64": {"type": "string", "description": "The image in base64. A URL line holds about 7 KB of it; POST more."},
}
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
_EXPLAIN = {
    "enum": ["false", "true", "overlay"],
    "default": "false",
    "description": (
        "true: heatmaps, a grid of numbers over the upright picture for each of porn, hentai and sexy, above 0 where "
        "the class outweighs neutral. overlay: also the worst class's as a PNG data URL to lay over the picture."
    ),
}
_EXAMPLE_VALUES = {"url": _EXAMPLE_URL, "base64": PIXEL, "policy": "balanced", "threshold": 0.6, "explain": "true"}
_META = {
    "timestamp": "2026-05-31T03:47:44.172Z",
    "request_id": REQUEST_ID,
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
    return {"policy": _POLICY} | ({"threshold": _THRESHOLD} if name == "check" else {"explain": _EXPLAIN})


def _query(schemas: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "required": False, "schema": schema, "example": _EXAMPLE_VALUES[name]}
        for name, schema in schemas.items()
    ]


def _request_body(name: str) -> dict[str, Any]:
    extras = {key: _EXAMPLE_VALUES[key] for key in _parameters(name)}
    fields = {"schema": {"type": "object", "properties": _IMAGE | _parameters(name)}}
    return {
        "content": {
            "application/json": fields
            | {
                "examples": {
                    "a URL": {"value": {"url": _EXAMPLE_URL} | extras},
                    "base64": {"value": {"base64": PIXEL} | extras},
                }
            },
            "application/x-www-form-urlencoded": fields | {"example": {"url": _EXAMPLE_URL} | extras},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"image": _BINARY["schema"]} | _parameters(name)},
                "example": {"image": _BYTES} | extras,
            },
            "application/octet-stream": _BINARY,
        }
        | dict.fromkeys(CONTENT_TYPES, _BINARY)
    }


def _route(name: str, method: str) -> dict[str, Any]:
    extra: dict[str, Any] = {"parameters": _query(_parameters(name))}
    if method == "GET":
        extra["parameters"] = _query(_IMAGE | _parameters(name))
    else:
        extra["requestBody"] = _request_body(name)
    return {
        "summary": "Safe or not, against a threshold" if name == "check" else "All five classes and a verdict",
        "description": (
            "Exactly one image: by `url` or `base64`, or, with POST, as the raw body or a multipart file. "
            "An animation is judged by its worst frame; `meta.frames` says how many were looked at. "
            f"The same answers at `/nsfw-api/v1/{name}`."
        ),
        "operation_id": f"oanor_{name}_{method.lower()}",
        "responses": {
            200: {
                "description": "The image was judged.",
                "content": {
                    "application/json": {
                        "schema": referring_to(CheckAnswer if name == "check" else ClassifyAnswer),
                        "example": _EXAMPLES[name],
                    }
                },
            },
            "default": {"content": {"application/json": {"schema": referring_to(OanorError)}}},
        },
        "openapi_extra": extra,
    }


ROUTES = {(name, method): _route(name, method) for name in ("check", "classify") for method in ("GET", "POST")}
