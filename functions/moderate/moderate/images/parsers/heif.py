"""Decodes HEIC: stills of HEVC in HEIF.

No library reads a client's boxes. What is decoded, and how often, is therefore known before, and no tile that fails is
passed over in silence.
"""

from collections.abc import Callable, Sequence

from PIL import Image

from moderate.images.broken_off import named_if_broken_off
from moderate.images.colours.levels import AS_STORED, SPREAD, with_levels
from moderate.images.colours.matrices import coloured
from moderate.images.colours.renderings import renderings
from moderate.images.decoded import Picture
from moderate.images.heif import file as heif_file
from moderate.images.heif.file import UnusableHeif
from moderate.images.heif.pictures import CodedPicture, Plane, Still
from moderate.images.libraries import libde265
from moderate.images.limits import DEEP_HEIC, HEIC, PROFILED_HEIC, area
from moderate.images.pictures import draw_still, draw_stills
from moderate.images.views import Presentations

# What libde265 holds for each pixel of the tile that it decodes.
_BYTES_OF_TILE = 5
# How many times longer a picture takes, by pixels decoded, if it may be transparent.
_TRANSPARENCY = 1.25
_NO_COLOUR = (128, 128)


def decode(data: bytes, size: int, images: int) -> Picture:  # noqa: ARG001 - a still takes no share of a call's time
    with named_if_broken_off(data):
        still = heif_file.read(memoryview(data))
    times = max(1, still.pixels / area(still.colours.size)) * (_TRANSPARENCY if still.alpha else 1)
    (HEIC if still.is_plain else DEEP_HEIC).for_bytes(still.bytes).shared(times).check(
        still.colours.size, more_bytes=_BYTES_OF_TILE * area(still.colours.tiles[0].layout.size)
    )
    drawn = renderings(still.said.descriptions())
    if levels := _other_levels(still):
        drawn += [with_levels(levels, rendering) for rendering in drawn]
    presentations = Presentations(still.orientations, drawn)
    image = _together(still.colours, _coloured(still))
    if still.alpha:
        image.putalpha(_alpha(still.alpha, image.size))
    profiled = PROFILED_HEIC.for_bytes(still.bytes).shared(times)
    if not still.cropped:
        return draw_still(image, size, presentations, profiled)
    # Not all viewers crop a picture.
    return draw_stills([(image.crop(still.cropped), presentations), (image, presentations)], size, profiled)


def _other_levels(still: Still) -> Sequence[int]:
    """Returns what becomes of levels if viewers do not agree on their range; nothing if they do."""
    by_box, in_stream = still.ranges
    if still.is_grey:
        # libheif leaves greys as they are, and others spread them.
        return () if by_box and in_stream else SPREAD
    return () if by_box == in_stream else SPREAD if by_box else AS_STORED


def _alpha(plane: Plane, size: tuple[int, int]) -> Image.Image:
    """Returns an alpha channel as libheif and others take it: the levels of its greys, whatever range they state."""

    def greys(tile: CodedPicture) -> Image.Image:
        brightness, *colours = _planes(tile)
        if any(each.getextrema() != _NO_COLOUR for each in colours):
            raise UnusableHeif("an alpha channel with colours")
        return brightness

    image = _together(plane, greys)
    return image if image.size == size else image.resize(size, Image.Resampling.NEAREST)


def _coloured(still: Still) -> Callable[[CodedPicture], Image.Image]:
    by_box, _ = still.ranges

    def draw(tile: CodedPicture) -> Image.Image:
        planes = _planes(tile)
        return planes[0] if still.is_grey else coloured(planes, still.matrix, whole_range=by_box)

    return draw


def _together(plane: Plane, draw: Callable[[CodedPicture], Image.Image]) -> Image.Image:
    """Returns a picture of which each tile is drawn so."""
    whole: Image.Image | None = None
    for place, tile in enumerate(plane.tiles):
        row, column = divmod(place, plane.columns)
        image = draw(tile)
        if image.size == plane.size:
            return image
        whole = whole or Image.new(image.mode, plane.size)
        whole.paste(image, (column * image.width, row * image.height))
    if not whole:
        raise UnusableHeif("no tiles")
    return whole


def _planes(tile: CodedPicture) -> Sequence[Image.Image]:
    planes = libde265.decode([*tile.parameters, *tile.parts])
    if planes[0].size != tile.layout.size or bool(planes[1:]) != bool(tile.layout.chroma):
        raise UnusableHeif("a stream of another size than it says")
    return planes
