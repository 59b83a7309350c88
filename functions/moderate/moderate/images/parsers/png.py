"""Decodes PNG and APNG."""

from PIL import Image

from moderate.images.colours.renderings import renderings
from moderate.images.limits import DEEP_PNG, PNG_ANIMATION, PNG_OR_BMP
from moderate.images.pictures import Picture, draw_frames, draw_still, open_image, turned_or_not
from moderate.images.png_file import EIGHT_BITS, Png, read, require
from moderate.images.views import Presentations, points_beyond_palette


def decode(data: bytes, size: int, images: int) -> Picture:
    parts = read(data)
    with open_image(parts.still(), "PNG") as image:
        presentations = Presentations(turned_or_not(image), renderings(parts.descriptions()))
        # Firefox shows a part of it.
        require(not (parts.is_interlaced and len(presentations.orientations) > 1), "interlaced rows that are turned")
        if parts.controls:
            _refuse_disputed_blending(parts, presentations)
            return draw_frames(parts.size, parts.frames(), size, presentations, PNG_ANIMATION.for_file(data, images))
        (DEEP_PNG if parts.depth > EIGHT_BITS else PNG_OR_BMP).check(image.size)
        picture = draw_still(image, size, presentations)
        _refuse_missing_rows(image, parts)
        if not points_beyond_palette(image, parts.palette_colours):
            return picture
    # Firefox draws what is beyond the palette in black, as Pillow does.
    with open_image(parts.with_whole_palette().still(), "PNG") as image:
        return Picture((*picture.views, *draw_still(image, size, presentations).views), picture.frames)


def _refuse_disputed_blending(parts: Png, presentations: Presentations) -> None:
    """Raises DamagedPng if frames are laid over each other, which Firefox does after it has drawn their colours."""
    are_slight = all(rendering.slight for rendering in presentations.renderings)
    require(are_slight or not any(control[-1] for control in parts.controls[1:]), "unusual colours that are blended")


def _refuse_missing_rows(image: Image.Image, parts: Png) -> None:
    """Raises DamagedPng if the pixels end before the picture does, which Pillow passes over in black.

    Its last row is black then, or with interlacing the last but one, so that few others are unpacked twice.
    """
    width, height = image.size
    if all(image.crop((0, row, width, row + 1)).getbbox() for row in range(max(0, height - 2), height)):
        return
    parts.require_rows(image.size, parts.pixels[0])
