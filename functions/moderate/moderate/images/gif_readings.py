"""How viewers read what a GIF leaves open: its canvas, pixels without a colour, and a single row that is interlaced."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from moderate.images.animation import Disposal, Frame
from moderate.images.limits import Disputed

Size = tuple[int, int]

_COLOURS = 256


@dataclass(frozen=True, slots=True)
class Reading:
    canvas: Callable[[Size, Frame, bool], tuple[Size, Size]]
    """Takes the screen's size, the first frame and whether the file is a GIF87a.

    Returns the canvas's size and where the first frame is on it. Later frames are cut off at its edges.
    """
    palette: Callable[[bytes, bool], tuple[bytes, int]]
    """Takes the palette of a frame and whether the frame has a transparent index.

    Returns what it is drawn with, and how many colours of that may be used.
    """
    single_row: Callable[[Frame, bool], Sequence[Frame]]
    """Takes an interlaced frame of one row and whether it is the first. Returns what is shown in its place."""


def _grown(screen: Size, first: Frame, _is_old: bool) -> tuple[Size, Size]:  # noqa: FBT001 - as in Reading
    """Chromium enlarges the screen to hold the first frame."""
    (left, top), (width, height) = first.at, first.size
    return (max(screen[0], left + width), max(screen[1], top + height)), first.at


def _replaced(screen: Size, first: Frame, is_old: bool) -> tuple[Size, Size]:  # noqa: FBT001 - as in Reading
    """Firefox takes a first frame for the canvas that is larger than the screen on either side, or of a GIF87a."""
    if is_old or any(side > length for side, length in zip(first.size, screen, strict=True)):
        return first.size, (0, 0)
    return screen, first.at


def _agreed(screen: Size, first: Frame, is_old: bool) -> tuple[Size, Size]:  # noqa: FBT001 - as in Reading
    """Raises Disputed."""
    found = _grown(screen, first, is_old)
    if found != _replaced(screen, first, is_old):
        raise Disputed("a screen that does not fit its first frame")
    return found


def _as_written(palette: bytes, _is_keyed: bool) -> tuple[bytes, int]:  # noqa: FBT001 - as in Reading
    """Raises Disputed."""
    if not palette:
        raise Disputed("a frame without a palette")
    return palette, len(palette) // 3


def _black_beyond(palette: bytes, _is_keyed: bool) -> tuple[bytes, int]:  # noqa: FBT001 - as in Reading
    return palette.ljust(3 * _COLOURS, b"\0"), _COLOURS


def _repeated(palette: bytes, is_keyed: bool) -> tuple[bytes, int]:  # noqa: FBT001 - as in Reading
    """Firefox begins the palette again, or draws white without one, but not in a frame with a transparent index.

    Raises Disputed.
    """
    if is_keyed:
        return _as_written(palette, is_keyed)
    return palette * (_COLOURS * 3 // len(palette)) if palette else b"\xff" * 3 * _COLOURS, _COLOURS


def _disputed(_row: Frame, _is_first: bool) -> Sequence[Frame]:  # noqa: FBT001 - as in Reading
    """Raises Disputed."""
    raise Disputed("an interlaced frame of one row")


def _drawn(row: Frame, _is_first: bool) -> Sequence[Frame]:  # noqa: FBT001 - as in Reading
    return [row]


def _taken_back(row: Frame, is_first: bool) -> Sequence[Frame]:  # noqa: FBT001 - as in Reading
    """Firefox restores what was there before each of the passes that follow, which have no rows.

    It draws the first frame, but not when it comes round again, and later frames are not laid on it.
    """
    nothing = replace(row, still=b"")
    return [replace(row, disposal=Disposal.CLEAR), nothing] if is_first else [nothing]


AS_WRITTEN = Reading(_agreed, _as_written, _disputed)
CHROMIUM = Reading(_grown, _black_beyond, _drawn)
FIREFOX = Reading(_replaced, _repeated, _taken_back)
