"""Makes one error for each code, with the same code that refuses calls, so that the documented text is the real one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from moderate.blocking.hits import ListHit, PolicyViolation
from moderate.calls.authentication import Unauthorized
from moderate.calls.parameters import parse_policy
from moderate.fetching.responses import FetchTimeout, refuse_unusable
from moderate.fetching.urls import parse
from moderate.images.formats import recognise
from moderate.images.limits import BASELINE_JPEG, GIF_ANIMATION, UndecodableImage
from moderate.pipeline import RequestTooSlow
from moderate.sources import decode_base64, too_large_to_fetch
from modest.allowance import Allowance
from modest.errors import PublicError
from modest.refusals import (
    IdempotencyInProgress,
    IdempotencyMismatch,
    KeyLimitExceeded,
    LedgerUnavailable,
    QuotaExceeded,
)

_SHA256 = "0" * 64
_USED_UP = Allowance(3000, 3000, datetime(2026, 5, 31, tzinfo=UTC))
_KEY_USED_UP = replace(_USED_UP, limit=1000, used=1000)


def error_examples() -> tuple[Exception, ...]:
    return (
        _raised_by(lambda: parse_policy("lax")),
        _raised_by(lambda: parse("ftp://example.com/image.jpg")),
        _raised_by(lambda: parse("http://10.0.0.1/image.jpg")),
        _raised_by(lambda: decode_base64("")),
        PolicyViolation(ListHit("block", "sha256", 0), _SHA256),
        Unauthorized(),
        too_large_to_fetch(),
        _raised_by(lambda: recognise(bytes(3))),
        _raised_by(lambda: refuse_unusable(404, [])),
        FetchTimeout(),
        UndecodableImage(),
        BASELINE_JPEG.exceeded(),
        GIF_ANIMATION.exceeded(),
        RequestTooSlow(),
        IdempotencyInProgress(_USED_UP),
        IdempotencyMismatch(_USED_UP),
        QuotaExceeded(_USED_UP),
        KeyLimitExceeded.of_calls(1000, _KEY_USED_UP),
        LedgerUnavailable(""),
        Exception(),
    )


def _raised_by(call: Callable[[], object]) -> PublicError:
    try:
        call()
    except PublicError as error:
        return error
    raise AssertionError("the example of an error is no error")
