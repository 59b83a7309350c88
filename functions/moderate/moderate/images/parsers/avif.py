"""Decodes AVIF, and refuses files that not all viewers draw alike."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from PIL import AvifImagePlugin, Image

from moderate.images.avif_repairs import with_one_list_of_uses, without_exif
from moderate.images.boxes import (
    Data,
    brands_of,
    inside,
    inside_if_any,
    kind_of,
    refer_by,
    tracks,
)
from moderate.images.broken_off import named_if_broken_off
from moderate.images.colours import avif_boxes
from moderate.images.colours.avif_boxes import Said
from moderate.images.colours.levels import AS_STORED, SPREAD, with_levels
from moderate.images.colours.renderings import renderings
from moderate.images.limits import AVIF, BrokenRule
from moderate.images.pictures import Picture, draw_sequence, open_image
from moderate.images.shrinking import Rendering

# One image is decoded on one core; the batch is what runs side by side.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_BRANDS = {b"avif", b"avis"}
_PICTURES, _ALPHA = b"pict", b"auxv"


class MisleadingAvif(BrokenRule):
    """The file asks for something that some viewers do and the decoder here does not."""


class CroppedAvif(MisleadingAvif):
    """Some viewers show all of the picture, and others a part."""

    message = (
        "The AVIF asks its viewer to crop the picture, which not all viewers do. "
        "Export the picture again, cropped, as a plain JPEG or PNG."
    )


def is_avif(data: bytes) -> bool:
    return not _BRANDS.isdisjoint(brands_of(data))


def decode(data: bytes, size: int, images: int) -> Picture:
    with named_if_broken_off(data):
        return _decode(data, size, images)


def _decode(data: bytes, size: int, images: int) -> Picture:
    whole = memoryview(data)
    said = avif_boxes.read(whole)
    refuse_misleading(whole, said)
    with _opened(with_one_list_of_uses(data)) as image:
        return draw_sequence(image, size, AVIF.for_file(data, images), _ways(image, said))


def _opened(data: bytes) -> Image.Image:
    try:
        return open_image(data, "AVIF")
    except ValueError:
        # libavif says so of EXIF that it cannot read. Browsers read none.
        return open_image(without_exif(data), "AVIF")


def refuse_misleading(data: Data, said: Said) -> None:
    """Raises MisleadingAvif; or what `boxes` raises."""
    if any(b"clap" in bytes(inside_if_any(data, kind)) for kind in (b"meta", b"moov")):
        raise CroppedAvif("a picture to be cropped")
    found = tracks(data)
    if sorted(map(kind_of, found)) not in ([], [_PICTURES], [_ALPHA, _PICTURES]):
        raise MisleadingAvif("other tracks than one of pictures and one of their alpha")
    if len(set(map(_times_of, found))) > 1:
        raise MisleadingAvif("tracks with different frame times")
    if refer_by(b"prem", data):
        raise MisleadingAvif("colours that are multiplied by their alpha")
    if said.is_turned_in_part:
        raise MisleadingAvif("a picture that is turned without its alpha")
    if said.leaves_matrix_open:
        raise MisleadingAvif("an animation whose boxes do not name its colour matrix")
    if said.contradicts_itself:
        raise MisleadingAvif("boxes that contradict the AV1 stream")


def _times_of(track: Data) -> tuple[int, bytes]:
    """Returns how many units of time a second has, and for how many of them each frame is shown."""
    media = inside(track, b"mdia")
    header = inside(media, b"mdhd")
    (units,) = struct.unpack_from(">I", header, 20 if header[0] else 12)
    return units, bytes(inside(media, b"minf", b"stbl", b"stts"))


def _ways(image: Image.Image, said: Said) -> Sequence[Rendering]:
    """Returns the ways in which viewers draw the file.

    Chromium takes an animation's levels and a still's alpha for ones of 16 to 235 even if they are of 0 to 255. Firefox
    takes levels of 16 to 235 for ones of 0 to 255 if they are those of red, green and blue.
    """
    drawn = list(renderings(said.descriptions()))
    if said.has_colours_of_part_range:
        drawn += [with_levels(AS_STORED, rendering) for rendering in drawn]
    if getattr(image, "n_frames", 1) > 1:
        return [*drawn, *(with_levels(SPREAD, rendering) for rendering in drawn)] if said.has_whole_range else drawn
    if image.mode != "RGBA":
        return drawn
    in_firefox = [replace(rendering, if_transparent=()) for rendering in drawn]
    in_chromium = chain.from_iterable(rendering.if_transparent or [rendering] for rendering in drawn)
    return [*in_firefox, *map(_with_alpha_spread, in_chromium)]


def _with_alpha_spread(rendering: Rendering) -> Rendering:
    def draw(picture: Image.Image) -> Image.Image:
        spread = picture.copy()
        spread.putalpha(picture.getchannel("A").point(SPREAD))
        return rendering.draw(spread)

    return replace(rendering, draw=draw)
