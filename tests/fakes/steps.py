"""Functions that run side by side, one step at a time, in whatever order a test asks for."""

from collections.abc import Callable
from threading import Semaphore, Thread, current_thread


class Crash(BaseException):
    """The process is gone: no code of its own runs any more."""


class Run:
    """One function on a thread of its own, which stands still at every `pause` until it is told to go on."""

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
        """Up to the next pause, or to the end."""
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
    """Lets the others go first, if the caller is a Run."""
    run = _RUNS.get(current_thread())
    if run is not None:
        run.pause()


_RUNS: dict[Thread, Run] = {}
