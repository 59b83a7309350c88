"""Functions that run in parallel, one step at a time, in the order that a test chooses."""

from collections.abc import Callable
from threading import Semaphore, Thread, current_thread


class Crash(BaseException):
    """Raised to end a process in the middle of a function: none of its handlers for Exception runs."""


class Run:
    """A function on a thread of its own, which waits at every `pause` until the test steps it on."""

    def __init__(self, function: Callable[[], object]) -> None:
        self.result: object = None
        self.error: BaseException | None = None
        self.done = False
        self._go = Semaphore(0)
        self._stopped = Semaphore(0)
        self._crash = False
        self._thread = Thread(target=self._run, args=(function,), daemon=True)
        _RUNS[self._thread] = self
        self._thread.start()
        self._stopped.acquire()

    def step(self) -> None:
        """Runs it to its next pause, or to its end."""
        self._go.release()
        self._stopped.acquire()

    def crash(self) -> None:
        self._crash = True
        while not self.done:
            self.step()

    def pause(self) -> None:
        self._stopped.release()
        self._go.acquire()
        if self._crash:
            raise Crash

    def _run(self, function: Callable[[], object]) -> None:
        try:
            self.pause()
            self.result = function()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        self.done = True
        del _RUNS[self._thread]
        self._stopped.release()


def pause() -> None:
    """Waits for the test's next step, if the caller is a Run."""
    run = _RUNS.get(current_thread())
    if run is not None:
        run.pause()


_RUNS: dict[Thread, Run] = {}
