"""Finds out which key a call was made with. Every keyed route asks here."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from starlette.requests import Request

from authorizer.main import handler as authorize
from modest.api_keys import hash_of, is_well_formed
from modest.errors import PublicError

Identify = Callable[[Request], str]
"""Returns the SHA-256 (hex) of the request's key, or what tells callers apart without keys. Raises Unauthorized."""

_HASH_LENGTH = 64


class Unauthorized(PublicError):
    """The key is missing, malformed, contradicted, unknown or disabled; the caller does not learn which."""

    def __init__(self) -> None:
        super().__init__(
            "Send one valid API key in x-api-key, x-oanor-key or Authorization: Bearer. Two different keys are refused."
        )


class InvalidKeyFile(ValueError):
    """A line of the file is neither a key nor the SHA-256 of one."""


def from_gateway(request: Request) -> str:
    """Returns what the authorizer passed to API Gateway, which has already refused keys that it does not know."""
    event: dict[str, Any] = request.scope.get("aws.event") or {}
    context = (event.get("requestContext") or {}).get("authorizer") or {}
    key_hash = context.get("keyHash")
    if not key_hash:
        raise Unauthorized
    return str(key_hash)


def anyone(request: Request) -> str:
    """Identifies callers by their address, on a server that was started without keys."""
    return f"anyone at {request.client.host}" if request.client else "anyone"


class KeyFile:
    """Accepts the keys of a file. It reads requests with the same authorizer that API Gateway calls."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, InvalidKeyFile."""
        self._hashes = frozenset(_hashes(path.read_text().splitlines()))

    def __call__(self, request: Request) -> str:
        values: dict[str, list[str]] = {}
        for name, value in request.headers.items():
            values.setdefault(name, []).append(value)
        decision = authorize({"multiValueHeaders": values, "methodArn": "serve"}, None)
        key_hash = decision.get("usageIdentifierKey")
        if key_hash not in self._hashes:
            raise Unauthorized
        return str(key_hash)


def _hashes(lines: Iterable[str]) -> Iterable[str]:
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if is_well_formed(text):
            yield hash_of(text)
        elif len(text) == _HASH_LENGTH and set(text) <= set("0123456789abcdef"):
            yield text
        else:
            raise InvalidKeyFile(f"line {number} is neither a key nor the SHA-256 of one in lower-case hex")
