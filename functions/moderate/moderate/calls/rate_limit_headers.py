"""What is left of the month, as response headers."""

from modest.allowance import Allowance


def headers(allowance: Allowance) -> dict[str, str]:
    """The headers in common use, and the same facts in the IETF draft's form (draft-ietf-httpapi-ratelimit-headers)."""
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Reset": str(allowance.reset_seconds),
        "RateLimit-Policy": f'"month";q={allowance.limit};w={allowance.window_seconds}',
        "RateLimit": f'"month";r={allowance.remaining};t={allowance.reset_seconds}',
    }
