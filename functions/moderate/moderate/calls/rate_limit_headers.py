"""Writes the allowance that is left into response headers."""

from modest.allowance import Allowance


def headers(allowance: Allowance) -> dict[str, str]:
    """Returns the headers in common use, and the same facts as draft-ietf-httpapi-ratelimit-headers has them."""
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Reset": str(allowance.reset_seconds),
        "RateLimit-Policy": f'"month";q={allowance.limit};w={allowance.window_seconds}',
        "RateLimit": f'"month";r={allowance.remaining};t={allowance.reset_seconds}',
    }
