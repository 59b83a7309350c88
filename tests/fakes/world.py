"""A world in simulated time, where processes have clocks of their own, stand still, crash and lose messages.

The code under test runs on threads, one at a time. Whatever waits is an event of one queue, in the order of true time,
so a seed of the random generator always gives the same history.
"""

import copy
import heapq
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from random import Random
from threading import Lock, Thread
from typing import TypeVar

from tests.fakes.store import Store

from modest.store.retries import RetryPolicy
from modest.store.table import ConditionFailed, Item, Key, Page, Range, TableFailure, Update, Write

T = TypeVar("T")

TIMEOUT = 0.095
"""How long a process waits for an answer."""
READ_FAILURES = ("throttled", "lost answer", "suspended answer", "stands still")
UPDATE_FAILURES = ("throttled", "lost answer", "suspended answer", "lost request", "late request", "late request")
"""A process that stands still after its last look at the clock may count a call twice, which nothing can prevent."""
PUT_FAILURES = (*UPDATE_FAILURES, "stands still")
STANDS_STILL = (1, 12, 30, 50, 55, 61, 70, 120)
LATENCIES = (0.002, 0.004, 0.008, 0.02, 0.09)


class Crashed(BaseException):
    """Ends a process in the middle of a function: none of its handlers for Exception runs."""


class Process:
    """A clock, which may be wrong, and another for retries, which may stand still with its machine."""

    def __init__(self, world: "World", behind: float = 0, *, suspends: bool = False) -> None:
        self.world = world
        self.behind = behind
        self.suspends = suspends
        self.dead = False
        self.still_until = 0.0
        self._stood_still = 0.0

    def now(self) -> datetime:
        return self.world.now() - timedelta(seconds=self.behind)

    def retries(self, seconds: float = 0.3) -> RetryPolicy:
        return RetryPolicy(seconds=seconds, clock=lambda: self.world.time - self._stood_still, sleep=self.world.wait)

    def stand_still(self, seconds: float) -> None:
        self.still_until = self.world.time + seconds
        self._stood_still += seconds if self.suspends else 0


class Task:
    """A function on a thread of its own, which runs only while the world waits for it."""

    def __init__(self, world: "World", process: Process, function: Callable[[], object], about: object) -> None:
        self.process = process
        self.about = about
        self.done = False
        self.error: BaseException | None = None
        self._world = world
        self._function = function
        self._go, self._stopped = Lock(), Lock()
        self._go.acquire()
        self._stopped.acquire()
        Thread(target=self._run, daemon=True).start()

    def go_on(self) -> None:
        if not self.done:
            self._world.running = self
            self._go.release()
            self._stopped.acquire()

    def stop(self) -> None:
        self._stopped.release()
        self._go.acquire()
        if self.process.dead:
            raise Crashed

    def _run(self) -> None:
        self._go.acquire()
        try:
            self._function()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        self.done = True
        self._stopped.release()


class World:
    def __init__(self, random: Random, start: datetime) -> None:
        self.random = random
        self.time = 0.0
        self.tasks: list[Task] = []
        self.running: Task | None = None
        self._start = start
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()

    def now(self) -> datetime:
        """Returns the true time, which no process knows."""
        return self.at_time(self.time)

    def at_time(self, time: float) -> datetime:
        return self._start + timedelta(seconds=time)

    def at(self, time: float, event: Callable[[], object]) -> None:
        heapq.heappush(self._events, (max(time, self.time), next(self._order), event))

    def start(self, process: Process, function: Callable[[], object], about: object = None) -> Task:
        task = Task(self, process, function, about)
        self.tasks.append(task)
        self.at(self.time, task.go_on)
        return task

    def wait(self, seconds: float) -> None:
        """Called by a task. It goes on later if its process stands still then."""
        task, until = self.running, self.time + seconds
        assert task
        self.at(until, task.go_on)
        task.stop()
        while task.process.still_until > self.time:
            self.at(task.process.still_until, task.go_on)
            task.stop()

    def run(self) -> None:
        """Returns once nothing waits any more."""
        while self._events:
            self.time, _, event = heapq.heappop(self._events)
            event()


class RemoteTable:
    """The table as one process reaches it. A share of the requests meets with one of `failures`."""

    def __init__(
        self,
        store: Store,
        process: Process,
        share: float = 0,
        failures: Sequence[str] = (),
        latencies: Sequence[float] = LATENCIES,
    ) -> None:
        self._store = store
        self._process = process
        self._world = process.world
        self._share = share
        self._failures = failures
        self._latencies = latencies

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        return self._request(lambda: self._store.read(keys), READ_FAILURES)

    def query(self, wanted: Range, start: Key | None = None) -> Page:
        size, more = self._world.random.choice((1, 2, 3, 7, 50)), self._world.random.random() < 1 / 3
        return self._request(lambda: self._store.query(wanted, start, size, key_of_empty_page=more), READ_FAILURES)

    def update(self, update: Update) -> Item:
        def change() -> Item:
            self._store.write([update], self._world)
            return self._store.items[update.key]

        return self._request(change, UPDATE_FAILURES)

    def write(self, writes: Sequence[Write]) -> None:
        self._request(lambda: self._store.write(writes, self._world), PUT_FAILURES)

    def _request(self, carry_out: Callable[[], T], failures: Sequence[str]) -> T:
        random, world, task = self._world.random, self._world, self._world.running
        latency = random.choice(self._latencies)
        possible = [failure for failure in failures if failure in self._failures]
        failure = random.choice(possible) if possible and random.random() < self._share else ""
        outcome: list[T | ConditionFailed] = []

        def arrive() -> None:
            world.running = task
            try:
                outcome.append(copy.deepcopy(carry_out()))
            except ConditionFailed as failed:
                outcome.append(failed)

        if failure == "stands still":
            self._process.stand_still(random.choice(STANDS_STILL))
            world.wait(0)
        if failure == "late request":
            world.at(world.time + TIMEOUT * (1 + random.random()), arrive)
        elif failure not in ("throttled", "lost request"):
            world.at(world.time + latency / 2, arrive)
        if failure == "suspended answer":
            world.wait(latency)
            self._process.stand_still(random.choice(STANDS_STILL))
        if failure in ("", "stands still"):
            world.wait(latency)
            (found,) = outcome
            if isinstance(found, ConditionFailed):
                raise found
            return found
        world.wait(latency if failure == "throttled" else TIMEOUT)
        raise TableFailure(failure, perhaps_written=failure != "throttled", worth_retrying=True)


def finish(world: World) -> None:
    """Ends the threads of what never ended."""
    for task in world.tasks:
        task.process.dead = True
        with suppress(Crashed):
            while not task.done:
                task.go_on()
