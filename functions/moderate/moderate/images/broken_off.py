"""Tells a file made of boxes that breaks off, such as half an upload, from one that is damaged otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager

from moderate.images.boxes import Data
from moderate.images.limits import BreaksOff
from modest.errors import PublicError

_HEADER, _LONG_HEADER = 8, 16
_LONG_SIZE = 1


@contextmanager
def named_if_broken_off(data: Data) -> Iterator[None]:
    """Raises BreaksOff instead of another error if the file ends inside a box: that explains any other fault."""
    try:
        yield
    except PublicError:
        raise
    except Exception:
        if _ends_inside_a_box(data):
            raise BreaksOff("a box ends after the file") from None
        raise


def _ends_inside_a_box(data: Data) -> bool:
    position = 0
    while position + _HEADER <= len(data):
        size = int.from_bytes(data[position : position + 4])
        if size == _LONG_SIZE:
            size = int.from_bytes(data[position + _HEADER : position + _LONG_HEADER])
        if size < _HEADER:
            return False
        position += size
    return position != len(data)
