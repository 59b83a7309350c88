"""Decodes AVIF, and refuses files that not all viewers draw alike."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from PIL import Image

from moderate.images.avif_choices import refuse_choices
from moderate.images.avif_repairs import with_one_list_of_uses
from moderate.images.boxes import (
    Data,
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
from moderate.images.colours.renderings import is_steep, renderings
from moderate.images.decoded import Picture
from moderate.images.exif import UPRIGHT
from moderate.images.heif.transformations import orientation
from moderate.images.libraries import libavif
from moderate.images.libraries.libavif import AvifFile
from moderate.images.limits import AVIF, BrokenRule
from moderate.images.pictures import draw_sequence
from moderate.images.shrinking import Rendering
from moderate.images.views import Presentations

_PICTURES, _ALPHA = b"pict", b"auxv"


class MisleadingAvif(BrokenRule):
    """The file asks for something that some viewers do and the decoder here does not."""


class CroppedAvif(MisleadingAvif):
    """Some viewers show all of the picture, and others a part."""

    message = (
        "The AVIF asks its viewer to crop the picture, which not all viewers do. "
        "Export the picture again, cropped, as a plain JPEG or PNG."
    )


def decode(data: bytes, size: int, images: int) -> Picture:
    with named_if_broken_off(data):
        return _decode(data, size, images)


def _decode(data: bytes, size: int, images: int) -> Picture:
    whole = memoryview(data)
    said = avif_boxes.read(whole)
    refuse_misleading(whole, said)
    refuse_choices(whole)
    with libavif.opened(with_one_list_of_uses(data)) as file:
        # Not all viewers turn it.
        orientations = tuple(dict.fromkeys((UPRIGHT, orientation(file.turns))))
        shown = [Presentations(orientations, drawn) for drawn in _ways(file, said)]
        return draw_sequence(file, size, AVIF.for_file(data, images), shown)


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


def _ways(file: AvifFile, said: Said) -> Sequence[Sequence[Rendering]]:
    """Returns the ways in which viewers draw the file: first Chromium and then Firefox if they decode it differently.

    Chromium takes an animation's levels and a still's alpha for ones of 16 to 235 even if they are of 0 to 255. Firefox
    takes levels of 16 to 235 for ones of 0 to 255 if they are those of red, green and blue.
    """
    drawn = renderings(said.descriptions())
    if not file.has_alpha:
        drawn = [replace(rendering, if_transparent=()) for rendering in drawn]
    elif any(map(is_steep, drawn)):
        # Chromium rounds colours once it has multiplied them by their alpha, and then applies the profile.
        raise MisleadingAvif("transparency and a steep curve of colours")
    if said.has_colours_of_part_range:
        drawn += [with_levels(AS_STORED, rendering) for rendering in drawn]
    in_chromium = in_firefox = drawn
    if said.is_animated and said.has_whole_range:
        # Of one frame, too.
        in_chromium = [*drawn, *(with_levels(SPREAD, rendering) for rendering in drawn)]
    if file.frames == 1 and file.has_alpha:
        in_firefox = [replace(rendering, if_transparent=()) for rendering in drawn]
        shown = chain.from_iterable(rendering.if_transparent or [rendering] for rendering in in_chromium)
        spread = [_with_alpha_spread(rendering) for rendering in shown]
        in_chromium = [*in_chromium, *spread] if said.is_animated else spread
    if file.is_halved:
        return [in_chromium, in_firefox]
    return [list(dict.fromkeys((*in_firefox, *in_chromium)))]


def _with_alpha_spread(rendering: Rendering) -> Rendering:
    def draw(picture: Image.Image) -> Image.Image:
        if picture.mode != "RGBA":
            # It is opaque, as a whole or once it is shrunk.
            return rendering.draw(picture)
        spread = picture.copy()
        spread.putalpha(picture.getchannel("A").point(SPREAD))
        return rendering.draw(spread)

    return replace(rendering, draw=draw)
