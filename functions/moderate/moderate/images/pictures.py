"""Turns what a parser found into pictures to judge: a still, frames to draw, or frames that their decoder draws."""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from PIL import Image

from moderate.images.animation import Frame, play
from moderate.images.distinct import Budget, BudgetSpent, Screen, cost_of
from moderate.images.exif import UPRIGHT, orientations_in
from moderate.images.limits import (
    CANVAS,
    MAX_VIEWS_OF_CALL,
    MAX_VIEWS_OF_STILL,
    PROFILED,
    AnimationCap,
    PixelCap,
    SequenceCaps,
    UndecodableImage,
    area,
)
from moderate.images.shrinking import AS_STORED, Area, Rendering, full_colour
from moderate.images.views import Presentations, Tile, View, views, ways

_TOO_MANY_VIEWS = (
    "Viewers can show this image in too many ways, depending on rotation, page background and colour metadata. "
    "Send it upright, opaque and in sRGB."
)
# How many times longer it takes to render a picture by a description of its colours if it may be transparent.
_TRANSPARENCY = 1.25


@dataclass(frozen=True, slots=True)
class Frames:
    judged: int
    """Those whose pictures were judged, and those whose pictures a judged one stands for."""
    total: int

    @property
    def all_judged(self) -> bool:
        return self.judged == self.total


@dataclass(frozen=True, slots=True)
class Picture:
    """Holds what a person may see of one image: each distinct picture, on several pages if it is not opaque.

    Tiles come last.
    """

    views: tuple[View, ...]
    frames: Frames

    @property
    def whole(self) -> Sequence[View]:
        """The views that are not tiles."""
        return [view for view in self.views if not isinstance(view, Tile)]


def open_image(data: bytes, image_format: str) -> Image.Image:
    """Opens `data` as one format and no other, whatever it looks like."""
    return Image.open(io.BytesIO(data), formats=[image_format])


def turned_or_not(*exifs: bytes) -> Sequence[int]:
    """All viewers turn a JPEG as its EXIF says. Chromium does not turn a WebP, and others do not turn a PNG."""
    return tuple(dict.fromkeys((UPRIGHT, *chain.from_iterable(map(orientations_in, exifs)))))


def without_end(image: Image.Image, rows: int) -> Image.Image:
    """Returns `image` with so many of its last rows left out, as viewers show it that wait for more of the file."""
    shown = full_colour(image).convert("RGBA")
    shown.paste((0, 0, 0, 0), (0, max(0, image.height - rows), *image.size))
    return shown


def draw_still(image: Image.Image, size: int, presentations: Presentations, profiled: PixelCap = PROFILED) -> Picture:
    return draw_stills([image], size, presentations, profiled)


def draw_stills(
    images: Sequence[Image.Image], size: int, presentations: Presentations, profiled: PixelCap = PROFILED
) -> Picture:
    """Draws a still of which viewers show one or the other of these."""
    transparent = images[0].has_transparency_data
    if times := _drawn_whole(presentations, transparent=transparent) * len(images):
        transparency = _TRANSPARENCY if transparent else 1
        for image in images:
            profiled.shared(max(1, times) * transparency).check(image.size)
    for image in images:
        image.load()
    return still(chain.from_iterable(views(image, size, presentations) for image in images))


def still(seen: Iterable[View]) -> Picture:
    """Returns all that is seen of one still, with as many tiles as there is room for.

    Raises UndecodableImage if that is too much.
    """
    found = tuple(seen)
    whole = [view for view in found if not isinstance(view, Tile)]
    if len(whole) > MAX_VIEWS_OF_STILL:
        raise UndecodableImage("too many views", message=_TOO_MANY_VIEWS)
    tiles = [view for view in found if isinstance(view, Tile)]
    return Picture((*whole, *tiles)[:MAX_VIEWS_OF_STILL], Frames(judged=1, total=1))


def draw_frames(
    canvas: tuple[int, int],
    frames: Iterable[Frame],
    size: int,
    presentations: Presentations,
    cap: AnimationCap,
    *,
    colours: Rendering = AS_STORED,
) -> Picture:
    """Draws an animation whose frames are files of their own.

    colours: how each frame is drawn before it is laid on the canvas; `presentations` say how all is drawn then.
    """
    CANVAS.check(canvas)
    whole: list[Frame] = []
    drawn: list[int] = []
    total = 0
    for frame in frames:
        whole.append(frame)
        drawn.append(round(area(frame.size) * (frame.work + cost_of(colours))))
        total += drawn[-1]
        CANVAS.check(frame.size)
        cap.check(len(whole), total)
    CANVAS.check(canvas, more_bytes=_bytes_of_views(len(whole), size))
    screen = Screen(canvas, size, presentations, Budget(cap.time(len(whole))))
    return _look_at(play(canvas, whole, colours), drawn, screen, cap)


def together(found: Sequence[Picture], cap: AnimationCap) -> Picture:
    """Returns all that is seen of one animation that viewers draw in several ways. Raises TooManyFrames."""
    seen = dict.fromkeys(chain.from_iterable(picture.views for picture in found))
    if len(seen) > MAX_VIEWS_OF_CALL:
        raise cap.exceeded()
    return Picture(tuple(seen), Frames(min(each.frames.judged for each in found), found[0].frames.total))


def draw_sequence(
    image: Image.Image,
    size: int,
    caps: SequenceCaps,
    renderings: Sequence[Rendering],
) -> Picture:
    """Draws a still, or an animation whose frames its decoder puts together.

    renderings: the ways in which viewers draw its colours.
    """
    total = getattr(image, "n_frames", 1)
    CANVAS.check(image.size, more_bytes=_bytes_of_views(total, size))
    presentations = Presentations(turned_or_not(image.info.get("exif", b"")), renderings)
    if total == 1:
        caps.still.check(image.size)
        return draw_still(image, size, presentations, caps.profiled)
    cap, drawn = caps.animation, [area(image.size)] * total
    cap.check(total, sum(drawn))
    return _look_at(_play(image, total), drawn, Screen(image.size, size, presentations, Budget(cap.time(total))), cap)


def _bytes_of_views(frames: int, size: int) -> int:
    """Returns what the views of an animation take, which come twice: where they are compared, and in the answer."""
    return 2 * size * size * 3 * MAX_VIEWS_OF_CALL if frames > 1 else 0


def _look_at(
    shown: Iterable[tuple[Image.Image, Sequence[Area]]], drawn: Sequence[int], screen: Screen, cap: AnimationCap
) -> Picture:
    """Returns the views of every distinct picture, or of those that come before the budget is spent.

    shown: the canvas after each frame, and where it has changed.
    drawn: how many pixels are drawn for each frame.
    """
    found: list[View] = []
    judged = 0
    with suppress(BudgetSpent):
        for (canvas, changed), pixels in zip(shown, drawn, strict=True):
            screen.budget.spend(cap.slowness * pixels)
            found += list(screen.draw(canvas, changed))
            judged += 1
    if not judged:
        raise cap.exceeded()
    return Picture(tuple(found), Frames(judged, len(drawn)))


def _play(image: Image.Image, total: int) -> Iterator[tuple[Image.Image, Sequence[Area]]]:
    for index in range(total):
        image.seek(index)
        image.load()
        yield image, [(0, 0, *image.size)]


def _drawn_whole(presentations: Presentations, *, transparent: bool) -> float:
    """Returns the time that descriptions of its colours take for each pixel, where a table of colours takes 1."""
    return sum(rendering.work for rendering in ways(presentations.renderings, transparent=transparent))
