"""Lists the headers that pages of the operator's allowed origin can send and read.

template.yaml says the same to API Gateway, which answers preflights itself and adds these headers to its own refusals.
"""

from typing import TypedDict

from modest import api_keys

READABLE = (
    "x-request-id",
    "retry-after",
    "x-should-retry",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "ratelimit-policy",
    "ratelimit",
    "idempotency-replayed",
)
SENDABLE = tuple(sorted((*api_keys.HEADERS, "content-type", "idempotency-key")))
PREFLIGHT_SECONDS = 600


class Options(TypedDict):
    allow_origins: list[str]
    allow_methods: list[str]
    allow_headers: list[str]
    expose_headers: list[str]
    max_age: int


def options(origin: str) -> Options:
    """Returns the arguments of Starlette's CORSMiddleware."""
    return Options(
        allow_origins=[origin],
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=list(SENDABLE),
        expose_headers=list(READABLE),
        max_age=PREFLIGHT_SECONDS,
    )
