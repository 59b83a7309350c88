"""Lets a command end where it chooses when Control-C is pressed."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

_STDERR = 2
_NOTE = b"\nEnding after the pictures that are being judged. Press Control-C again to end at once.\n"


class Interruption:
    """Notes the first Control-C while it is entered, instead of raising KeyboardInterrupt amid whatever runs.

    KeyboardInterrupt may come between any two instructions, such as those of asyncio that make or close an event loop,
    or between printing a verdict and counting it. A second Control-C raises it, as ever.
    """

    def __init__(self) -> None:
        self.noted = False
        self._before = signal.getsignal(signal.SIGINT)

    def __enter__(self) -> Self:
        # What a shell starts in the background passes over Control-C, and goes on doing so.
        if self._before is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Raises KeyboardInterrupt at once meanwhile, for what may wait for ever, such as reading from a pipe."""
        present = signal.signal(signal.SIGINT, self._before)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, present)

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self.noted = True
        signal.signal(signal.SIGINT, self._before)
        # Not by print, amid which this may be called.
        if os.isatty(_STDERR):
            os.write(_STDERR, _NOTE)
