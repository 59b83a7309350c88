"""Turns what a parser found into pictures to judge: a still, frames to draw, or frames that their decoder draws."""

import io
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain
from typing import Protocol

from PIL import Image

from moderate.images import points
from moderate.images.animation import Frame, play
from moderate.images.decoded import Frames, Picture, Tile, View
from moderate.images.distinct import Budget, BudgetSpent, Distinct, Screen, cost_of
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
from moderate.images.points_grid import BYTES
from moderate.images.shrinking import AS_STORED, Area, Rendering, full_colour
from moderate.images.views import Presentations, Still, views, ways

_TOO_MANY_VIEWS = (
    "Viewers can show this image in too many ways, depending on rotation, page background and colour metadata. "
    "Send it upright, opaque and in sRGB."
)
# How many times longer it takes to render a picture by a description of its colours if it may be transparent.
_TRANSPARENCY = 1.25
# The share of its time that a still takes again for each further way in which viewers decode it.
_ANOTHER_WAY = 0.1


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
    return draw_stills([(image, presentations)], size, profiled)


def draw_stills(stills: Sequence[Still], size: int, profiled: PixelCap = PROFILED) -> Picture:
    """Draws a still of which viewers show one or the other of these."""
    for image, _ in stills:
        check_profiled(image.size, [each for _, each in stills], profiled, transparent=image.has_transparency_data)
    for image, _ in stills:
        image.load()
    return still(views(stills, size))


def check_profiled(
    size: tuple[int, int], shown: Iterable[Presentations], profiled: PixelCap, *, transparent: bool
) -> None:
    """Raises TooManyPixels if it would take too long to draw a picture of this size in all these ways."""
    if times := sum(_drawn_whole(presentations, transparent=transparent) for presentations in shown):
        profiled.shared(max(1, times) * (_TRANSPARENCY if transparent else 1)).check(size)


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
    shown = (([picture], areas) for picture, areas in play(canvas, whole, colours))
    return _look_at(shown, drawn, _screens(canvas, size, [presentations], cap.time(len(whole))), cap)


def together(found: Sequence[Picture], cap: AnimationCap) -> Picture:
    """Returns all that is seen of one animation that viewers draw in several ways. Raises TooManyFrames."""
    seen: dict[View, int] = {}
    for picture in found:
        for view in picture.views:
            seen.setdefault(view, picture.frame_of(view))
    if len(seen) > MAX_VIEWS_OF_CALL:
        raise cap.exceeded()
    frames = Frames(min(each.frames.judged for each in found), found[0].frames.total)
    return Picture(tuple(seen), frames, tuple(seen.values()))


class Decoder(Protocol):
    """Puts the frames of a file together."""

    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def frames(self) -> int: ...
    @property
    def has_alpha(self) -> bool: ...
    def decode(self, frame: int) -> Sequence[Image.Image]:
        """Returns a frame in each way in which viewers decode it."""


def draw_sequence(decoder: Decoder, size: int, caps: SequenceCaps, shown: Sequence[Presentations]) -> Picture:
    """Draws a still, or an animation whose frames its decoder puts together.

    shown: how viewers show it, for each way in which they decode it.
    """
    total = decoder.frames
    if total == 1:
        caps.memory.check(decoder.size)
        caps.still.shared(1 + _ANOTHER_WAY * (len(shown) - 1)).check(decoder.size)
        check_profiled(decoder.size, shown, caps.profiled, transparent=decoder.has_alpha)
        return still(views(zip(decoder.decode(0), shown, strict=True), size))
    CANVAS.check(decoder.size, more_bytes=_bytes_of_views(total, size))
    cap, drawn = caps.animation, [area(decoder.size)] * total
    cap.check(total, sum(drawn))
    frames = ((decoder.decode(frame), [(0, 0, *decoder.size)]) for frame in range(total))
    return _look_at(frames, drawn, _screens(decoder.size, size, shown, cap.time(total)), cap)


def _screens(canvas: tuple[int, int], size: int, shown: Iterable[Presentations], time: float) -> Sequence[Screen]:
    """Returns a screen for each way in which viewers decode an animation. They share all that is spent and found."""
    budget, distinct = Budget(time), Distinct()
    return [Screen(canvas, size, presentations, budget, distinct) for presentations in shown]


def _bytes_of_views(frames: int, size: int) -> int:
    """Returns what the views of an animation take, which come twice: where they are compared, and in the answer."""
    each = size * size * 3 + (BYTES if points.wanted() else 0)
    return 2 * each * MAX_VIEWS_OF_CALL if frames > 1 else 0


def _look_at(
    shown: Iterable[tuple[Sequence[Image.Image], Sequence[Area]]],
    drawn: Sequence[int],
    screens: Sequence[Screen],
    cap: AnimationCap,
) -> Picture:
    """Returns the views of every distinct picture, or of those that come before the budget is spent.

    shown: what is on each screen after each frame, and where it has changed.
    drawn: how many pixels are drawn for each frame.
    """
    found: list[View] = []
    shown_from: list[int] = []
    judged = 0
    with suppress(BudgetSpent):
        for (pictures, changed), pixels in zip(shown, drawn, strict=True):
            screens[0].budget.spend(cap.slowness * pixels)
            for picture, screen in zip(pictures, screens, strict=True):
                found += screen.draw(picture, changed)
            judged += 1
            shown_from += [judged] * (len(found) - len(shown_from))
    if not judged:
        raise cap.exceeded()
    # Of a frame for which the budget did not suffice, some views may be there.
    shown_from += [judged + 1] * (len(found) - len(shown_from))
    return Picture(tuple(found), Frames(judged, len(drawn)), tuple(shown_from))


def _drawn_whole(presentations: Presentations, *, transparent: bool) -> float:
    """Returns the time that descriptions of its colours take for each pixel, where a table of colours takes 1."""
    return sum(rendering.work for rendering in ways(presentations.renderings, transparent=transparent))
