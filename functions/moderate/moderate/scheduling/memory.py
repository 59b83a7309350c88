"""Gives memory that is free back to the system."""

import ctypes
from collections.abc import Callable

# glibc keeps up to 50 MB of small blocks. Other C libraries have no such function.
_trim: Callable[[int], object] = getattr(ctypes.CDLL(None), "malloc_trim", lambda _keep: None)


def give_memory_back() -> None:
    _trim(0)
