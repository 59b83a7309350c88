"""Emulates Lambda: runs many calls of a function at a time, each on a thread."""

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


class WorkerPool:
    """Calls a handler on threads that each have an event loop, on which Mangum runs the call.

    Nothing that calls share may belong to a loop. The function complies: it shares only thread pools, an ONNX session
    and settings, and creates locks, queues and connections for each call.
    """

    def __init__(self, handler: Handler, *, threads: int) -> None:
        self._handler = handler
        self._loops: list[asyncio.AbstractEventLoop] = []
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="lambda", initializer=self._start_thread)

    async def invoke(self, event: dict[str, Any], context: object, *, seconds: float) -> Any:
        """Raises TimeoutError and any exception of the handler. A handler that times out is not stopped."""
        call = asyncio.get_running_loop().run_in_executor(self._pool, self._handler, event, context)
        return await asyncio.wait_for(call, seconds)

    def close(self) -> None:
        self._pool.shutdown()
        for loop in self._loops:
            loop.close()

    def _start_thread(self) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        with self._lock:
            self._loops.append(loop)
