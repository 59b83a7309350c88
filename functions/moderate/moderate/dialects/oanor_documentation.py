"""Describes oanor's endpoints in the OpenAPI document."""

from typing import Any

from moderate.calls.parameters import REJECT_STATUSES, REJECTED, Explain
from moderate.dialects.dialect import Documentation
from moderate.dialects.examples import DIGEST, MODEL, PIXEL, REQUEST_ID, TIMESTAMP
from moderate.dialects.oanor_schema import CheckAnswer, ClassifyAnswer
from moderate.dialects.schema_refs import answered
from moderate.sources import BASE64_IN_A_URL
from moderate.verdict import Cuts, Policy

_EXAMPLE_URL = "https://tesseract.projectnaptha.com/img/eng_bw.png"
_BYTES = "(the bytes of an image)"
_BINARY = {"type": "string", "format": "binary"}
_RAW = _BINARY | {"description": "The bytes of an image. Its own type, such as `image/jpeg`, is accepted as well."}
IMAGE: dict[str, dict[str, Any]] = {
    "url": {
        "type": "string",
        "description": "A public http(s) URL. Leave it empty if you send `base64`.",
        "examples": [_EXAMPLE_URL],
    },
    "base64": {
        "type": "string",
        "description": f"The image in base64. A URL holds about {BASE64_IN_A_URL} of it; send more with POST.",
    },
}
# No schema has a default. Generated clients send defaults, and those of a query would contradict what a body says.
POLICY = {
    "type": "string",
    "enum": [*Policy],
    "description": (
        "If you send one, verdicts change at the operator's scores, whatever your account has. Default: your account's "
        f"own or else the operator's, which is normally {Policy.BALANCED}."
    ),
}
_EXPLAIN = {
    "type": "string",
    "enum": [*Explain],
    "description": (
        f"Default: `{Explain.NOTHING}`. `{Explain.GRIDS}` adds `heatmaps`: for each of porn, hentai and sexy, a grid "
        "of numbers that covers the upright picture. A number is above 0 where the class outweighs neutral, as the "
        "first model sees it. "
        f"`{Explain.OVERLAY}` also adds the heat map of the worst class, as a PNG data URL to lay over the picture. "
        "Both are null if that model makes no heat maps."
    ),
}
_EXAMPLE_VALUES = {
    "url": "",  # clients send all examples of a query at once, and a call takes one image
    "base64": PIXEL,
    "policy": Policy.BALANCED,
    "threshold": 0.6,
    "explain": Explain.GRIDS,
    "reject": REJECTED[0],
    "reject_status": REJECT_STATUSES[0],
}
EXAMPLE_META = {
    "timestamp": TIMESTAMP,
    "request_id": REQUEST_ID,
    "model": MODEL,
    "frames": {"judged": 1, "total": 1},
    "sha256": DIGEST,
}
_EXAMPLES: dict[str, dict[str, Any]] = {
    "check": {
        "data": {"safe": True, "threshold": 0.6, "top_class": "Neutral", "nsfw_score": 0.0008},
        "meta": EXAMPLE_META | {"verdict": "safe"},
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
        "meta": EXAMPLE_META,
        "status": "ok",
        "message": "Image classified",
        "success": True,
    },
}


def documentation(name: str, method: str, cuts: Cuts) -> Documentation:
    """name: `check` or `classify`; cuts: the operator's, which include the default threshold."""
    parameters = _parameters(name, cuts)
    extra: dict[str, Any] = {"parameters": queried(parameters)}
    if method == "GET":
        extra["parameters"] = queried(IMAGE | parameters)
    else:
        extra["requestBody"] = one_image(parameters)
    return {
        "operation_id": f"oanor_{name}_{method.lower()}",
        "summary": "Check an image against a threshold" if name == "check" else "Classify an image and get a verdict",
        "description": (
            "Takes exactly one image: as `url` or `base64` or, with POST, as the raw body or a multipart file. "
            "An animation is judged by its worst picture. If `meta.frames.judged` is below `total`, it was too much to "
            f"judge in full: {_JUDGED_IN_PART[name]} {_safe(name, cuts)} "
            "If your account's own policy decided, `meta.policy` has its scores. "
            "A still whose longer side is at least 2.5 times the shorter is also judged in `meta.tiles` squares. "
            "`meta.second_opinion` has what each of two models said. "
            "If the answer or the verdict is not safe, `meta.reason` says what decided. "
            "`meta.sha256` is the SHA-256 of the bytes that were judged. "
            f"`/nsfw-api/v1/{name}` works the same way."
        ),
        "responses": answered(
            "The image was judged.", CheckAnswer if name == "check" else ClassifyAnswer, _EXAMPLES[name]
        ),
        "openapi_extra": extra,
    }


_JUDGED_IN_PART = {
    "check": "the answer is `too_many_frames`, unless what was judged reaches the threshold.",
    "classify": "the verdict is never `safe`, and the score is at least the one at which `questionable` begins.",
}


def _safe(name: str, cuts: Cuts) -> str:
    """The same word means two things, as in oanor's own API."""
    if name == "check":
        return (
            f"`safe` means a score below `threshold`, which is {cuts.nsfw} if you send none; classify is stricter: its "
            f"`safe` means the verdict `safe`, a score below {cuts.questionable}. `meta.verdict` has the verdict."
        )
    return (
        f"`safe` means the verdict `safe`, a score below {cuts.questionable}; check is more lenient: its `safe` means "
        f"a score below `threshold`, which is {cuts.nsfw} if you send none."
    )


def _parameters(name: str, cuts: Cuts) -> dict[str, dict[str, Any]]:
    """Returns the parameters that do not name an image, as JSON Schema."""
    if name == "classify":
        return {"policy": POLICY, "explain": _EXPLAIN}
    threshold = {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "description": (
            f"The image is safe if its score is below this number. Default: {cuts.nsfw}. An account may have its own."
        ),
    }
    return {"policy": POLICY, "threshold": threshold}


def queried(schemas: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Describes parameters as those of a query."""
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": schema["description"],
            "schema": {key: value for key, value in schema.items() if key != "description"},
            "example": _EXAMPLE_VALUES[name],
        }
        for name, schema in schemas.items()
    ]


def one_image(parameters: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Describes a body with one image, in every way in which it can be sent, and these parameters."""
    # The examples name an image alone: those of the query have the parameters, and the two may not differ.
    base64 = {"base64": PIXEL}
    in_json = {name: _in_json(name, schema) for name, schema in (IMAGE | parameters).items()}
    examples = {"base64": {"value": base64}, "a URL": {"value": {"url": _EXAMPLE_URL}}}
    return {
        "content": {
            "application/json": {"schema": _object(in_json), "examples": examples},
            "application/x-www-form-urlencoded": {"schema": _object(IMAGE | parameters), "example": base64},
            **bodies_of_bytes(parameters),
        }
    }


def bodies_of_bytes(parameters: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Describes the bodies with the bytes of an image. parameters: those that a form may have."""
    return {
        "multipart/form-data": {"schema": _object({"image": _BINARY} | parameters), "example": {"image": _BYTES}},
        "application/octet-stream": {"schema": _RAW, "example": _BYTES},
    }


def _object(properties: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _in_json(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema of what JSON may hold besides text: null for nothing, and booleans for `explain`."""
    others = ["boolean", "null"] if name == "explain" else ["null"]
    return {"anyOf": [schema, *({"type": other} for other in others)]}
