"""The shapes of NanoGPT's endpoint, for the type checker and for the OpenAPI document."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from moderate.dialects.examples import PIXEL, REQUEST_ID
from moderate.dialects.schema_refs import referring_to

MODEL = "nsfw-classifier"
MAX_IMAGES = 10


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
    errors: NotRequired[list[ImageProblem]]


class NanoGptError(TypedDict):
    error: str
    code: str
    requestId: str
    errors: NotRequired[list[ImageProblem]]


_URL = {"type": "string", "description": "A public http(s) URL, or a base64 data URL."}
_URL_OR_URLS = {"anyOf": [_URL, {"type": "array", "items": _URL}, {"type": "null"}]}
_DATA_URL = {"type": "string", "description": "data:image/[type];base64,[data]"}

IMAGE: dict[str, Any] = {
    "summary": "Flag up to ten images",
    "description": (
        "One flag per image, in order. Images are taken from the five fields in the order listed, URLs and data "
        f"URLs alike; the first {MAX_IMAGES} are processed. Identical images are judged and charged once. By default "
        "one image that cannot be judged fails the call and nothing is charged; with `on_error: partial` its flag is "
        "`null` and `errors` says why. What was not judged is never `false`."
    ),
    "operation_id": "nanogpt_image",
    "responses": {
        200: {
            "description": "A flag for each image.",
            "content": {
                "application/json": {
                    "schema": referring_to(NanoGptAnswer),
                    "example": {
                        "model": MODEL,
                        "requestId": REQUEST_ID,
                        "inputCount": 2,
                        "cost": 0.003,
                        "currency": "USD",
                        "truncated": False,
                        "has_nsfw_concepts": [False, True],
                        "is_nsfw": True,
                    },
                }
            },
        },
        "default": {"content": {"application/json": {"schema": referring_to(NanoGptError)}}},
    },
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
                            "policy": {"enum": ["lenient", "balanced", "strict", "", None]},
                            "on_error": {"enum": ["fail", "partial", "", None], "default": "fail"},
                        },
                    },
                    "examples": {
                        "two URLs": {
                            "value": {
                                "image_urls": [
                                    "https://example.com/image-1.jpg",
                                    "https://example.com/image-2.jpg",
                                ]
                            }
                        },
                        "a data URL": {"value": {"imageDataUrl": f"data:image/png;base64,{PIXEL}"}},
                        "keep going past a bad image": {
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
