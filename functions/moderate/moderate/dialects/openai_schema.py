"""The shapes of OpenAI's moderations, for the type checker and for the OpenAPI document."""

from typing import Any

from typing_extensions import TypedDict

from moderate.dialects.examples import PIXEL, REQUEST_ID
from moderate.dialects.schema_refs import referring_to

MAX_IMAGES = 10
JUDGED = "sexual"
# OpenAI's names, in the order of its documentation. Only JUDGED is; the rest are there for clients that read them.
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


class OpenAiAnswer(TypedDict):
    id: str
    model: str
    results: list[Result]


class ErrorDetail(TypedDict):
    message: str
    type: str
    param: str | None
    code: str


class OpenAiError(TypedDict):
    error: ErrorDetail


def result(*, flagged: bool, score: float) -> Result:
    """Of one image. What was not looked for is false and 0, and says by its empty input types that it was not."""
    return Result(
        flagged=flagged,
        categories={name: flagged and name == JUDGED for name in CATEGORIES},
        category_scores={name: score if name == JUDGED else 0.0 for name in CATEGORIES},
        category_applied_input_types={name: ["image"] if name == JUDGED else [] for name in CATEGORIES},
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

MODERATIONS: dict[str, Any] = {
    "summary": "Moderate up to ten images",
    "description": (
        "One entry in `results` per image, in order. `flagged` and `categories.sexual` mean a verdict of nsfw, "
        "`category_scores.sexual` is the score. No other category is judged: `category_applied_input_types` is empty "
        "for each of them, `sexual/minors` above all. Text is not judged either, so any text is an error and never "
        "an unflagged result. Any `model` is accepted; the answer names the one that judged. Each distinct image is "
        "charged; OpenAI's answers have no field for that, so `GET /v1/usage` tells it."
    ),
    "operation_id": "openai_moderations",
    "responses": {
        200: {
            "description": "A result for each image.",
            "content": {
                "application/json": {
                    "schema": referring_to(OpenAiAnswer),
                    "example": OpenAiAnswer(
                        id=f"modr-{REQUEST_ID}", model="mobilenet_v2", results=[result(flagged=True, score=0.9731)]
                    ),
                }
            },
        },
        "default": {"content": {"application/json": {"schema": referring_to(OpenAiError)}}},
    },
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
                            "model": {"description": "Any is accepted."},
                            "policy": {"enum": ["lenient", "balanced", "strict", "", None]},
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
