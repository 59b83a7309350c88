"""Runs what takes time beside the event loop."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Work on so little takes less than a millisecond or two.
_SMALL_BYTES = 64 * 1024


async def beside_the_loop(size: int, work: Callable[..., T], *arguments: object) -> T:
    """Returns what `work` does, whose time grows with `size` bytes: on a thread, unless that would cost more."""
    return await asyncio.to_thread(work, *arguments) if size > _SMALL_BYTES else work(*arguments)
