"""Decodes PNG and APNG."""

import zlib
from collections.abc import Iterator
from contextlib import suppress

from PIL import Image, ImageFile

from moderate.images.colours.renderings import renderings
from moderate.images.decoded import Picture, View
from moderate.images.deflate import MOST_KEPT, handed_out, with_right_checksum
from moderate.images.libraries import libvips
from moderate.images.limits import DEEP_PNG, PNG_ANIMATION, PNG_OR_BMP, AnimationCap, BreaksOff
from moderate.images.pictures import draw_frames, draw_still, open_image, still, together, turned_or_not, without_end
from moderate.images.png.file import EIGHT_BITS, Png, require
from moderate.images.png.reading import read
from moderate.images.png.transparency import has_deep_key, readings, with_deep_key
from moderate.images.shrinking import AS_STORED, Rendering
from moderate.images.views import Presentations, points_beyond_palette

# A row of a picture that has more is less than one level of 255 in the mean.
_ROWS_THAT_COUNT = 255
# Decoded twice, and compared by channel.
_SHARES_OF_DEEP_KEY = 2.5
_BYTES_OF_DEEP_KEY = 10
# Decoded twice, and unpacked three times more.
_SHARES_OF_CORRECTED = 3
_BYTES_OF_CORRECTED = 5


def decode(data: bytes, size: int, images: int) -> Picture:
    try:
        return _decode(data, size, images)
    except (OSError, zlib.error):
        raise BreaksOff("pixels are damaged") from None


def _decode(data: bytes, size: int, images: int) -> Picture:
    png = read(data)
    found = readings(png)
    presentations = Presentations(turned_or_not(*png.exifs), renderings(png.descriptions()))
    # Firefox shows a part of it.
    require(not (png.is_interlaced and len(presentations.orientations) > 1), "interlaced rows that are turned")
    if png.controls:
        require(len(found) == 1 and not has_deep_key(found[0]), "transparency that viewers read differently")
        return _draw_frames(found[0], size, presentations, PNG_ANIMATION.for_file(data, images))
    return still(view for reading in found for view in _draw(reading, size, presentations))


def _draw(png: Png, size: int, presentations: Presentations) -> Iterator[View]:
    cap = DEEP_PNG if png.depth > EIGHT_BITS else PNG_OR_BMP
    if has_deep_key(png):
        cap = cap.shared(_SHARES_OF_DEEP_KEY, more_bytes=_BYTES_OF_DEEP_KEY)
    cap.check(png.size, more_bytes=libvips.bytes_kept(png.size[0]) if _is_for_libvips(png) else 0)
    try:
        image = _decoded(png)
    except OSError:
        cap.shared(_SHARES_OF_CORRECTED, more_bytes=_BYTES_OF_CORRECTED).check(png.size)
        image = _decoded(_with_right_checksum(png))
        left_out = _left_out_by_firefox(png)
        if left_out * _ROWS_THAT_COUNT >= png.size[1]:
            require(not png.is_interlaced, "interlaced rows with a wrong checksum")
            yield from draw_still(without_end(image, left_out), size, presentations).views
    yield from draw_still(image, size, presentations).views
    _refuse_missing_rows(image, png)
    if points_beyond_palette(image, png.palette_colours):
        # Firefox draws what is beyond the palette in black, as Pillow does.
        yield from draw_still(_decoded(png.with_whole_palette()), size, presentations).views


def _decoded(png: Png) -> Image.Image:
    """Raises OSError if the pixels are damaged."""
    if _is_for_libvips(png):
        with suppress(libvips.UndecodablePng):
            return libvips.decode(png.still())
    if not has_deep_key(png):
        return _loaded(png.still())
    without_key = png.with_transparency(b"").still()
    return with_deep_key(_loaded(without_key), _loaded(without_key, "RGB;16L"), png.single[b"tRNS"])


def _is_for_libvips(png: Png) -> bool:
    return png.is_plain and png.size[0] <= libvips.WIDEST


def _loaded(file: bytes, mode: str = "") -> Image.Image:
    """mode: Pillow's name for another order of the bytes in the file."""
    image = open_image(file, "PNG")
    if mode and isinstance(image, ImageFile.ImageFile):
        image.tile = [tile._replace(args=mode) for tile in image.tile]
    image.load()
    return image


def _draw_frames(png: Png, size: int, presentations: Presentations, cap: AnimationCap) -> Picture:
    ways: list[tuple[Presentations, Rendering]] = [(presentations, AS_STORED)]
    if any(control[-1] for control in png.controls[1:]):
        # Frames are laid over each other. Firefox does that after it has drawn their colours, and Chromium before.
        drawn = [rendering for rendering in presentations.renderings if rendering != AS_STORED]
        ways += [(Presentations(presentations.orientations), rendering) for rendering in drawn]
    shared = cap.shared(len(ways))
    found = [draw_frames(png.size, png.frames(), size, each, shared, colours=first) for each, first in ways]
    return together(found, shared)


def _refuse_missing_rows(image: Image.Image, png: Png) -> None:
    """Raises BreaksOff if the pixels end before the picture does, which Pillow passes over in black.

    Its last row is black then, or with interlacing the last but one, so that few others are unpacked twice. A single
    row that is interlaced may have every other pixel.
    """
    width, height = image.size
    last = [image.crop((0, row, width, row + 1)) for row in range(max(0, height - 2), height)]
    # What is opaque is missing too, if a transparent colour was looked for in it.
    seen = all((row.convert("RGB") if row.mode == "RGBA" else row).getbbox() for row in last)
    if not seen or (png.is_interlaced and height == 1):
        png.require_rows(png.size, png.pixels[0])


def _left_out_by_firefox(png: Png) -> int:
    """Returns how many rows Firefox leaves out, at most, if the checksum of the pixels is wrong or missing."""
    row = png.row(png.size[0])
    if png.is_interlaced:
        # The last pass has every other row.
        return 1 + MOST_KEPT // row
    return png.size[1] - handed_out(png.pixels[0], row) // row


def _with_right_checksum(png: Png) -> Png:
    """Raises BreaksOff, and zlib.error if the pixels are damaged elsewhere."""
    png.require_rows(png.size, png.pixels[0])
    # Interlaced pictures have a few more bytes, and some files a few beyond their picture.
    return png.with_pixels(with_right_checksum(png.pixels[0], 2 * png.unpacked(png.size) + _ROWS_THAT_COUNT))
