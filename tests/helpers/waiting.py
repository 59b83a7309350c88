"""How tests wait: until something happens, and on a slow or busy machine for as long as that takes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

HANGS_SECONDS = 600
"""Longer than anything takes, on any machine, that has not come to a standstill."""


def wait_until(happened: Callable[[], bool], *, alive: Callable[[], bool] = lambda: True) -> bool:
    """Returns whether it happened; not if what should do it is no longer alive, or nothing happens at all."""
    deadline = time.monotonic() + HANGS_SECONDS
    while alive() and time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.05)
    return False


def given_time(run: Callable[[float], T], enough: Callable[[T], bool]) -> T:
    """Returns the outcome of the first run whose deadline, in seconds, was enough for all but what never ends."""
    outcome = run(0.2)
    for seconds in (2.0, 20.0, 200.0):
        if enough(outcome):
            break
        outcome = run(seconds)
    return outcome
