"""Shrinks a decoded image to the small pictures that are judged."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageStat

from moderate.images.exif import UPRIGHT

View = bytes
"""A picture to judge: one byte each for red, green and blue, row by row, with as many rows as columns."""

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FULL_COLOUR = ("L", "RGB")
_BAND_PIXELS = 1 << 20
# In pixels: a picture that is quickly drawn whole.
_SMALL = 1 << 18
# How many times the size is left after whole steps, at least.
_LEFT_BY_STEPS = 3
_OPAQUE = 255
_WHITE, _BLACK, _GREY = (255, 255, 255), (0, 0, 0), (128, 128, 128)
BACKGROUNDS = (_WHITE, _BLACK, _GREY)
# In levels of 255, in the mean. Two pictures that are no further apart count as one.
_ALIKE = 1
# Also in the mean. Below it a grey page shows at most 2 levels from what a white or a black one shows.
_LEAST_FOR_GREY = 4


def full_colour(image: Image.Image) -> Image.Image:
    """Returns `image` in a mode that may be resized: L or RGB, or RGBA if anything in it may be transparent.

    Pillow quietly resizes palette and bilevel pictures by picking single pixels, which hides whatever
    lies between them.
    """
    if image.mode == "I;16":
        return _from_16_bit(image)
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image if image.mode in _FULL_COLOUR else image.convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    """Returns the high bytes: Pillow's own conversion clips at 255, which turns nearly all of the picture white."""
    low, high = (Image.frombytes("L", image.size, image.tobytes()[byte::2]) for byte in (0, 1))
    key = image.info.get("transparency")
    if key is None:
        return high
    opaque = ImageChops.lighter(_other_than(key & 0xFF, low), _other_than(key >> 8, high))
    return Image.merge("RGBA", (high, high, high, opaque))


def _other_than(level: int, image: Image.Image) -> Image.Image:
    return image.point([0 if value == level else _OPAQUE for value in range(256)])


@dataclass(frozen=True, slots=True)
class Rendering:
    """One way in which viewers draw a picture's levels."""

    draw: Callable[[Image.Image], Image.Image]
    """Takes a picture as decoded and returns it in L, RGB or RGBA."""
    slight: bool = False
    """It changes so little that a large picture may be shrunk before it is drawn."""
    by_table: bool = False
    """A table of colours gives each pixel's, and not curves."""

    @property
    def work(self) -> float:
        """The time that it takes for each pixel of a large picture, where a table takes 1."""
        return 0.0 if self.slight else 1.0 if self.by_table else 0.5


AS_STORED = Rendering(full_colour, slight=True)


@dataclass(frozen=True, slots=True)
class Presentations:
    """Lists the ways in which viewers show a picture; there are several if viewers differ."""

    orientations: Sequence[int] = (UPRIGHT,)
    """EXIF's numbers."""
    renderings: Sequence[Rendering] = (AS_STORED,)


def views(image: Image.Image, size: int, presentations: Presentations) -> Iterator[View]:
    """Yields `image` at `size` pixels a side, in each way; on white, black and grey if it is not opaque."""
    upright = list(_drawn(image, size, presentations.renderings))
    for orientation in presentations.orientations:
        for turned in _turned(image, upright, size, orientation, presentations.renderings):
            for background in _backgrounds(turned):
                yield _on(background, turned).tobytes()


def _turned(
    image: Image.Image, upright: Iterable[Image.Image], size: int, orientation: int, renderings: Iterable[Rendering]
) -> Iterable[Image.Image]:
    """Returns `image` at `size` pixels a side in each rendering, turned; `upright` holds the same not turned.

    A small picture is turned before it is shrunk, because BOX takes each pixel as a whole, and not the same ones from
    both sides. In a large picture, which takes long to turn, single pixels matter little.
    """
    if orientation == UPRIGHT:
        return upright
    transposition = _TRANSPOSITIONS[orientation]
    if image.width * image.height <= _SMALL:
        return _drawn(image.transpose(transposition), size, renderings)
    return (small.transpose(transposition) for small in upright)


def points_beyond_palette(image: Image.Image, colours: int) -> bool:
    """Returns whether any pixel's index is outside a palette of `colours` entries. Viewers draw those differently.

    colours: 0 for a picture without a palette. An index that is transparent needs no colour.
    """
    if not colours or image.getextrema()[1] < colours:  # type: ignore[operator]
        return False
    transparent = image.info.get("transparency")
    return any(count for index, count in enumerate(image.histogram()) if index >= colours and index != transparent)


def _drawn(image: Image.Image, size: int, renderings: Iterable[Rendering]) -> Iterator[Image.Image]:
    """Yields `image` at `size` pixels a side in each way that can be told from the ones before."""
    stored = _shrink(image, size, AS_STORED)
    found: list[Image.Image] = []
    for rendering in renderings:
        shrunk_first = rendering.slight and image.width * image.height > _SMALL
        small = rendering.draw(stored) if shrunk_first else _shrink(image, size, rendering)
        if not any(_alike(small, other) for other in found):
            found.append(small)
            yield small


def _alike(one: Image.Image, other: Image.Image) -> bool:
    mode = "RGBA" if "RGBA" in (one.mode, other.mode) else "RGB"
    apart = ImageStat.Stat(ImageChops.difference(one.convert(mode), other.convert(mode))).mean
    return sum(apart) <= _ALIKE * len(apart)


def in_bands(
    image: Image.Image, rendering: Rendering = AS_STORED, *, rows: int = 1
) -> Iterator[tuple[int, Image.Image]]:
    """Yields bands of `image` from top to bottom, in L, RGB or RGBA, each with the row at which it begins.

    This way a large picture is never held whole in a wider mode than its own. rows: the height of every band but the
    last is a multiple of it.
    """
    if rendering is AS_STORED and image.mode in _FULL_COLOUR and not image.has_transparency_data:
        yield 0, image
        return
    height = max(1, _BAND_PIXELS // (image.width * rows)) * rows
    for top in range(0, image.height, height):
        band = image.crop((0, top, image.width, min(top + height, image.height)))
        yield top, rendering.draw(band)


def _shrink(image: Image.Image, size: int, rendering: Rendering) -> Image.Image:
    """Returns `image` at `size` pixels a side, the same for the same pixels however they were stored.

    Every pixel counts: `reduce` averages whole steps, several times faster than a filter would, and both filters widen
    with the factor by which they shrink what is left. The models learned from pictures that were shrunk more sharply
    than by area; of Pillow's filters BOX comes closest to that (docs/decisions.md).
    """
    width, height = image.size
    steps = max(1, width // (_LEFT_BY_STEPS * size)), max(1, height // (_LEFT_BY_STEPS * size))
    reduced: Image.Image | None = None
    for top, band in in_bands(image, rendering, rows=steps[1]):
        reduced = reduced or Image.new(band.mode, (-(-width // steps[0]), -(-height // steps[1])))
        reduced.paste(band.reduce(steps), (0, top // steps[1]))
    if reduced is None:
        raise ValueError("an image without rows")
    resample = Image.Resampling.BOX if min(image.size) >= size else Image.Resampling.BILINEAR
    return reduced.resize((size, size), resample, box=(0, 0, width / steps[0], height / steps[1]))


def _backgrounds(image: Image.Image) -> Sequence[tuple[int, int, int] | None]:
    """Returns the page colours on which `image` may look different; None stands for a picture that hides its page.

    The views on white and on black differ by the picture's mean transparency, and grey lies halfway between them.
    """
    if image.mode != "RGBA":
        return (None,)
    transparency = _OPAQUE - ImageStat.Stat(image.getchannel("A")).mean[0]
    if not transparency:
        return (None,)
    return BACKGROUNDS if transparency > _LEAST_FOR_GREY else (_WHITE, _BLACK)


def _on(background: tuple[int, int, int] | None, image: Image.Image) -> Image.Image:
    if background is None:
        return image.convert("RGB")
    canvas = Image.new("RGB", image.size, background)
    canvas.paste(image, mask=image.getchannel("A"))
    return canvas
