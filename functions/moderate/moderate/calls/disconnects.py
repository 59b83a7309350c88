"""Ends what is done for a caller who has hung up."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from moderate.calls.parameters import InvalidRequest

T = TypeVar("T")


class CallerGone(InvalidRequest):
    """The caller hung up before the answer. The call is settled like any that failed."""

    def __init__(self) -> None:
        super().__init__("The connection was closed before the answer. Send the request again.", detail="caller gone")


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Returns what `work` does. Cancels it and raises CallerGone if the caller, whose body has been read, hangs up."""
    if "aws.event" in request.scope:
        # Lambda never learns of it.
        return await work
    doing, gone = asyncio.create_task(work), asyncio.create_task(_disconnect(request))
    try:
        await asyncio.wait((doing, gone), return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise CallerGone
        return doing.result()
    finally:
        for task in (doing, gone):
            task.cancel()
        await asyncio.gather(doing, gone, return_exceptions=True)


async def _disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
