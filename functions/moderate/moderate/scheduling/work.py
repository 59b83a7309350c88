"""Ends what is done for a call together with the call."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class CallOver(Exception):
    """The call that wanted this work is over, so nobody waits for it."""


class Work:
    """Stands for everything that is done for one call, so that all of it can be ended at once."""

    def __init__(self, images: int = 1) -> None:
        """images: how many are judged for the call."""
        self.images = images
        self._lock = threading.Lock()
        self._over = False
        self._interrupts: list[Callable[[], object]] = []

    def end(self) -> None:
        """Interrupts what is being done, and makes everything else raise CallOver."""
        with self._lock:
            self._over = True
            for interrupt in self._interrupts:
                interrupt()

    def check(self) -> None:
        """Raises CallOver if the call is over. Whatever takes long asks between its steps."""
        if self._over:
            raise CallOver

    @contextmanager
    def interrupted_by(self, interrupt: Callable[[], object]) -> Iterator[None]:
        """Calls `interrupt`, on another thread, if the call ends within the block. Raises CallOver."""
        with self._lock:
            self.check()
            self._interrupts.append(interrupt)
        try:
            yield
        finally:
            # Once this has the lock, `interrupt` is never called again.
            with self._lock:
                self._interrupts.remove(interrupt)
