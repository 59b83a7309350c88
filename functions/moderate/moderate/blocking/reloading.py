"""Reads the operator's lists again while the service runs, without a call that waits long or fails for it."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from moderate.blocking.lists import InvalidLists, Lists
from moderate.blocking.places import Place, PlaceFailure

CHECK_SECONDS = 60.0
"""How old the last check may be before a call begins another."""
RETRY_SECONDS = 10.0
"""How old a failed one may be."""
WAIT_SECONDS = 0.3
"""How long after the start of a check calls wait for its end, and then go on with the lists that there are."""

# Of failures that nobody has asked about: a service without calls makes no checks, so there are few.
_KEPT_FAILURES = 20


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to log and count since the last report."""

    read: Mapping[str, int] | None = None
    """The number of entries of each kind, if other lists than before are in use."""
    late: int = 0
    """How many checks took so long that calls went on without."""
    failures: tuple[str, ...] = ()
    """Why checks failed."""


class CurrentLists(Protocol):
    @property
    def current(self) -> Lists:
        """The lists that were read last."""

    def check(self) -> None:
        """Begins to read the lists again if that is due. Does not wait."""

    @property
    def is_checking(self) -> bool:
        """Whether `settled` may wait."""

    def settled(self) -> Lists:
        """Returns the lists, after waiting for a check that has just begun, but not for one that takes long."""

    def wait(self, seconds: float) -> None:
        """Waits for the end of a check, but not longer than that."""

    def take_report(self) -> Report: ...


class FixedLists:
    """Lists that do not change."""

    is_checking = False

    def __init__(self, lists: Lists | None = None) -> None:
        self.current = lists or Lists()

    def check(self) -> None:
        pass

    def settled(self) -> Lists:
        return self.current

    def wait(self, seconds: float) -> None:
        pass

    def take_report(self) -> Report:
        return Report()


@dataclass(slots=True)
class _Check:
    wait_until: float
    done: threading.Event = field(default_factory=threading.Event)
    late: bool = False


class ReloadedLists:
    """Lists that change. What cannot be read changes nothing: the lists from before stay in use.

    There is at most one check at a time, on a thread of its own, which needs the memory of a second list until it ends.
    """

    def __init__(self, place: Place, *, now: Callable[[], float] = time.time) -> None:
        """now: the time of day, which goes on while Lambda freezes the process."""
        self._place = place
        self._now = now
        self._lock = threading.Lock()
        self._current = Lists()
        self._tag: str | None = None
        self._broken = ""
        self._last, self._due_after = 0.0, 0.0
        self._running: _Check | None = None
        self._report = Report()

    @property
    def current(self) -> Lists:
        return self._current

    @property
    def is_checking(self) -> bool:
        return self._running is not None

    def check(self) -> None:
        with self._lock:
            # A clock that was set back makes a check due, too.
            if self._running is not None or 0 <= self._now() - self._last < self._due_after:
                return
            self._running = check = _Check(time.monotonic() + WAIT_SECONDS)
        thread = threading.Thread(target=self._run, args=(check,), name="lists", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._end(check, "there are too many threads")

    def settled(self) -> Lists:
        check = self._running
        if check is not None and not check.done.wait(max(0.0, check.wait_until - time.monotonic())):
            with self._lock:
                if not check.late:
                    check.late = True
                    self._add_to_report(late=1)
        return self._current

    def wait(self, seconds: float) -> None:
        check = self._running
        if check is not None:
            check.done.wait(seconds)

    def take_report(self) -> Report:
        with self._lock:
            report, self._report = self._report, Report()
        return report

    def _run(self, check: _Check) -> None:
        try:
            failure = self._read()
        except PlaceFailure as error:
            failure = str(error)
        except Exception as error:  # noqa: BLE001 - no list, and no lack of memory for one, may stop the service
            failure = f"a fault of ours or a lack of memory ({type(error).__name__})"
        self._end(check, failure)

    def _end(self, check: _Check, failure: str) -> None:
        with self._lock:
            if failure:
                self._add_to_report(failures=(failure,))
            self._last, self._due_after = self._now(), RETRY_SECONDS if failure else CHECK_SECONDS
            self._running = None
        check.done.set()

    def _read(self) -> str:
        """Returns why the lists from before stay in use although they should not, or an empty text."""
        content = self._place.read(self._tag)
        if content is None:
            return self._broken
        if not content.tag:
            # Nobody empties a list by deleting it: `modest lists remove --all` writes an empty one.
            if self._tag:
                return "the list is gone"
            self._tag = ""
            return ""
        try:
            lists = Lists(content.data)
        except InvalidLists as error:
            # Its tag is kept, so that it is not read again until it changes.
            self._tag, self._broken = content.tag, str(error)
            return self._broken
        with self._lock:
            self._current = lists
            self._add_to_report(read=lists.counts)
        self._tag, self._broken = content.tag, ""
        return ""

    def _add_to_report(
        self, *, read: Mapping[str, int] | None = None, late: int = 0, failures: tuple[str, ...] = ()
    ) -> None:
        old = self._report
        self._report = Report(read or old.read, old.late + late, (old.failures + failures)[-_KEPT_FAILURES:])
