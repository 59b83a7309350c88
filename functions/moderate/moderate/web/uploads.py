"""Bounds what the bodies of unfinished calls hold in a plain server. API Gateway hands over whole bodies."""

import asyncio
from contextlib import AsyncExitStack
from weakref import WeakValueDictionary

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_SECONDS = 30.0
"""How long a body may take to arrive, and to wait until it may; this is 1.6 Mbit/s for the largest."""
LARGE_AT_ONCE = 4
"""How many calls of one caller may have a large body at once; others of this caller wait, unread."""
SMALL_BYTES = 256 * 1024
"""A body that is no larger never waits: as much may be in the server's buffers anyway."""


class Uploads:
    def __init__(self, app: ASGIApp, *, seconds: float = BODY_SECONDS, large_at_once: int = LARGE_AT_ONCE) -> None:
        self._app = app
        self._seconds = seconds
        self._large_at_once = large_at_once
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        async with AsyncExitStack() as held:
            upload = _Upload(scope, receive, send, self, held)
            await self._app(scope, upload.receive, upload.send)

    def deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._seconds

    def turn_of(self, caller: str) -> asyncio.Semaphore:
        return self._turns.setdefault(caller, asyncio.Semaphore(self._large_at_once))


class _Upload:
    """The body of one call."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, uploads: Uploads, held: AsyncExitStack) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._uploads = uploads
        self._held = held
        self._deadline: float | None = None
        self._complete = False
        self._late = False

    async def receive(self) -> Message:
        """Returns the next part, or a disconnect if it does not come in time."""
        if self._complete:
            return await self._receive()
        try:
            message = await self._receive_in_time()
        except TimeoutError:
            self._late = True
            message = {"type": "http.disconnect"}
        self._complete = not message.get("more_body", False)
        return message

    async def _receive_in_time(self) -> Message:
        """Raises TimeoutError."""
        begins = self._deadline is None
        self._deadline = self._deadline or self._uploads.deadline()
        async with asyncio.timeout_at(self._deadline):
            if begins and _is_large(self._scope):
                # By the time a body is read, it is known whose it is.
                caller = self._scope["state"].get("key_hash", "")
                await self._held.enter_async_context(self._uploads.turn_of(caller))
            return await self._receive()

    async def send(self, message: Message) -> None:
        if self._late and message["type"] == "http.response.start":
            # Otherwise the rest of the body could still come.
            MutableHeaders(scope=message)["Connection"] = "close"
        await self._send(message)


def _is_large(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if "transfer-encoding" in headers:
        return True
    length = headers.get("content-length", "0")
    return not length.isdecimal() or int(length) > SMALL_BYTES
