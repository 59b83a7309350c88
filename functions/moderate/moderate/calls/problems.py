"""Maps each error to a status and a code. Nothing else does."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException

from moderate.blocking.hits import PolicyViolation
from moderate.calls.authentication import Unauthorized
from moderate.calls.parameters import InvalidRequest
from moderate.fetching.responses import FetchFailed, FetchTimeout
from moderate.fetching.urls import BlockedUrl, InvalidUrl
from moderate.images.limits import TooManyFrames, TooManyPixels, UndecodableImage, UnsupportedFormat
from moderate.pipeline import RequestTooSlow
from moderate.sources import ImageTooLarge, InvalidBase64
from modest.errors import PublicError
from modest.refusals import (
    IdempotencyInProgress,
    IdempotencyMismatch,
    KeyLimitExceeded,
    LedgerUnavailable,
    QuotaExceeded,
)

STATUS_AND_CODE: dict[type[Exception], tuple[int, str]] = {
    InvalidRequest: (400, "invalid_request"),
    InvalidUrl: (400, "invalid_url"),
    BlockedUrl: (400, "blocked_url"),
    InvalidBase64: (400, "invalid_base64"),
    PolicyViolation: (400, "policy_violation"),
    Unauthorized: (401, "unauthorized"),
    ImageTooLarge: (413, "image_too_large"),
    UnsupportedFormat: (415, "unsupported_format"),
    FetchFailed: (422, "fetch_failed"),
    FetchTimeout: (422, "fetch_timeout"),
    UndecodableImage: (422, "undecodable_image"),
    TooManyPixels: (422, "too_many_pixels"),
    TooManyFrames: (422, "too_many_frames"),
    RequestTooSlow: (422, "request_too_slow"),
    IdempotencyInProgress: (409, "idempotency_in_progress"),
    IdempotencyMismatch: (422, "idempotency_mismatch"),
    QuotaExceeded: (429, "quota_exceeded"),
    KeyLimitExceeded: (429, "key_limit_exceeded"),
    LedgerUnavailable: (503, "ledger_unavailable"),
}
_ABOUT_THE_CALL = ("invalid_request", "idempotency_mismatch")
_ROUTING = {404: "not_found", 405: "method_not_allowed"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Holds what a client learns about an error. Each dialect puts it into its own envelope."""

    status: int
    code: str
    message: str
    param: str | None = None
    about_image: bool = False
    """Whether one image of the call is at fault rather than the call itself."""


INTERNAL = Problem(500, "internal_error", "Something went wrong on our side. Try again in a moment.")


def problem_of(error: Exception) -> Problem:
    if isinstance(error, PublicError):
        status, code = next(STATUS_AND_CODE[kind] for kind in type(error).__mro__ if kind in STATUS_AND_CODE)
        about_image = status in (400, 413, 415, 422) and code not in _ABOUT_THE_CALL
        # An error that stands for several images carries the code of the first.
        shown = getattr(error, "code", code)
        return Problem(status, shown, error.message, error.param, about_image=about_image)
    if isinstance(error, HTTPException) and error.status_code in _ROUTING:
        return _routing_problem(error.status_code)
    return INTERNAL


def headers_of(error: Exception) -> dict[str, str]:
    """Returns what a client needs for its retries: how long to wait, and whether retrying helps at all."""
    headers = {}
    if isinstance(error, QuotaExceeded | KeyLimitExceeded | LedgerUnavailable | IdempotencyInProgress):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, QuotaExceeded | KeyLimitExceeded):
        # OpenAI's clients would otherwise wait for the next month.
        headers["x-should-retry"] = "false"
    return headers


def _routing_problem(status: int) -> Problem:
    if status == 404:  # noqa: PLR2004
        return Problem(404, _ROUTING[404], "There is no such route. /docs lists all routes.")
    return Problem(405, _ROUTING[405], "This route does not accept that method. /docs lists the methods of each route.")
