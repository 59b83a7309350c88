"""Defines the types of OpenAI's moderations, for the type checker and for the OpenAPI document."""

from typing import NotRequired

from typing_extensions import TypedDict

from moderate.dialects.dialect import Documentation
from moderate.dialects.examples import DIGEST, MODEL, PIXEL, REQUEST_ID
from moderate.dialects.reasons import ReasonMeta
from moderate.dialects.schema_refs import answered
from moderate.verdict import Policy, Verdict

MAX_IMAGES = 10
JUDGED = "sexual"
# OpenAI's names, in the order of its documentation. Only JUDGED is judged; clients expect the others to be there.
CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)


class Result(TypedDict):
    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[str]]
    verdict: str
    reason: NotRequired[ReasonMeta]


class OpenAiAnswer(TypedDict):
    id: str
    model: str
    results: list[Result]
    sha256: list[str | None]


class ErrorDetail(TypedDict):
    message: str
    type: str
    param: str | None
    code: str


class OpenAiError(TypedDict):
    error: ErrorDetail


def result(verdict: Verdict, score: float) -> Result:
    """Returns the result for one image. Categories that are not judged are false and 0, and have no input types."""
    flagged = verdict is Verdict.NSFW
    return Result(
        flagged=flagged,
        categories={name: flagged and name == JUDGED for name in CATEGORIES},
        category_scores={name: score if name == JUDGED else 0.0 for name in CATEGORIES},
        category_applied_input_types={name: ["image"] if name == JUDGED else [] for name in CATEGORIES},
        verdict=verdict,
    )


_IMAGE_PART = {
    "type": "object",
    "required": ["type", "image_url"],
    "properties": {
        "type": {"const": "image_url"},
        "image_url": {
            "type": "object",
            "required": ["url"],
            "properties": {"url": {"type": "string", "description": "A public http(s) URL, or a base64 data URL."}},
        },
    },
}

MODERATIONS: Documentation = {
    "summary": "Moderate up to ten images",
    "description": (
        "Returns one entry in `results` per image, in order. `flagged` and `categories.sexual` are true if the verdict "
        "is nsfw; `category_scores.sexual` is the score. No other category is judged, not even `sexual/minors`: "
        "`category_applied_input_types` is empty for all of them. Text is not judged either: a request that contains "
        "text gets an error, never an unflagged result. Any `model` is accepted; the answer names the one that was "
        "used. Each distinct image is charged. `sha256`, in the order of `results`, "
        "and the `verdict` and `reason` of a result are not OpenAI's. An animation that is too much to judge in full "
        "is flagged or is an error, `too_many_frames`."
    ),
    "operation_id": "openai_moderations",
    "responses": answered(
        "A result for each image.",
        OpenAiAnswer,
        OpenAiAnswer(
            id=f"modr-{REQUEST_ID}",
            model=MODEL["name"],
            results=[result(Verdict.NSFW, 0.9731) | {"reason": {"class": "porn"}}],
            sha256=[DIGEST],
        ),
    ),
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["input"],
                        "properties": {
                            "input": {"type": "array", "items": _IMAGE_PART, "minItems": 1, "maxItems": MAX_IMAGES},
                            "model": {"description": "Any value is accepted."},
                            "policy": {"enum": [*Policy, "", None]},
                        },
                    },
                    "examples": {
                        "a data URL": {
                            "value": {
                                "input": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]
                            }
                        },
                        "a URL": {
                            "value": {
                                "model": "omni-moderation-latest",
                                "input": [
                                    {"type": "image_url", "image_url": {"url": "https://example.com/image-1.jpg"}}
                                ],
                            }
                        },
                    },
                }
            },
        }
    },
}
