"""Says how much memory a picture takes before it takes it, so that large ones can wait for each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SMALL_BYTES = 10 * 1024 * 1024
"""What any picture may take, whatever else is decoded."""

_UNLIMITED = 1 << 62
_granted = ContextVar("granted", default=_UNLIMITED)


class NeedsRoom(Exception):
    """The picture takes more memory than it may at this moment."""

    def __init__(self, needed: int) -> None:
        super().__init__(needed)
        self.needed = needed


@contextmanager
def granting(count: int) -> Iterator[None]:
    """Lets a picture take so many bytes within the block."""
    before = _granted.set(count)
    try:
        yield
    finally:
        _granted.reset(before)


def ask_for(needed: int) -> None:
    """Raises NeedsRoom."""
    if needed > max(SMALL_BYTES, _granted.get()):
        raise NeedsRoom(needed)
