"""Draws the frames of an animation on its canvas, as browsers do."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from PIL import Image

from moderate.images.limits import Disputed
from moderate.images.shrinking import AS_STORED, Area, Rendering, in_bands, pixels_in
from moderate.images.views import points_beyond_palette

_TRANSPARENT = (0, 0, 0, 0)


class Disposal(Enum):
    """Says what happens to a frame's area before the next frame is drawn."""

    KEEP = auto()
    CLEAR = auto()
    RESTORE = auto()


@dataclass(frozen=True, slots=True)
class Frame:
    """Holds one frame of a GIF or an animated PNG."""

    still: bytes
    """A complete file of its own; empty if nothing is drawn."""
    at: tuple[int, int]
    size: tuple[int, int]
    disposal: Disposal
    blended: bool
    """Whether the frame is drawn over the canvas; otherwise it replaces what is there, transparent pixels included."""
    colours: int = 0
    """How many colours its palette has; 0 if it has none."""
    work: int = 1
    """How many frames could be drawn in the time that it takes to draw this one."""

    def area(self, canvas: tuple[int, int]) -> Area:
        """Returns the part of the canvas that the frame covers."""
        (left, top), (width, height) = self.at, self.size
        return min(left, canvas[0]), min(top, canvas[1]), min(left + width, canvas[0]), min(top + height, canvas[1])


def play(
    canvas_size: tuple[int, int], frames: Iterable[Frame], colours: Rendering = AS_STORED
) -> Iterator[tuple[Image.Image, Sequence[Area]]]:
    """Yields the canvas after each frame, and where it has changed: the same image, which the next frame is drawn on.

    colours: how each frame is drawn before it is laid on the canvas.

    Browsers start with a transparent canvas and clear to transparent. Pillow's own players start with
    the first palette colour or the default image, clear to the background colour and keep a disposal
    beyond its frame, so a file can show a person one thing and Pillow another.
    """
    canvas = Image.new("RGBA", canvas_size)
    changed: Sequence[Area] = [(0, 0, *canvas_size)]
    for frame in frames:
        area = frame.area(canvas_size)
        before = canvas.crop(area) if frame.disposal is Disposal.RESTORE else None
        _draw(frame, canvas, colours)
        yield canvas, _together(*changed, area)
        if before:
            canvas.paste(before, frame.at)
        elif frame.disposal is Disposal.CLEAR:
            canvas.paste(_TRANSPARENT, area)
        changed = [] if frame.disposal is Disposal.KEEP else [area]


def _together(*areas: Area) -> Sequence[Area]:
    """Returns the areas, or the one around them if that has no more pixels."""
    lefts, tops, rights, bottoms = zip(*areas, strict=True)
    around = min(lefts), min(tops), max(rights), max(bottoms)
    return [around] if pixels_in(around) <= sum(map(pixels_in, areas)) else areas


def _draw(frame: Frame, canvas: Image.Image, colours: Rendering) -> None:
    if not frame.still:
        return
    x, y = frame.at
    with Image.open(io.BytesIO(frame.still), formats=["GIF", "PNG"]) as still:
        if points_beyond_palette(still, frame.colours):
            raise Disputed("a pixel that its palette has no colour for")
        for top, band in in_bands(still, colours):
            box = (x, y + top, x + band.width, y + top + band.height)
            if not frame.blended or band.mode != "RGBA":
                canvas.paste(band, box)
            elif still.format == "GIF":
                # Its pixels are opaque or nothing, which is quicker to draw.
                canvas.paste(band, box, band)
            else:
                canvas.alpha_composite(band, box[:2])
