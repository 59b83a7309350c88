"""Says how much memory a picture takes before it takes it, so that large ones can wait for each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

SMALL_BYTES = 10 * 1024 * 1024
"""What any picture may take, whatever else is decoded."""


class NeedsRoom(Exception):
    """The picture takes more memory than it may at this moment."""

    def __init__(self, needed: int) -> None:
        super().__init__(needed)
        self.needed = needed


@dataclass
class Room:
    """The memory for one picture, in bytes."""

    granted: int
    asked_for: int = 0

    @property
    def leaves_much(self) -> bool:
        """Whether giving back what is kept of such a picture is worth the time, a millisecond or two."""
        return self.asked_for > 4 * SMALL_BYTES


_room: ContextVar[Room | None] = ContextVar("room", default=None)


@contextmanager
def granting(count: int) -> Iterator[Room]:
    """Lets a picture take so many bytes within the block. Without one, it may take what it needs."""
    room = Room(count)
    before = _room.set(room)
    try:
        yield room
    finally:
        _room.reset(before)


def ask_for(needed: int) -> None:
    """Raises NeedsRoom."""
    room = _room.get()
    if room is None:
        return
    room.asked_for = max(room.asked_for, needed)
    if needed > max(SMALL_BYTES, room.granted):
        raise NeedsRoom(needed)
