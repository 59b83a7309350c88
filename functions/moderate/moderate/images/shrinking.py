"""Shrinks a decoded image, or what changes of it, to the size at which it is judged."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, floor

from PIL import Image, ImageChops

Area = tuple[int, int, int, int]
"""A part of a picture: left, top, right, bottom."""

OPAQUE = 255
_FULL_COLOUR = ("L", "RGB")
# They are reduced as they are decoded: the fourth byte of RGBX costs less there than a copy of the picture without it.
_REDUCIBLE = (*_FULL_COLOUR, "RGBX")
# Each way of drawing takes copies of a band. Smaller ones take as long, and four times larger ones up to 20 MB more.
_BAND_PIXELS = 1 << 18
# How many times the size is left after whole steps, at least.
_LEFT_BY_STEPS = 3
_SIDEWAYS = {
    Image.Transpose.TRANSPOSE,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_270,
}
# A side that is reduced further keeps so many pixels: 4 for each of the windows that a hash is made of.
_FINE = 512


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
    return image.point([0 if value == level else OPAQUE for value in range(256)])


@dataclass(frozen=True, slots=True)
class Rendering:
    """One way in which viewers draw a picture's levels."""

    draw: Callable[[Image.Image], Image.Image]
    """Takes a picture as decoded and returns it in L, RGB or RGBA."""
    slight: bool = False
    """It changes so little that a large picture may be shrunk before it is drawn."""
    by_table: bool = False
    """A table of colours gives each pixel's, and not curves."""
    if_transparent: "tuple[Rendering, ...]" = ()
    """How else it is drawn then, on each page: Chromium cuts light off at white once it is blended with the page's."""

    @property
    def work(self) -> float:
        """The time that it takes for each pixel of a large picture, where a table takes 1."""
        return 0.0 if self.slight else 1.0 if self.by_table else 0.5


AS_STORED = Rendering(full_colour, slight=True)


def in_bands(
    image: Image.Image, rendering: Rendering = AS_STORED, area: Area | None = None, *, rows: int = 1
) -> Iterator[tuple[int, Image.Image]]:
    """Yields bands of `image`, or of an area of it, from top to bottom, in L, RGB or RGBA, each with its first row.

    This way a large picture is never held whole in a wider mode than its own. One that needs no drawing is a single
    band, and may be in RGBX. rows: the height of every band but the last is a multiple of it.
    """
    whole = (0, 0, *image.size)
    left, top, right, bottom = area = area or whole
    as_it_is = rendering == AS_STORED and image.mode in _REDUCIBLE and not image.has_transparency_data
    if as_it_is and area == whole:
        yield 0, image
        return
    height = max(1, _BAND_PIXELS // ((right - left) * rows)) * rows
    for row in range(top, bottom, height):
        yield row, rendering.draw(image.crop((left, row, right, min(row + height, bottom))))


def pixels_in(area: Area) -> int:
    left, top, right, bottom = area
    return (right - left) * (bottom - top)


@dataclass(frozen=True, slots=True)
class Fine:
    """Holds a picture that is reduced by whole steps to less than 1,024 pixels a side."""

    image: Image.Image
    shown: tuple[int, int]
    """How large the picture is that it was made of."""
    steps: tuple[int, int]

    def transposed(self, transposition: Image.Transpose | None) -> "Fine":
        if transposition is None:
            return self
        shown, steps = (pair[::-1] if transposition in _SIDEWAYS else pair for pair in (self.shown, self.steps))
        return Fine(self.image.transpose(transposition), shown, steps)


class Shrunk:
    """Holds what is shown in at most `size` pixels a side. Only what changes is drawn again.

    The result is the same for the same pixels however they were stored. Every pixel counts: `reduce` averages whole
    steps, several times faster than a filter would, and both filters widen with the factor by which they shrink what is
    left. The models learned from pictures that were shrunk more sharply than by area; of Pillow's filters BOX comes
    closest to that (docs/decisions.md).
    """

    def __init__(
        self,
        shown: tuple[int, int],
        size: int,
        rendering: Rendering = AS_STORED,
        squares: tuple[float, float] = (1, 1),
    ) -> None:
        """shown: the size of what is shown. squares: how many of them fit into it side by side, across and down."""
        self._shown = shown
        self._size = size
        self.rendering = rendering
        across, down = (max(1, int(shown[axis] / (_LEFT_BY_STEPS * size * squares[axis]))) for axis in (0, 1))
        self._steps = across, down
        # Both in L or RGB, or with their alpha multiplied in, as Pillow would do at each step.
        self._reduced: Image.Image | None = None
        self._cells: Image.Image | None = None
        self._image_may_change = True

    @classmethod
    def of(
        cls,
        image: Image.Image,
        size: int,
        rendering: Rendering = AS_STORED,
        squares: tuple[float, float] = (1, 1),
    ) -> "Shrunk":
        """Shrinks a whole picture. It may keep `image` itself, which nobody may change afterwards."""
        shrunk = cls(image.size, size, rendering, squares)
        shrunk._image_may_change = False
        shrunk.draw(image, (0, 0, *image.size))
        return shrunk

    def draw(self, image: Image.Image, area: Area) -> None:
        """Takes all that is shown, and where it has changed."""
        if area[0] >= area[2] or area[1] >= area[3]:
            return
        (across, down), (width, height) = self._steps, self._shown
        left, top = area[0] // across * across, area[1] // down * down
        right, bottom = min(-(-area[2] // across) * across, width), min(-(-area[3] // down) * down, height)
        whole = -(-width // across), -(-height // down)
        for row, band in in_bands(image, self.rendering, (left, top, right, bottom), rows=down):
            part = without_idle_alpha(band)
            part = part.convert("RGBa") if part.mode == "RGBA" else part
            # Pillow would copy it, which a band is already; a canvas is drawn on later.
            as_it_is = self._steps == (1, 1) and not (part is image and self._image_may_change)
            reduced = part if as_it_is else part.reduce(self._steps)
            reduced = reduced.convert("RGB") if reduced.mode == "RGBX" else reduced
            self._reduced = _pasted(self._reduced, whole, reduced, (left // across, row // down))
        self._shrink((left, top, right, bottom))

    def _shrink(self, area: Area) -> None:
        if self._reduced is None:
            raise ValueError("an image without rows")
        whole = min(self._size, self._shown[0]), min(self._size, self._shown[1])
        left, top = (area[axis] * whole[axis] // self._shown[axis] for axis in (0, 1))
        right, bottom = (-(-area[2 + axis] * whole[axis] // self._shown[axis]) for axis in (0, 1))
        # How many of the pixels to which it is reduced a cell takes.
        across, down = (self._shown[axis] / whole[axis] / self._steps[axis] for axis in (0, 1))
        x, y = floor(left * across), floor(top * down)
        part = _cropped(self._reduced, (x, y, ceil(right * across), ceil(bottom * down)))
        box = left * across - x, top * down - y, right * across - x, bottom * down - y
        cells = part.resize((right - left, bottom - top), Image.Resampling.BOX, box)
        self._cells = _pasted(self._cells, whole, cells, (left, top))

    def picture(self) -> Image.Image:
        """Returns what is shown in at most `size` pixels a side, in L, RGB or RGBA."""
        if self._cells is None:
            raise ValueError("nothing drawn")
        return self._unmultiplied(self._cells)

    def view(self) -> Image.Image:
        """Returns what is shown in `size` pixels a side."""
        if self._reduced is None or min(self._shown) >= self._size:
            return self.picture()
        box = 0, 0, self._shown[0] / self._steps[0], self._shown[1] / self._steps[1]
        return self._unmultiplied(self._reduced.resize((self._size, self._size), Image.Resampling.BILINEAR, box))

    def fine(self) -> "Fine":
        """Returns what is shown as finely as a hash needs it."""
        if self._reduced is None:
            raise ValueError("nothing drawn")
        across, down = (max(1, length // _FINE) for length in self._reduced.size)
        image = self._unmultiplied(self._reduced.reduce((across, down)))
        return Fine(image, self._shown, (self._steps[0] * across, self._steps[1] * down))

    def part(self, area: Area) -> Image.Image:
        """Returns an area of what is shown in `size` pixels a side."""
        if self._reduced is None:
            raise ValueError("nothing drawn")
        left, top, right, bottom = (edge / self._steps[index % 2] for index, edge in enumerate(area))
        filter_ = Image.Resampling.BOX if min(right - left, bottom - top) >= self._size else Image.Resampling.BILINEAR
        return self._unmultiplied(self._reduced.resize((self._size, self._size), filter_, (left, top, right, bottom)))

    def _unmultiplied(self, image: Image.Image) -> Image.Image:
        return without_idle_alpha(image.convert("RGBA")) if image.mode == "RGBa" else image


def _pasted(onto: Image.Image | None, size: tuple[int, int], part: Image.Image, at: tuple[int, int]) -> Image.Image:
    """Returns `onto`, or else an image of that size, with `part` pasted onto it, in the fuller mode of both."""
    if onto is None:
        if part.size == size:
            return part
        onto = Image.new(part.mode, size)
    elif part.mode == "RGBa" != onto.mode:
        onto = onto.convert("RGBA").convert("RGBa")
    onto.paste(part, at)
    return onto


def _cropped(image: Image.Image, area: Area) -> Image.Image:
    """Returns an area of `image`: itself if that is all of it, where Pillow would make a copy."""
    return image if area == (0, 0, *image.size) else image.crop(area)


def without_idle_alpha(image: Image.Image) -> Image.Image:
    """Returns `image` without its alpha if that is opaque throughout: it then shrinks in a third of the time."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (OPAQUE, OPAQUE):
        return image.convert("RGB")
    return image
