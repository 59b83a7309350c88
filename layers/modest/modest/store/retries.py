"""How long the ledger waits for its table, and how often it asks again."""

import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from modest.refusals import LedgerUnavailable
from modest.store.table import Item, Key, Table, TableFailure

T = TypeVar("T")

WARM_SECONDS = 0.3
FIRST_SECONDS = 1.0
ANSWER_SECONDS = 0.095
"""How long an open connection may be silent: three attempts fit into WARM_SECONDS."""
CONNECT_SECONDS = 0.1

_PAUSE_SECONDS = (0.001, 0.007)


class Patience:
    """One for a process: it gives the first operation more time, since a connection must be made for it."""

    def __init__(
        self,
        *,
        warm_seconds: float = WARM_SECONDS,
        first_seconds: float = FIRST_SECONDS,
        attempt_seconds: float = ANSWER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._warm_seconds = warm_seconds
        self._seconds = max(first_seconds, warm_seconds)
        self._attempt_seconds = attempt_seconds
        self._clock = clock
        self._sleep = sleep

    def budget(self) -> "Budget":
        """For one operation of the ledger, all its requests together."""
        return Budget(self, self._clock() + self._seconds)

    def query(self, table: Table, pk: str, prefix: str) -> Iterator[Item]:
        """As Table.query, page after page, each an operation of its own. Raises LedgerUnavailable."""
        start: Key | None = None
        while True:
            page = self.budget().run(partial(table.query, pk, prefix, start))
            yield from page.items
            if page.next is None:
                return
            start = page.next

    def attempt(self, request: Callable[[], T], until: float) -> T:
        reason, perhaps_written, pause = "OutOfTime", False, 0.0
        while self._clock() + pause + self._attempt_seconds <= until:
            self._sleep(pause)
            try:
                answer = request()
            except TableFailure as failure:
                reason = failure.reason
                perhaps_written |= failure.perhaps_written
                if not failure.worth_retrying:
                    break
                pause = random.uniform(*_PAUSE_SECONDS)
            else:
                self._seconds = self._warm_seconds
                return answer
        raise LedgerUnavailable(reason, perhaps_written=perhaps_written)


def operator_retries() -> Patience:
    """For whoever waits longer than a call may: ten seconds."""
    return Patience(warm_seconds=10, first_seconds=10)


class Budget:
    def __init__(self, patience: Patience, until: float) -> None:
        self._patience = patience
        self._until = until

    def run(self, request: Callable[[], T]) -> T:
        """The request's answer, asked for again while there is time: it must recognise its own earlier attempt.

        Raises LedgerUnavailable, and whatever but TableFailure the request raises.
        """
        return self._patience.attempt(request, self._until)
