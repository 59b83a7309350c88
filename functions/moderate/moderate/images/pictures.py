"""Turns what a parser found into pictures to judge: a still, frames to draw, or frames that their decoder draws."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from PIL import Image

from moderate.images.animation import Frame, choose_frames, play
from moderate.images.exif import UPRIGHT, orientations_in
from moderate.images.limits import (
    CANVAS,
    MAX_VIEWS_OF_STILL,
    PROFILED,
    AnimationCap,
    PixelCap,
    SequenceCaps,
    UndecodableImage,
    area,
)
from moderate.images.views import Presentations, Rendering, View, views

_TOO_MANY_VIEWS = (
    "Viewers can show this image in too many ways, depending on rotation, page background and colour metadata. "
    "Send it upright, opaque and in sRGB."
)
# How many frames could be drawn in the time that it takes to blend one with what is there, or to show one by a
# description of its colours.
_BLENDED = 2
_RENDERED = 8


@dataclass(frozen=True, slots=True)
class Frames:
    judged: int
    total: int


@dataclass(frozen=True, slots=True)
class Picture:
    """Holds what a person may see of one image: each judged frame, on several backgrounds if it is not opaque."""

    views: tuple[View, ...]
    frames: Frames


def open_image(data: bytes, image_format: str) -> Image.Image:
    """Opens `data` as one format and no other, whatever it looks like."""
    return Image.open(io.BytesIO(data), formats=[image_format])


def turned_or_not(image: Image.Image) -> Sequence[int]:
    """All viewers turn a JPEG as its EXIF says. Chromium does not turn a WebP, and others do not turn a PNG."""
    return tuple(dict.fromkeys((UPRIGHT, *orientations_in(image.info.get("exif", b"")))))


def draw_still(image: Image.Image, size: int, presentations: Presentations, profiled: PixelCap = PROFILED) -> Picture:
    if times := _drawn_whole(presentations):
        profiled.shared(max(1, times)).check(image.size)
    image.load()
    found = tuple(views(image, size, presentations))
    if len(found) > MAX_VIEWS_OF_STILL:
        raise UndecodableImage("too many views", message=_TOO_MANY_VIEWS)
    return Picture(found, Frames(judged=1, total=1))


def draw_frames(
    canvas: tuple[int, int],
    frames: Iterable[Frame],
    size: int,
    presentations: Presentations,
    cap: AnimationCap,
) -> Picture:
    """Draws an animation whose frames are files of their own."""
    CANVAS.check(canvas)
    whole: list[Frame] = []
    drawn = 0
    for frame in frames:
        whole.append(frame)
        drawn += area(frame.size) * (_BLENDED if frame.blended else 1)
        CANVAS.check(frame.size)
        cap.check(len(whole), drawn)
    chosen = choose_frames([frame.shown_ms for frame in whole])
    cap.check(len(whole), round(drawn + len(chosen) * area(canvas) * _of_judged(presentations)))
    found = [
        view
        for index, picture in enumerate(play(canvas, whole))
        if index in chosen
        for view in views(picture, size, presentations)
    ]
    return Picture(tuple(found), Frames(len(chosen), len(whole)))


def draw_sequence(
    image: Image.Image,
    size: int,
    times: Iterable[float],
    caps: SequenceCaps,
    drawn: Sequence[Rendering],
) -> Picture:
    """Draws a still, or an animation whose frames its decoder puts together.

    times: how long each frame is shown; not asked of a still. drawn: in which ways viewers draw its colours.
    """
    CANVAS.check(image.size)
    total = getattr(image, "n_frames", 1)
    presentations = Presentations(turned_or_not(image), drawn)
    if total == 1:
        caps.still.check(image.size)
        return draw_still(image, size, presentations, caps.profiled)
    caps.animation.check(total, total * area(image.size))
    known = list(islice(times, total + 1))
    if len(known) != total:
        raise UndecodableImage("frames that the decoder does not see")
    chosen = choose_frames(known)
    caps.animation.check(total, round((total + len(chosen) * _of_judged(presentations)) * area(image.size)))
    found = [view for index in chosen for view in views(_decoded(image, index), size, presentations)]
    return Picture(tuple(found), Frames(len(chosen), total))


def _of_judged(presentations: Presentations) -> float:
    """Returns how many frames could be drawn in the time that a frame takes because it is judged."""
    return 1 + _RENDERED * _drawn_whole(presentations)


def _drawn_whole(presentations: Presentations) -> float:
    """Returns the time that descriptions of its colours take for each pixel, where a table of colours takes 1."""
    return sum(rendering.work for rendering in presentations.renderings)


def _decoded(image: Image.Image, index: int) -> Image.Image:
    image.seek(index)
    image.load()
    return image
