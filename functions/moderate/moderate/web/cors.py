"""What pages of the one origin that an operator allows may send, and read of an answer.

API Gateway is told the same in template.yaml: it answers preflights itself, and refusals of its own.
"""

from typing import TypedDict

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
SENDABLE = ("authorization", "content-type", "idempotency-key", "x-api-key", "x-oanor-key")
PREFLIGHT_SECONDS = 600


class Options(TypedDict):
    allow_origins: list[str]
    allow_methods: list[str]
    allow_headers: list[str]
    expose_headers: list[str]
    max_age: int


def options(origin: str) -> Options:
    """For Starlette's CORSMiddleware."""
    return Options(
        allow_origins=[origin],
        allow_methods=["GET", "POST"],
        allow_headers=list(SENDABLE),
        expose_headers=list(READABLE),
        max_age=PREFLIGHT_SECONDS,
    )
