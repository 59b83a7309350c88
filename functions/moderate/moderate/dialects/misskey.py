"""Implements `POST /v1/detect-images`, which Misskey servers call: five classes for each of up to ten images.

Source: docs/api-detect-images.md of misskey-dev/sensitive-detector.
"""

from collections.abc import Iterable

from fastapi import Request

from moderate.calls import body, multipart
from moderate.calls.answers import JsonAnswer
from moderate.calls.authentication import Unauthorized
from moderate.calls.metering import Judged
from moderate.calls.multipart import Part, TooManyParts
from moderate.calls.parameters import InvalidRequest
from moderate.calls.problems import Problem, problem_of
from moderate.dialects.dialect import Dialect, Route
from moderate.dialects.misskey_schema import (
    DETECT,
    MAX_PARTS,
    Detected,
    DetectError,
    Detections,
    ErrorCode,
    MisskeyAnswer,
    MisskeyError,
    NotDetected,
    Prediction,
)
from moderate.dialects.parameter_names import MISSKEY, mistake_in_query
from moderate.dialects.reasons import shown_reason
from moderate.dialects.service import Service, distinct_judged
from moderate.images.limits import UnsupportedFormat
from moderate.pipeline import Outcome
from moderate.sources import ImageBytes, ImageTooLarge, InvalidBase64
from moderate.verdict import CLASSES, Verdict
from modest.errors import PublicError
from modest.money import Terms
from modest.prices import by_the_image
from modest.refusals import (
    IdempotencyInProgress,
    IdempotencyMismatch,
    KeyLimitExceeded,
    LedgerUnavailable,
    QuotaExceeded,
)

_FORM = "multipart/form-data"
_CODES = {
    **dict.fromkeys((400, 404, 405, 409), ErrorCode.INVALID_REQUEST),
    401: ErrorCode.AUTHENTICATION_REQUIRED,
    413: ErrorCode.REQUEST_TOO_LARGE,
    415: ErrorCode.UNSUPPORTED_MEDIA_TYPE,
}
# Those of errors whose status says too little.
_CODES_OF_422 = {
    "idempotency_mismatch": ErrorCode.INVALID_REQUEST,
    "undecodable_image": ErrorCode.IMAGE_DECODE_FAILED,
    "too_many_pixels": ErrorCode.REQUEST_TOO_LARGE,
    "too_many_frames": ErrorCode.REQUEST_TOO_LARGE,
}
# Anything wrong with a single image is told in its result.
_ERRORS = frozenset(
    {
        *(InvalidRequest, Unauthorized, ImageTooLarge, UnsupportedFormat),
        *(IdempotencyInProgress, IdempotencyMismatch, QuotaExceeded, KeyLimitExceeded, LedgerUnavailable),
    }
)


def routes(service: Service) -> list[Route]:
    async def detect(request: Request, terms: Terms) -> Judged:
        images = await _parsed(request)
        rules = service.rules(request, None)
        judged = iter(await service.judge(request, await _images(request), rules, threshold=rules.cuts.nsfw))
        outcomes = [next(judged) if isinstance(image, ImageBytes) else image for image in images]
        answer = MisskeyAnswer(success=True, result=Detections(results=list(map(_result, outcomes))))
        return Judged(by_the_image(distinct_judged(outcomes), terms), lambda _charge: answer)

    return [Route("POST", MISSKEY, service.metering.metered(detect, _images), DETECT, errors=_ERRORS)]


async def _parsed(request: Request) -> list[ImageBytes | PublicError]:
    """Raises InvalidRequest, ImageTooLarge, UnsupportedFormat."""
    content_type = request.headers.get("content-type", "")
    return await body.parsed(request, read, content_type, list(request.query_params))


async def _images(request: Request) -> list[ImageBytes]:
    """Raises InvalidRequest, ImageTooLarge, UnsupportedFormat."""
    return [image for image in await _parsed(request) if isinstance(image, ImageBytes)]


def read(data: bytes, content_type: str, query: Iterable[str]) -> list[ImageBytes | PublicError]:
    """Returns the image in each part, or what is wrong with the part.

    query: the names in it. Raises InvalidRequest, ImageTooLarge, UnsupportedFormat.
    """
    if content_type.partition(";")[0].strip().lower() != _FORM:
        raise _not_a_form()
    if mistake := mistake_in_query(MISSKEY, query):
        raise mistake
    try:
        parts = multipart.parts(content_type, data, most=MAX_PARTS)
    except TooManyParts:
        raise _too_many_parts() from None
    if not parts:
        raise _no_parts()
    return list(map(_image, parts))


def as_raised(error: Exception) -> Exception:
    """Returns the route's own error of that kind: what is wrong with one image fails no call."""
    match error:
        case InvalidRequest():
            return _no_parts()
        case ImageTooLarge():
            return _too_many_parts()
        case UnsupportedFormat():
            return _not_a_form()
        case _:
            return error


def error_response(problem: Problem, _request_id: str, _error: Exception | None) -> JsonAnswer:
    return JsonAnswer(MisskeyError(success=False, error=_error_of(problem), code=problem.code), problem.status)


def _no_parts() -> InvalidRequest:
    return InvalidRequest("The form has no parts. Send each image as a file in a part of its own.")


def _too_many_parts() -> ImageTooLarge:
    return ImageTooLarge(f"The form has more than {MAX_PARTS} parts. Send the rest of the images in another call.")


def _not_a_form() -> UnsupportedFormat:
    return UnsupportedFormat(f"The body must be {_FORM}, with an image in each part. Send it as an HTML form does.")


def _image(part: Part) -> ImageBytes | PublicError:
    try:
        _, value = part.field()
    except InvalidBase64 as error:
        return error
    if not value:
        return InvalidRequest("This part is empty. Send the bytes of an image.")
    if isinstance(value, str):
        return InvalidRequest("This part is not a file. Give it a file name, or the Content-Type of its image.")
    return ImageBytes(value)


def _result(outcome: Outcome) -> Detected | NotDetected:
    if isinstance(outcome, PublicError):
        return NotDetected(success=False, error=_error_of(problem_of(outcome)))
    shares = {name.capitalize(): float(getattr(outcome.scores.rounded(), name)) for name in CLASSES}
    ranked = sorted(shares.items(), key=lambda share: -share[1])
    detected = Detected(
        success=True,
        predictions=[Prediction(className=name, probability=share) for name, share in ranked],
        verdict=outcome.verdict,
        sha256=outcome.digest,
    )
    if outcome.verdict is not Verdict.SAFE:
        detected["reason"] = shown_reason(outcome)
    return detected


def _error_of(problem: Problem) -> DetectError:
    code = _CODES.get(problem.status) or _CODES_OF_422.get(problem.code, ErrorCode.DETECTION_FAILED)
    return DetectError(code=code, message=problem.message)


DIALECT = Dialect(
    name="Misskey",
    prefixes=(MISSKEY,),
    routes=routes,
    answers=(MisskeyAnswer,),
    error=MisskeyError,
    error_response=error_response,
    as_raised=as_raised,
)
