"""Makes the small pictures that are judged: in each rendering, turned or not, on each page."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from operator import mul

from PIL import Image, ImageChops

from moderate.images import points
from moderate.images.decoded import Tile, View, Whole
from moderate.images.exif import UPRIGHT
from moderate.images.shrinking import AS_STORED, OPAQUE, Fine, Rendering, Shrunk
from moderate.images.squares import side_by_side, squares

Colour = tuple[int, int, int]

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# In pixels: a picture that is quickly drawn whole.
_SMALL = 1 << 18
BACKGROUNDS: Sequence[Colour] = ((255, 255, 255), (0, 0, 0), (128, 128, 128))
# In levels of 255, in the mean. Two pictures that are no further apart count as one.
_ALIKE = 1


@dataclass(frozen=True, slots=True)
class Presentations:
    """Lists the ways in which viewers show a picture; there are several if viewers differ."""

    orientations: Sequence[int] = (UPRIGHT,)
    """EXIF's numbers."""
    renderings: Sequence[Rendering] = (AS_STORED,)


Still = tuple[Image.Image, Presentations]
"""A picture as it is decoded, and the ways in which viewers show it."""


def views(stills: Iterable[Still], size: int) -> Iterator[View]:
    """Yields each still at `size` pixels a side, in each way that can be told from the ones before.

    What is not opaque comes on white, black and grey. Of a long picture, squares follow, each as it is shown first.
    """
    found: list[Image.Image] = []
    for image, presentations in stills:
        before = len(found)
        stored = Shrunk.of(image, size, squares=side_by_side(image.size))
        for rendering, small, shrunk in _drawn(image, size, stored, presentations.renderings, found):
            fine = fine_if_wanted(shrunk, rendering)
            for orientation in presentations.orientations:
                shown = turned(image, small, orientation, rendering)
                yield from on_pages(backgrounds(shown), shown, fine, orientation)
        if len(found) > before:
            yield from _tiles(image.size, stored, presentations)


def _tiles(size: tuple[int, int], stored: Shrunk, presentations: Presentations) -> Iterator[Tile]:
    first, orientation = presentations.renderings[0], presentations.orientations[0]
    for area in squares(size):
        small = stored.part(area)
        # Others take the picture as it was decoded, and more time than there is for parts.
        shown = first.draw(small) if first.slight else small
        if orientation != UPRIGHT:
            shown = shown.transpose(_TRANSPOSITIONS[orientation])
        yield Tile(on(BACKGROUNDS[0], shown).tobytes())


def turned(image: Image.Image, small: Image.Image, orientation: int, rendering: Rendering) -> Image.Image:
    """Returns `small`, which shows `image` in this rendering, turned.

    A small picture is turned before it is shrunk, because BOX takes each pixel as a whole, and not the same ones from
    both sides. In a large picture, which takes long to turn, single pixels matter little.
    """
    if orientation == UPRIGHT:
        return small
    transposition = _TRANSPOSITIONS[orientation]
    return (
        Shrunk.of(image.transpose(transposition), small.width, rendering).view()
        if _is_small(image.size)
        else small.transpose(transposition)
    )


def points_beyond_palette(image: Image.Image, colours: int) -> bool:
    """Returns whether any pixel's index is outside a palette of `colours` entries. Viewers draw those differently.

    colours: 0 for a picture without a palette. An index that is transparent needs no colour.
    """
    if not colours or image.getextrema()[1] < colours:  # type: ignore[operator]
        return False
    transparent = image.info.get("transparency")
    return any(count for index, count in enumerate(image.histogram()) if index >= colours and index != transparent)


def shrunk_first(rendering: Rendering, size: tuple[int, int]) -> bool:
    """Returns whether a picture of this size may be shrunk before it is drawn."""
    return rendering.slight and not _is_small(size)


def _is_small(size: tuple[int, int]) -> bool:
    return size[0] * size[1] <= _SMALL


def _drawn(
    image: Image.Image, size: int, stored: Shrunk, renderings: Iterable[Rendering], found: list[Image.Image]
) -> Iterator[tuple[Rendering, Image.Image, Shrunk]]:
    """Yields `image` at `size` pixels a side in each rendering that can be told from those found, which it joins.

    stored: the image as it is stored. With each view comes what it was made of.
    """
    as_stored = stored.view()
    for rendering in ways(renderings, transparent=image.has_transparency_data):
        late = shrunk_first(rendering, image.size)
        shrunk = stored if late else Shrunk.of(image, size, rendering)
        small = rendering.draw(as_stored) if late else shrunk.view()
        if all(_apart_in_any_mode(small, other) > _ALIKE for other in found):
            found.append(small)
            yield rendering, small, shrunk


def ways(renderings: Iterable[Rendering], *, transparent: bool) -> Iterator[Rendering]:
    """Yields each rendering, and how else it draws what is transparent."""
    for rendering in renderings:
        yield rendering
        if transparent:
            yield from rendering.if_transparent


def _apart_in_any_mode(one: Image.Image, other: Image.Image) -> float:
    mode = "RGBA" if "RGBA" in (one.mode, other.mode) else "RGB"
    return apart(one.convert(mode), other.convert(mode))


def apart(one: Image.Image, other: Image.Image) -> float:
    """Returns the mean difference of two pictures of one size and mode, in levels of 255."""
    return _mean(ImageChops.difference(one, other))


def _mean(image: Image.Image) -> float:
    """Returns the mean level over all channels: ImageStat takes three times as long."""
    counts = image.histogram()
    levels: int = sum(map(mul, counts, cycle(range(256))))
    return levels / sum(counts)


def backgrounds(image: Image.Image) -> Sequence[Colour]:
    """Returns the page colours on which `image` looks different: one if it hides its page."""
    hides_it = image.mode != "RGBA" or image.getchannel(3).getextrema() == (OPAQUE, OPAQUE)
    return BACKGROUNDS[:1] if hides_it else BACKGROUNDS


def fine_if_wanted(shrunk: Shrunk, rendering: Rendering) -> Fine | None:
    """Returns what points are taken of, if they are wanted.

    rendering: that of the view, whether the picture was drawn in it before it was shrunk or not.
    """
    if not points.wanted():
        return None
    fine = shrunk.fine()
    return fine if shrunk.rendering == rendering else replace(fine, image=rendering.draw(fine.image))


def on_pages(pages: Iterable[Colour], shown: Image.Image, fine: Fine | None, orientation: int) -> Iterator[View]:
    """Yields a view on each page, with its points if there is anything to take them of.

    fine: is turned as `shown` already is.
    """
    upright = fine and fine.transposed(_TRANSPOSITIONS.get(orientation))
    for page in pages:
        view = on(page, shown).tobytes()
        if upright:
            yield Whole(view, points.points_of(on(page, upright.image), upright.shown, upright.steps))
        else:
            yield view


def on(background: Colour, image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    page = Image.new("RGB", image.size, background)
    page.paste(image, mask=image)
    return page
