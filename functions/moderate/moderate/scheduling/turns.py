"""Lets callers take turns at threads."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class Turns:
    """Threads on which callers take turns: nobody waits for all that another caller has queued."""

    def __init__(self, threads: int, *, each: int) -> None:
        """each: how many threads one caller may hold. With fewer than there are, one is left for somebody else."""
        self._each = each
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="judge")
        self._lock = threading.Lock()
        self._queues: dict[str, deque[tuple[Future[Any], Callable[[], Any]]]] = {}
        """The callers in the order of their turns, with what each of them has queued."""
        self._held: Counter[str] = Counter()

    def submit(self, caller: str, work: Callable[[], T]) -> Future[T]:
        """Returns a future; cancelling it drops work that has not begun."""
        future: Future[T] = Future()
        with self._lock:
            self._queues.setdefault(caller, deque()).append((future, work))
        self._threads.submit(self._work)
        return future

    def _work(self) -> None:
        """Works until nobody whose turn it may be has anything queued."""
        while self._work_once():
            pass

    def _work_once(self) -> bool:
        taken = self._take()
        if taken is None:
            return False
        caller, future, work = taken
        try:
            if future.set_running_or_notify_cancel():
                _complete(future, work)
        finally:
            self._give_back(caller)
        return True

    def _take(self) -> tuple[str, Future[Any], Callable[[], Any]] | None:
        with self._lock:
            caller = next((caller for caller in self._queues if self._held[caller] < self._each), None)
            if caller is None:
                return None
            queue = self._queues.pop(caller)
            future, work = queue.popleft()
            if queue:
                self._queues[caller] = queue
            self._held[caller] += 1
            return caller, future, work

    def _give_back(self, caller: str) -> None:
        with self._lock:
            self._held[caller] -= 1
            if not self._held[caller]:
                del self._held[caller]


def _complete(future: Future[T], work: Callable[[], T]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - whoever awaits the future handles it
        future.set_exception(error)
    else:
        future.set_result(result)
