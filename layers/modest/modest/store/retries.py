"""Decides how long an operation may wait for the ledger's table, and when a failed request is repeated."""

import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NewType, TypeVar

from modest.refusals import LedgerUnavailable
from modest.store.table import Item, Key, Range, Table, TableFailure

T = TypeVar("T")

Deadline = NewType("Deadline", float)
"""When an operation must have ended, on its policy's clock."""

OPERATION_SECONDS = 0.3
MAX_OPERATION_SECONDS = 30.0
"""Operators may set no more: what an operation takes is part of what a call may take (modest.ledger.timing)."""
FIRST_OPERATION_SECONDS = 1.0
ANSWER_SECONDS = 0.095
"""How long an open connection may be silent: three attempts fit into OPERATION_SECONDS."""
CONNECT_SECONDS = 0.1

_PAUSE_SECONDS = (0.001, 0.007)


class RetryPolicy:
    """Repeats requests that fail, until the operation that they belong to runs out of time.

    A process has one policy. Until its first request succeeds, an operation gets more time, because a connection must
    be made for it.
    """

    def __init__(
        self,
        *,
        seconds: float = OPERATION_SECONDS,
        first_seconds: float = FIRST_OPERATION_SECONDS,
        attempt_seconds: float = ANSWER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        seconds: how long an operation may take, with all its requests.
        first_seconds: the same, until the first request has succeeded.
        attempt_seconds: how long one attempt may take; none begins when less time is left.
        """
        self._seconds = seconds
        self._first_seconds = max(first_seconds, seconds)
        self._attempt_seconds = attempt_seconds
        self._clock = clock
        self._sleep = sleep
        self._connected = False

    @property
    def longest_seconds(self) -> float:
        """Returns how long an operation may take at most."""
        return self._first_seconds

    def deadline(self) -> Deadline:
        """Returns the deadline of an operation that begins now. All its requests share it."""
        return Deadline(self._clock() + (self._seconds if self._connected else self._first_seconds))

    def run(self, request: Callable[[], T], deadline: Deadline | None = None) -> T:
        """Returns the request's answer. Without a deadline, the request is an operation of its own.

        A request that fails may have been carried out all the same, so a write must recognise its own earlier attempts.

        Raises LedgerUnavailable, and whatever the request raises except TableFailure.
        """
        until = self.deadline() if deadline is None else deadline
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
                self._connected = True
                return answer
        raise LedgerUnavailable(reason, perhaps_written=perhaps_written)

    def query(self, table: Table, wanted: Range, deadline: Deadline | None = None) -> Iterator[Item]:
        """Iterates over all pages of `Table.query`. Without a deadline, each page is an operation of its own.

        Raises LedgerUnavailable.
        """
        start: Key | None = None
        while True:
            page = self.run(partial(table.query, wanted, start), deadline)
            yield from page.items
            if page.next is None:
                return
            start = page.next


def operator_retries() -> RetryPolicy:
    """Returns a policy for operators, who can wait longer than a call: ten seconds for each operation."""
    return RetryPolicy(seconds=10, first_seconds=10)
