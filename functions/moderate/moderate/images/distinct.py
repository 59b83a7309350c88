"""Finds the distinct pictures of an animation: those that no other one stands for."""

from collections.abc import Iterator, Sequence

from PIL import Image, ImageChops

from moderate.images.decoded import View
from moderate.images.exif import UPRIGHT
from moderate.images.limits import MAX_VIEWS_OF_CALL
from moderate.images.shrinking import AS_STORED, Area, Rendering, Shrunk, pixels_in, without_idle_alpha
from moderate.images.views import (
    Colour,
    Presentations,
    apart,
    backgrounds,
    fine_if_wanted,
    on,
    on_pages,
    shrunk_first,
    turned,
    ways,
)

# In levels of 255, in the mean over all that the judge sees. At 3, a fine pattern over a picture that is flagged makes
# one that is not.
_ALIKE = 2.25
# Shrunk to so many pixels a side, pictures that are alike are no further apart than this, as everything is rounded.
_COARSE, _NEAR = 16, 4
# With more, no animation that was tried has fewer distinct pictures.
_FEW = 8
# How many pixels of a GIF could be drawn in the time that it takes to render one by a description of its colours, to
# draw an area of no size, to begin a row of it, to compare pictures of no size, and to lay one on a page. Shrinking a
# pixel takes as long as drawing one, and up to three times as long if it is transparent and shown on three pages.
_RENDERED, _AREA, _ROW, _COMPARISON, _PAGE = 8, 40_000, 4, 45_000, 30_000
_CURVES = 0.5
# The same for the points of a picture on one page, and for each pixel that they are taken of, opaque or not.
_POINTS, _FINE, _FINE_IF_TRANSPARENT = 150_000, 0.35, 1


class BudgetSpent(Exception):
    """No more may be looked at."""


class Budget:
    """Limits what is spent on drawing the frames of one animation and on looking at them."""

    def __init__(self, pixels: float) -> None:
        """pixels: how many of a GIF could be drawn in the time that there is."""
        self._pixels, self._views = pixels, MAX_VIEWS_OF_CALL

    def spend(self, pixels: float = 0, views: int = 0) -> None:
        """Raises BudgetSpent."""
        self._pixels, self._views = self._pixels - pixels, self._views - views
        if min(self._pixels, self._views) < 0:
            raise BudgetSpent


class Distinct:
    """Holds the pictures that are judged."""

    def __init__(self) -> None:
        self._pictures: list[Image.Image] = []
        self._coarse = b""

    def add(self, picture: Image.Image) -> bool:
        """Returns whether no earlier picture stands for this one, and keeps it if so.

        It is compared with the few that come nearest to it when all are shrunk further: those are compared in one
        image.
        """
        coarse = picture.resize((_COARSE, _COARSE), Image.Resampling.BOX).tobytes()
        if any(apart(picture, self._pictures[index]) <= _ALIKE for index in self._nearest(coarse)):
            return False
        self._pictures.append(picture)
        self._coarse += coarse
        return True

    def _nearest(self, coarse: bytes) -> Sequence[int]:
        if not (count := len(self._pictures)):
            return ()
        row = len(coarse)
        judged, shown = (Image.frombytes("L", (row, count), rows) for rows in (self._coarse, coarse * count))
        means = ImageChops.difference(judged, shown).reduce((row, 1)).tobytes()
        near = (index for index, mean in enumerate(means) if mean <= _NEAR)
        return sorted(near, key=means.__getitem__)[:_FEW]


class Screen:
    """Holds what is shown, shrunk, in each way that viewers draw it."""

    def __init__(
        self, shown: tuple[int, int], size: int, presentations: Presentations, budget: Budget, distinct: Distinct
    ) -> None:
        self._orientations = presentations.orientations
        self.budget = budget
        self._distinct = distinct
        renderings = list(ways(presentations.renderings, transparent=True))
        late = [rendering for rendering in renderings if shrunk_first(rendering, shown)]
        # Each holds the picture shrunk, and by which renderings it is drawn then.
        self._layers: list[tuple[Shrunk, Sequence[Rendering]]] = [(Shrunk(shown, size), late)] if late else []
        for rendering in renderings:
            if rendering not in late:
                self._layers.append((Shrunk(shown, size, rendering), [AS_STORED]))

    def draw(self, canvas: Image.Image, changed: Sequence[Area]) -> Iterator[View]:
        """Takes all that is shown, and where it has changed. Yields the views of each picture that is new.

        Raises BudgetSpent.
        """
        pixels = sum(pixels_in(area) + _ROW * (area[3] - area[1]) for area in changed)
        for shrunk, renderings in self._layers:
            self.budget.spend(_AREA * len(changed) + cost_of(shrunk.rendering) * pixels)
            for area in changed:
                shrunk.draw(canvas, area)
            picture = shrunk.picture()
            self.budget.spend(pixels * len(backgrounds(picture)))
            for rendering in renderings:
                if new := self._new_pages(picture, rendering):
                    yield from self._views(canvas, shrunk, rendering, new)

    def _new_pages(self, picture: Image.Image, rendering: Rendering) -> Sequence[Colour]:
        """Returns the pages on which the picture, rendered, is one that no earlier picture stands for."""
        seen = without_idle_alpha(rendering.draw(picture))
        pages = backgrounds(seen)
        comparison = _COMPARISON + seen.width * seen.height * (1 + cost_of(rendering))
        comparison += _PAGE if len(pages) > 1 else 0
        new: list[Colour] = []
        for page in pages:
            self.budget.spend(comparison)
            if self._distinct.add(on(page, seen)):
                # It took more comparisons, and is rendered again.
                self.budget.spend(comparison, views=len(self._orientations))
                new.append(page)
        return new

    def _views(
        self, canvas: Image.Image, shrunk: Shrunk, rendering: Rendering, pages: Sequence[Colour]
    ) -> Iterator[View]:
        small = rendering.draw(shrunk.view())
        whole = shrunk.rendering if rendering == AS_STORED else rendering
        fine = fine_if_wanted(shrunk, rendering)
        if fine:
            pixels = fine.image.width * fine.image.height
            self.budget.spend(pixels * (_FINE_IF_TRANSPARENT if fine.image.mode == "RGBA" else _FINE))
        for orientation in self._orientations:
            if orientation != UPRIGHT:
                self.budget.spend(canvas.width * canvas.height * (1 + cost_of(whole)) * len(pages))
            if fine:
                self.budget.spend(_POINTS * len(pages))
            shown = turned(canvas, small, orientation, whole)
            yield from on_pages(pages, shown, fine, orientation)


def cost_of(rendering: Rendering) -> float:
    """Returns how many pixels of a GIF could be drawn in the time that it takes to render one.

    Curves cost the same if what they change is slight.
    """
    return 0 if rendering == AS_STORED else _RENDERED * (rendering.work or _CURVES)
