"""Decodes JPEG."""

from dataclasses import replace
from itertools import chain, product

from PIL import Image

from moderate.images.colours.icc import Icc
from moderate.images.colours.renderings import is_steep, renderings
from moderate.images.decoded import Picture
from moderate.images.exif import UPRIGHT, orientations_in
from moderate.images.jpeg_structure import PROFILE_NAME, Frame, Structure, read
from moderate.images.limits import (
    BASELINE_JPEG,
    MAX_SCANS,
    PROGRESSIVE_CMYK_JPEG,
    PROGRESSIVE_JPEG,
    BreaksOff,
    BrokenRule,
    PixelCap,
    UndecodableImage,
)
from moderate.images.pictures import draw_still, open_image, still, without_end
from moderate.images.views import Presentations

_END_MARKER = b"\xff\xd9"
_FREQUENCIES = 64
# Reading one takes up to 10 ms, as it may have thousands of entries.
_MOST_EXIFS = 8
# After the first two scans of each component, browsers complete the rest of a picture alike, but for the last scan.
_SCANS_FOR_COMPONENT = 2
# libjpeg makes 10 of a picture in colours, and 18 of one in inks.
_USUAL_SCANS = 18
# A JPEG without its end is decoded twice, and drawn without its last rows or its last scan too.
_SHARES_OF_CUT = 2
_BYTES_OF_CUT = 5
_ARITHMETIC_CODING = (
    "The JPEG is compressed by arithmetic coding, which most browsers do not show. Export it again as a plain JPEG."
)


class MisleadingJpeg(BrokenRule):
    """Viewers show another picture while the file arrives, or differ on what it shows."""


def decode(data: bytes, size: int, _images: int) -> Picture:
    try:
        return _decode(data, size)
    except OSError:
        raise BreaksOff("pixels are damaged") from None


def _decode(data: bytes, size: int) -> Picture:
    structure = read(data)
    if structure.arithmetic:
        raise UndecodableImage("arithmetic coding", message=_ARITHMETIC_CODING)
    if structure.has_unknown_marker:
        raise MisleadingJpeg("a marker of no known kind")
    if len(structure.scans) > MAX_SCANS:
        raise MisleadingJpeg(f"more than {MAX_SCANS} scans")
    if len(structure.exifs) > _MOST_EXIFS:
        raise MisleadingJpeg(f"more than {_MOST_EXIFS} EXIF segments")
    whole = _without_short_parts(data, structure)
    if not structure.has_end:
        whole = whole[: structure.stop] + _END_MARKER
    # It may open as an MPO, whose further pictures are depth maps, second eyes and gain maps: none is shown by itself.
    with open_image(whole, "JPEG") as image:
        is_held = _is_held_whole(image, structure)
        few = len(structure.scans) <= _SCANS_FOR_COMPONENT * len(image.getbands())
        # Of wide steps, what is missing makes black of white.
        if is_held and not structure.has_end and (few or structure.has_wide_steps):
            raise BreaksOff("scans are missing")
        cap = _cap(image, structure)
        (cap if structure.has_end else cap.shared(_SHARES_OF_CUT, more_bytes=_BYTES_OF_CUT)).check(image.size)
        refuse_replaced_scans(structure)
        orientations = tuple(dict.fromkeys(chain.from_iterable(map(orientations_in, structure.exifs)))) or (UPRIGHT,)
        is_inks = image.mode == "CMYK"
        # Only Firefox applies a profile of colours to inks.
        alone = structure.profile_is_sound and not is_inks
        profile = Icc(structure.profile, alone=alone, is_grey=image.mode == "L", is_inks=is_inks)
        drawn = renderings([profile])
        if is_inks and any(map(is_steep, drawn)):
            # It makes colours of inks first, and rounds those down.
            raise MisleadingJpeg("inks and a steep curve of colours")
        presentations = Presentations(orientations, drawn)
        picture = draw_still(image, size, presentations)
        if structure.has_end or not structure.frame:
            return picture
        if is_held:
            # Chromium waits for the end of the last scan, and shows what came before it.
            with open_image(whole[: structure.last_scan] + _END_MARKER, "JPEG") as earlier:
                cut = draw_still(earlier, size, presentations)
        else:
            _refuse_broken_off(data[: structure.stop], structure.frame)
            cut = draw_still(without_end(image, structure.frame.left_out), size, presentations)
        return still((*picture.views, *cut.views))


def _refuse_broken_off(data: bytes, frame: Frame) -> None:
    """Raises BreaksOff if more is missing than the end and a part of the last row of blocks.

    The rows before the last are decoded without an end: libjpeg then waits for what is missing, and Pillow gives up.
    """
    rows = frame.height - frame.last_rows
    if not rows:
        return
    shorter = data[: frame.place] + rows.to_bytes(2) + data[frame.place + 2 :]
    try:
        with open_image(shorter, "JPEG") as image:
            # At an eighth of its size: the rest of the work is spared.
            image.draft("RGB", (1, 1))
            image.load()
    except OSError:
        raise BreaksOff("rows of blocks are missing") from None


def refuse_replaced_scans(structure: Structure) -> None:
    """Raises MisleadingJpeg if a scan does more than add to what the scans before it say.

    On a slow line a person sees a picture that a later scan replaces, for as long as the sender likes.
    """
    bits_missing: dict[tuple[int, int], int] = {}
    for header in structure.scans:
        end = 1 + 2 * header[0]
        first, last, approximation = header[end : end + 3]
        high, low = divmod(approximation, 16)
        if not structure.progressive:
            first, last, high, low = 0, _FREQUENCIES - 1, 0, 0
        for place in product(header[1:end:2], range(first, last + 1)):
            if bits_missing.get(place, 0) != high or (place in bits_missing and not high):
                raise MisleadingJpeg("a scan that replaces another")
            bits_missing[place] = low


def _without_short_parts(data: bytes, structure: Structure) -> bytes:
    """Returns `data` with another name on each part of a profile that has no number: Pillow opens no file with one."""
    if not structure.short_parts:
        return data
    renamed = bytearray(data)
    for position in structure.short_parts:
        renamed[position : position + len(PROFILE_NAME)] = PROFILE_NAME.lower()
    return bytes(renamed)


def _is_held_whole(image: Image.Image, structure: Structure) -> bool:
    """Whether no pixel is known before the last scan. Browsers then complete what is missing as libjpeg does."""
    return "progressive" in image.info or structure.first_components < len(image.getbands())


def _cap(image: Image.Image, structure: Structure) -> PixelCap:
    if not _is_held_whole(image, structure):
        return BASELINE_JPEG
    cap = PROGRESSIVE_CMYK_JPEG if image.mode == "CMYK" else PROGRESSIVE_JPEG
    scans = len(structure.scans)
    if scans <= _USUAL_SCANS:
        return cap
    # A scan of a few bytes may go over all of the picture.
    return replace(cap, kind=f"{cap.kind} of {scans} scans").shared(scans / _USUAL_SCANS)
