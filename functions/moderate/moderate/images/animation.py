"""Animations: which frames are judged, and what each looks like on the canvas."""

import heapq
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from itertools import accumulate, pairwise

from PIL import Image

from moderate.images.views import in_bands

FRAMES_JUDGED = 16
_LONGEST = 8
_TRANSPARENT = (0, 0, 0, 0)
# Browsers show a frame that asks for 10 ms or less for 100 ms.
_TOO_SHORT_MS = 10.0
_SHOWN_INSTEAD_MS = 100.0


class Disposal(Enum):
    """What becomes of a frame's area before the next frame is drawn."""

    KEEP = auto()
    CLEAR = auto()
    RESTORE = auto()


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a GIF or an animated PNG, as a whole file of its own."""

    still: bytes
    at: tuple[int, int]
    size: tuple[int, int]
    shown_ms: float
    disposal: Disposal
    blended: bool
    """Drawn over what is there; else it replaces it, transparent pixels and all."""


def play(canvas_size: tuple[int, int], frames: Iterable[Frame]) -> Iterator[Image.Image]:
    """The canvas as each frame in turn leaves it: one image, drawn on from frame to frame.

    Browsers start with a transparent canvas and clear to transparent. Pillow's own players start with
    the first palette colour or the default image, clear to the background colour and keep a disposal
    beyond its frame: a file can show a person one thing and them another.
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
        for top, band in in_bands(still):
            box = (x, y + top, x + band.width, y + top + band.height)
            blended = frame.blended and band.mode == "RGBA"
            canvas.paste(Image.alpha_composite(canvas.crop(box), band) if blended else band, box[:2])


def display_time(duration_ms: float) -> float:
    """Milliseconds that a frame stays on a person's screen."""
    return duration_ms if duration_ms > _TOO_SHORT_MS else _SHOWN_INSTEAD_MS


def choose_frames(display_times: Sequence[float]) -> list[int]:
    """Indices, ascending, of the frames to judge: at most 16, and all of them where there are no more.

    The first, the last and the 8 shown longest; the rest where they fall evenly over the time shown.
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
    """The 8 frames shown longest; of those that tie for the last places, some from all over the animation."""
    shortest = heapq.nlargest(_LONGEST, display_times)[-1]
    longer = {index for index, time in enumerate(display_times) if time > shortest}
    tied = [index for index, time in enumerate(display_times) if time == shortest]
    places = _LONGEST - len(longer)
    return longer | {tied[(2 * place + 1) * len(tied) // (2 * places)] for place in range(places)}


def _middle_of_longest_gap(chosen: list[int], ends: list[float]) -> int:
    """The unchosen frame nearest the middle of the longest stretch of time between two chosen ones."""
    gaps = [(before, after) for before, after in pairwise(chosen) if after - before > 1]
    before, after = max(gaps, key=lambda gap: ends[gap[1] - 1] - ends[gap[0]])
    middle = (ends[before] + ends[after - 1]) / 2
    return min(range(before + 1, after), key=lambda index: abs((ends[index - 1] + ends[index]) / 2 - middle))
