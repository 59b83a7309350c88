"""Defines the types of Misskey's detector API, for the type checker and for the OpenAPI document.

Source: docs/api-detect-images.md of misskey-dev/sensitive-detector.
"""

from enum import StrEnum
from typing import NotRequired

from typing_extensions import TypedDict

from moderate.dialects.dialect import Documentation
from moderate.dialects.examples import DIGEST
from moderate.dialects.reasons import ReasonMeta
from moderate.dialects.schema_refs import answered
from moderate.verdict import Verdict

MAX_PARTS = 10
# The example of a part, which a page cannot fill with bytes.
BYTES = "(the bytes of an image)"


class ErrorCode(StrEnum):
    """Misskey's codes, but for MODEL_UNAVAILABLE: a service whose model cannot be loaded does not start."""

    INVALID_REQUEST = "INVALID_REQUEST"
    AUTHENTICATION_REQUIRED = "AUTHENTICATION_REQUIRED"
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    IMAGE_DECODE_FAILED = "IMAGE_DECODE_FAILED"
    DETECTION_FAILED = "DETECTION_FAILED"


class Prediction(TypedDict):
    className: str
    probability: float


class Detected(TypedDict):
    success: bool
    predictions: list[Prediction]
    verdict: str
    sha256: str | None
    reason: NotRequired[ReasonMeta]


class DetectError(TypedDict):
    code: ErrorCode
    message: str


class NotDetected(TypedDict):
    success: bool
    error: DetectError


class Detections(TypedDict):
    results: list[Detected | NotDetected]


class MisskeyAnswer(TypedDict):
    success: bool
    result: Detections


class MisskeyError(TypedDict):
    success: bool
    error: DetectError
    code: str


_PART = {"type": "string", "format": "binary"}
_PREDICTIONS = {"Neutral": 0.95, "Drawing": 0.03, "Sexy": 0.01, "Hentai": 0.005, "Porn": 0.005}

DETECT: Documentation = {
    "summary": "Classify up to ten images for a Misskey server",
    "description": (
        "Takes images as the parts of a multipart form, under any names, and returns for each part, "
        "in order, all five classes, the highest first, or why it was not judged. The classes are those of "
        "the picture that scores highest; of two models, the mean. `verdict`, `reason` and `sha256` are not "
        "Misskey's. Each distinct image that was judged is charged. A part's `Content-Type` does not "
        "matter. An animation that is too much to judge in full is "
        "`REQUEST_TOO_LARGE`, unless a picture in it is nsfw. A client that takes every error, such as a "
        '429, for "not sensitive" lets images through while it is throttled, and once the month is used up.'
    ),
    "operation_id": "misskey_detect_images",
    "responses": answered(
        "A result for each part.",
        MisskeyAnswer,
        MisskeyAnswer(
            success=True,
            result=Detections(
                results=[
                    Detected(
                        success=True,
                        predictions=[
                            Prediction(className=name, probability=share) for name, share in _PREDICTIONS.items()
                        ],
                        verdict=Verdict.SAFE,
                        sha256=DIGEST,
                    ),
                    NotDetected(
                        success=False,
                        error=DetectError(
                            code=ErrorCode.IMAGE_DECODE_FAILED,
                            message="The image cannot be decoded. Send it as JPEG or PNG.",
                        ),
                    ),
                ]
            ),
        ),
    ),
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "description": "The images, under any names.",
                        # Tools offer what has a name.
                        "properties": {"image0": _PART},
                        "additionalProperties": _PART,
                        "minProperties": 1,
                        "maxProperties": MAX_PARTS,
                    },
                    "example": {"image0": BYTES},
                }
            },
        }
    },
}
