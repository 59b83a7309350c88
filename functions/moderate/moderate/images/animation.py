"""Chooses the frames of an animation to judge, and draws each on the canvas."""

import heapq
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from itertools import accumulate, pairwise

from PIL import Image

from moderate.images.limits import BrokenRule
from moderate.images.views import in_bands, points_beyond_palette

FRAMES_JUDGED = 16
_LONGEST = 8
_TRANSPARENT = (0, 0, 0, 0)
# Browsers show a frame that asks for 10 ms or less for 100 ms.
_TOO_SHORT_MS = 10.0
_SHOWN_INSTEAD_MS = 100.0


class Disposal(Enum):
    """Says what happens to a frame's area before the next frame is drawn."""

    KEEP = auto()
    CLEAR = auto()
    RESTORE = auto()


@dataclass(frozen=True, slots=True)
class Frame:
    """Holds one frame of a GIF or an animated PNG as a complete file of its own."""

    still: bytes
    at: tuple[int, int]
    size: tuple[int, int]
    shown_ms: float
    disposal: Disposal
    blended: bool
    """Whether the frame is drawn over the canvas; otherwise it replaces what is there, transparent pixels included."""
    colours: int = 0
    """How many colours its palette has; 0 if it has none."""


def play(canvas_size: tuple[int, int], frames: Iterable[Frame]) -> Iterator[Image.Image]:
    """Yields the canvas after each frame: always the same image, which the next frame is drawn on.

    Browsers start with a transparent canvas and clear to transparent. Pillow's own players start with
    the first palette colour or the default image, clear to the background colour and keep a disposal
    beyond its frame, so a file can show a person one thing and Pillow another.
    """
    canvas = Image.new("RGBA", canvas_size)
    for frame in frames:
        with _shown(frame, canvas):
            yield canvas


@contextmanager
def _shown(frame: Frame, canvas: Image.Image) -> Iterator[None]:
    area = (*frame.at, frame.at[0] + frame.size[0], frame.at[1] + frame.size[1])
    before = canvas.crop(area) if frame.disposal is Disposal.RESTORE else None
    _draw(frame, canvas)
    yield
    if before:
        canvas.paste(before, frame.at)
    elif frame.disposal is Disposal.CLEAR:
        canvas.paste(_TRANSPARENT, area)


def _draw(frame: Frame, canvas: Image.Image) -> None:
    x, y = frame.at
    with Image.open(io.BytesIO(frame.still), formats=["GIF", "PNG"]) as still:
        if points_beyond_palette(still, frame.colours):
            raise BrokenRule("a pixel that its palette has no colour for")
        for top, band in in_bands(still):
            box = (x, y + top, x + band.width, y + top + band.height)
            blended = frame.blended and band.mode == "RGBA"
            canvas.paste(Image.alpha_composite(canvas.crop(box), band) if blended else band, box[:2])


def display_time(duration_ms: float) -> float:
    """Returns for how many milliseconds browsers show a frame that asks for `duration_ms`."""
    return duration_ms if duration_ms > _TOO_SHORT_MS else _SHOWN_INSTEAD_MS


def choose_frames(display_times: Sequence[float]) -> list[int]:
    """Returns the indices of the frames to judge, ascending: at most 16, and all of them if there are no more.

    The first, the last and the 8 shown longest are always chosen; the others are spread evenly over the time shown.
    """
    total = len(display_times)
    if total <= FRAMES_JUDGED:
        return list(range(total))
    chosen = {0, total - 1, *_longest(display_times)}
    ends = list(accumulate(display_times))
    while len(chosen) < FRAMES_JUDGED:
        chosen.add(_middle_of_longest_gap(sorted(chosen), ends))
    return sorted(chosen)


def _longest(display_times: Sequence[float]) -> set[int]:
    """Returns the 8 frames shown longest. Of those that tie for the last places, it takes some from all over."""
    shortest = heapq.nlargest(_LONGEST, display_times)[-1]
    longer = {index for index, time in enumerate(display_times) if time > shortest}
    tied = [index for index, time in enumerate(display_times) if time == shortest]
    places = _LONGEST - len(longer)
    return longer | {tied[(2 * place + 1) * len(tied) // (2 * places)] for place in range(places)}


def _middle_of_longest_gap(chosen: list[int], ends: list[float]) -> int:
    """Returns the unchosen frame nearest the middle of the longest stretch of time between two chosen ones."""
    gaps = [(before, after) for before, after in pairwise(chosen) if after - before > 1]
    before, after = max(gaps, key=lambda gap: ends[gap[1] - 1] - ends[gap[0]])
    middle = (ends[before] + ends[after - 1]) / 2
    return min(range(before + 1, after), key=lambda index: abs((ends[index - 1] + ends[index]) / 2 - middle))
