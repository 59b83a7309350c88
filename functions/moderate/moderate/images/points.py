"""Takes the 64 x 64 points of a picture's brightness of which PDQ makes a hash, where they are asked for.

The hash itself takes numpy, which no decoding process loads. Of each axis, Meta's code takes the means of two windows,
one after the other, at 64 places. Pillow's BILINEAR has the same weights for a window that it shrinks to one pixel.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from PIL import Image

from moderate.images.points_grid import BYTES, MIN_SIDE, SIDE, WINDOWS

_wanted: ContextVar[bool] = ContextVar("points", default=False)


@contextmanager
def wanting(points: bool) -> Iterator[None]:  # noqa: FBT001 - it is the whole question
    """Has views taken with their points, or without, within the block."""
    before = _wanted.set(points)
    try:
        yield
    finally:
        _wanted.reset(before)


def wanted() -> bool:
    return _wanted.get()


def points_of(image: Image.Image, shown: tuple[int, int], steps: tuple[int, int]) -> bytes:
    """Returns the points of a picture in RGB.

    shown: its size before it was reduced by these steps.
    """
    if min(shown) < MIN_SIDE:
        return bytes(BYTES)
    plane = image.convert("F")
    # From top to bottom first, where what belongs together lies together in memory.
    for length, step in zip(shown[::-1], steps[::-1], strict=True):
        plane = _from_top(plane, length, step).transpose(Image.Transpose.TRANSPOSE)
    return plane.tobytes()


def _from_top(plane: Image.Image, length: int, step: int) -> Image.Image:
    """Returns 64 rows of a plane. length: how many it had before they were reduced by this step."""
    rows = Image.new("F", (plane.width, SIDE))
    window = -(-length // WINDOWS)
    for row in range(SIDE):
        # A window of an even number of pixels has its middle half a pixel further on, both times.
        centre, reach = (2 * row + 1) * length // WINDOWS + (1.5 if window % 2 == 0 else 0.5), window / 2
        if centre + reach > length:
            # Of two pixels, the second window lacks one: the last counts for three quarters.
            centre, reach = length - 0.75, 0.5
        box = (0, (centre - reach) / step, plane.width, (centre + reach) / step)
        rows.paste(plane.resize((plane.width, 1), Image.Resampling.BILINEAR, box), (0, row))
    return rows
