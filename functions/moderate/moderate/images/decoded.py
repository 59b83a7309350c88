"""Holds what comes out of an image: pictures to judge, and how many frames they stand for.

The service, which decodes nothing itself, knows these and not Pillow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

View = bytes
"""A picture to judge: one byte each for red, green and blue, row by row, with as many rows as columns."""


class Whole(View):
    """A view of a whole picture, with the points of which its hash is made."""

    points: bytes

    def __new__(cls, view: View, points: bytes) -> "Whole":
        self = super().__new__(cls, view)
        self.points = points
        return self


class Tile(View):
    """A square of a long picture, which is judged beside the whole of it."""


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
    shown_from: tuple[int, ...] = ()
    """The frame, from 1, in which each view is seen first. Empty if all are of the first."""

    def frame_of(self, view: View) -> int:
        """Returns the number of the frame in which a view is seen first."""
        return self.shown_from[self.views.index(view)] if self.shown_from else 1

    @property
    def whole(self) -> Sequence[View]:
        """The views that are not tiles."""
        return [view for view in self.views if not isinstance(view, Tile)]

    @property
    def points(self) -> Sequence[bytes]:
        """The points of each whole view, as `moderate.images.points` describes them, if they were asked for."""
        return [view.points for view in self.views if isinstance(view, Whole)]
