"""Lambda's part: a function is called on a thread, many at a time."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

Handler = Callable[[dict[str, Any], Any], Any]


@dataclass(frozen=True, slots=True)
class LambdaContext:
    aws_request_id: str
    deadline: float

    function_name: str = "modest-Moderate"
    memory_limit_in_mb: int = 1769


class Workers:
    """Calls a handler on threads that have an event loop each.

    Mangum runs every call on its thread's own loop. What the calls share must not belong to a loop: that holds, since
    the function keeps thread pools, an ONNX session and settings, and makes locks, queues and connections per call.
    """

    def __init__(self, handler: Handler, *, threads: int) -> None:
        self._handler = handler
        self._loops: list[asyncio.AbstractEventLoop] = []
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="lambda", initializer=self._begin)

    async def invoke(self, event: dict[str, Any], context: object, *, seconds: float) -> Any:
        """Raises TimeoutError, and whatever the handler raises. A handler that is late is not stopped."""
        call = asyncio.get_running_loop().run_in_executor(self._pool, self._handler, event, context)
        return await asyncio.wait_for(call, seconds)

    def close(self) -> None:
        self._pool.shutdown()
        for loop in self._loops:
            loop.close()

    def _begin(self) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        with self._lock:
            self._loops.append(loop)
