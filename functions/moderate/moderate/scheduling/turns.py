"""Lets callers take turns at threads, and at the memory that what they do takes."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
Work = Callable[[int], T]
"""Takes how many bytes it may take, beyond the few that everything may."""


class _Job:
    def __init__(self, future: Future[T], work: Work[T], needed: int) -> None:
        self._future = future
        self._work = work
        self.needed = needed

    def run(self, granted: int) -> None:
        future, work = self._future, self._work
        # A failure's traceback leads to this frame, and would keep all of it until garbage is collected.
        del self._future, self._work
        try:
            if future.set_running_or_notify_cancel():
                future.set_result(work(granted))
        except BaseException as error:  # noqa: BLE001 - whoever awaits the future handles it
            future.set_exception(error)
        finally:
            del future, work


class Turns:
    """Threads on which callers take turns: nobody waits for all that another caller has queued."""

    def __init__(self, threads: int, *, each: int, room: int = 0) -> None:
        """each: how many threads one caller may hold. With fewer than there are, one is left for somebody else.
        room: how many bytes all that is done at once may take together.
        """
        self._each = each
        self._share = room // each
        self._room = room
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="judge")
        self._lock = threading.Lock()
        self._queues: dict[str, deque[_Job]] = {}
        """The callers in the order of their turns, with what each of them has queued."""
        self._held: Counter[str] = Counter()

    def submit(self, caller: str, work: Work[T], *, needed: int = 0) -> Future[T]:
        """Returns a future; cancelling it drops work that has not begun.

        needed: how many bytes the work takes. It waits for them, and what others queue after it gets none before it. If
        that is unknown (0), it gets its share of the room, or what is left of that.
        """
        future: Future[T] = Future()
        with self._lock:
            self._queues.setdefault(caller, deque()).append(_Job(future, work, needed))
        self._threads.submit(self._work)
        return future

    def _work(self) -> None:
        """Works until nobody whose turn it may be has anything queued."""
        while self._work_once():
            # What was given back may be room for more than one.
            self._threads.submit(self._work)

    def _work_once(self) -> bool:
        taken = self._take()
        if taken is None:
            return False
        caller, job, granted = taken
        try:
            job.run(granted)
        finally:
            self._give_back(caller, granted)
        return True

    def _take(self) -> tuple[str, _Job, int] | None:
        with self._lock:
            left = self._room
            for caller, queue in self._queues.items():
                if self._held[caller] == self._each:
                    continue
                if queue[0].needed > left:
                    left = 0
                    continue
                return caller, *self._take_from(caller, left)
            return None

    def _take_from(self, caller: str, left: int) -> tuple[_Job, int]:
        queue = self._queues.pop(caller)
        job = queue.popleft()
        if queue:
            self._queues[caller] = queue
        granted = job.needed or min(left, self._share)
        self._held[caller] += 1
        self._room -= granted
        return job, granted

    def _give_back(self, caller: str, granted: int) -> None:
        with self._lock:
            self._room += granted
            self._held[caller] -= 1
            if not self._held[caller]:
                del self._held[caller]
