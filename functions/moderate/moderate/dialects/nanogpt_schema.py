"""Defines the types of NanoGPT's endpoint, for the type checker and for the OpenAPI document."""

from enum import StrEnum
from typing import NotRequired

from typing_extensions import TypedDict

from moderate.dialects.dialect import Documentation
from moderate.dialects.examples import DIGEST, OTHER_DIGEST, PIXEL, REQUEST_ID
from moderate.dialects.reasons import ReasonMeta
from moderate.dialects.schema_refs import answered
from moderate.verdict import Policy, Verdict

MODEL = "nsfw-classifier"
MAX_IMAGES = 10


class OnError(StrEnum):
    """The ways to treat a call in which an image cannot be judged."""

    FAIL = "fail"
    PARTIAL = "partial"


class ImageProblem(TypedDict):
    index: int
    param: str
    code: str
    message: str


class NanoGptAnswer(TypedDict):
    model: str
    requestId: str
    inputCount: int
    cost: float
    currency: str
    truncated: bool
    has_nsfw_concepts: list[bool | None]
    is_nsfw: bool | None
    verdicts: list[str | None]
    reasons: list[ReasonMeta | None]
    sha256: list[str | None]
    errors: NotRequired[list[ImageProblem]]


class NanoGptError(TypedDict):
    error: str
    code: str
    requestId: str
    message: NotRequired[str]
    errors: NotRequired[list[ImageProblem]]


_URL = {"type": "string", "description": "A public http(s) URL, or a base64 data URL."}
_URL_OR_URLS = {"anyOf": [_URL, {"type": "array", "items": _URL}, {"type": "null"}]}
_DATA_URL = {"type": "string", "description": "data:image/[type];base64,[data]"}

IMAGE: Documentation = {
    "summary": "Flag up to ten images",
    "description": (
        "Returns one flag per image, in order. Images are read from the five image fields, in the schema's order, as "
        f"URLs or data URLs. Only the first {MAX_IMAGES} are processed; if there are more, "
        "`truncated` is true and `is_nsfw` says nothing about the rest. Identical images are "
        "judged and charged once. By default, one image that cannot be judged fails the whole call, and nothing is "
        "charged. With `on_error: partial`, the flag of such an image is `null`, and `errors` says why. The flag of an "
        "image that was not judged is never `false`. `verdicts`, `reasons` and `sha256`, which are not NanoGPT's, have "
        "each image's in the same order. An animation that is too much to judge in full is flagged or is an error, "
        "`too_many_frames`."
    ),
    "operation_id": "nanogpt_image",
    "responses": answered(
        "A flag for each image.",
        NanoGptAnswer,
        NanoGptAnswer(
            model=MODEL,
            requestId=REQUEST_ID,
            inputCount=2,
            cost=0.003,
            currency="USD",
            truncated=False,
            has_nsfw_concepts=[False, True],
            is_nsfw=True,
            verdicts=[Verdict.QUESTIONABLE, Verdict.NSFW],
            reasons=[{"class": "sexy"}, {"class": "porn"}],
            sha256=[DIGEST, OTHER_DIGEST],
        ),
    ),
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "image_urls": _URL_OR_URLS,
                            "imageUrls": _URL_OR_URLS,
                            "imageUrl": {"anyOf": [_URL, {"type": "null"}]},
                            "imageDataUrl": {"anyOf": [_DATA_URL, {"type": "null"}]},
                            "imageDataUrls": {"anyOf": [{"type": "array", "items": _DATA_URL}, {"type": "null"}]},
                            "model": {"enum": [MODEL, "", None], "default": MODEL},
                            "policy": {"enum": [*Policy, "", None]},
                            "on_error": {"enum": [*OnError, "", None], "default": OnError.FAIL},
                        },
                    },
                    "examples": {
                        "a data URL": {"value": {"imageDataUrl": f"data:image/png;base64,{PIXEL}"}},
                        "two URLs": {
                            "value": {
                                "image_urls": [
                                    "https://example.com/image-1.jpg",
                                    "https://example.com/image-2.jpg",
                                ]
                            }
                        },
                        "continue if an image fails": {
                            "value": {
                                "image_urls": ["https://example.com/image-1.jpg"],
                                "on_error": "partial",
                            }
                        },
                    },
                }
            },
        }
    },
}
