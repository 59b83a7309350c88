"""Lets a command end where it chooses when Control-C is pressed."""

import signal
from types import FrameType, TracebackType
from typing import Self


class Interruption:
    """Notes the first Control-C while it is entered, instead of raising KeyboardInterrupt amid whatever runs.

    KeyboardInterrupt may come between any two instructions, such as those of asyncio that make or close an event loop,
    or between printing a verdict and counting it. A second Control-C does what it did before.
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

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self.noted = True
        signal.signal(signal.SIGINT, self._before)
