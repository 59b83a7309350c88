"""Finds out about a request what must be known before it is admitted."""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from fastapi import Request

from moderate.calls import body
from moderate.calls.parameters import InvalidRequest
from moderate.fetching.self_reference import carries_own_marker
from moderate.scheduling.threads import beside_the_loop
from moderate.sources import Source, bytes_sent
from modest.errors import PublicError
from modest.ledger.idempotency import Repeatable

ReadImages = Callable[[Request], Awaitable[Sequence[Source]]]
"""Returns the images that a request sends. Raises PublicError if anything is wrong with it."""
IDEMPOTENCY_KEY_CHARACTERS = "[!-~]"
MAX_IDEMPOTENCY_KEY_LENGTH = 255

_IDEMPOTENCY_KEY = re.compile(f"{IDEMPOTENCY_KEY_CHARACTERS}{{1,{MAX_IDEMPOTENCY_KEY_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class Examined:
    """The facts about a request that are known before it is admitted."""

    repeatable: Repeatable | None = None
    """Set if the request carries an Idempotency-Key."""
    images: int | None = 0
    """How many distinct images it sends, if they are charged one by one. None if nobody has counted them yet."""
    refusal: PublicError | None = None
    """What is wrong with the request. It is raised after admission, because malformed calls count too."""


async def examine(request: Request, *, counted: bool = True) -> Examined:
    """counted: whether there are no images to count, because the route does not charge them one by one."""
    try:
        _refuse_own_fetches(request)
        return Examined(await _repeatable(request), images=0 if counted else None)
    except PublicError as refusal:
        return Examined(refusal=refusal)


async def count_images(request: Request, examined: Examined, read_images: ReadImages | None) -> Examined:
    """Counts the images of a request. If they cannot be read, the request will be refused and has none."""
    try:
        sources = await read_images(request) if read_images else ()
    except PublicError as refusal:
        # Its traceback leads to the frame that has the body.
        return replace(examined, images=0, refusal=refusal.with_traceback(None))
    # Comparing images takes time that grows with them.
    return replace(examined, images=len(await beside_the_loop(bytes_sent(sources), set, sources)))


def _refuse_own_fetches(request: Request) -> None:
    """Raises InvalidRequest: a URL that leads back to this service would make it call itself endlessly."""
    if carries_own_marker(request.headers.items()):
        raise InvalidRequest(
            "This request came from an image moderation service itself. Send the URL of the image instead."
        )


async def _repeatable(request: Request) -> Repeatable | None:
    """Raises InvalidRequest, ImageTooLarge."""
    keys = set(request.headers.getlist("idempotency-key"))
    if request.method != "POST" or not keys:
        return None
    if len(keys) > 1 or not all(_IDEMPOTENCY_KEY.fullmatch(key) for key in keys):
        raise InvalidRequest(
            f"Idempotency-Key must be a single value of 1 to {MAX_IDEMPOTENCY_KEY_LENGTH} visible ASCII characters."
        )
    data = await body.read(request)
    parts = [request.scope["path"].encode(), request.scope["query_string"], data]
    # Other bodies are read by their content, whatever they are called.
    if body.may_be_form(content_type := body.content_type(request)):
        parts.append(content_type.encode("latin-1", errors="replace"))
    return Repeatable(keys.pop(), await beside_the_loop(len(data), _digest, parts))


def _digest(parts: Iterable[bytes]) -> str:
    return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()
