"""Decodes JPEG, after finding out what must be known before its pixels are touched."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, product

from PIL import Image

from moderate.images.colours.icc import Icc
from moderate.images.colours.renderings import renderings
from moderate.images.exif import UPRIGHT, orientations_in
from moderate.images.limits import (
    BASELINE_JPEG,
    MAX_SCANS,
    PROGRESSIVE_CMYK_JPEG,
    PROGRESSIVE_JPEG,
    BrokenRule,
    PixelCap,
    UndecodableImage,
    counted,
)
from moderate.images.pictures import Picture, draw_still, open_image
from moderate.images.shrinking import AS_STORED, Rendering
from moderate.images.views import Presentations

# A marker inside entropy-coded data: not a stuffed 00, a restart (D0 to D7) or a fill byte.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)
_STANDALONE = frozenset({0x01, 0xD8})
_END = 0xD9
_START_OF_SCAN = 0xDA
# The headers of frames whose data is coded arithmetically: 0xCC holds a table.
_ARITHMETIC = frozenset({0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_PROGRESSIVE = 0xC2
_FREQUENCIES = 64
_EXIF, _EXIF_NAME = 0xE1, b"Exif\0"
_PROFILE, _PROFILE_NAME = 0xE2, b"ICC_PROFILE\0"
# Behind the name of a part stand its number and how many there are.
_NUMBERS = 2
# Reading one takes up to 10 ms, as it may have thousands of entries.
_MOST_EXIFS = 8
# libjpeg makes 10 of a picture in colours, and 18 of one in inks.
_USUAL_SCANS = 18
_ARITHMETIC_CODING = (
    "The JPEG is compressed by arithmetic coding, which browsers do not show. Export it again as a plain JPEG."
)


class MisleadingJpeg(BrokenRule):
    """Viewers show another picture while the file arrives, or differ on what it shows."""


@dataclass(frozen=True, slots=True)
class Structure:
    arithmetic: bool
    """No browser shows it, and it takes many times longer to decode."""
    progressive: bool
    scans: list[bytes]
    """The header of each."""
    exifs: list[bytes]
    """EXIF segments. If there are several, viewers differ on which they believe."""
    profile: bytes
    """The ICC profile, put together from its parts before the first scan; empty unless all are there."""
    profile_is_sound: bool
    """Every viewer puts it together: all of its parts are there, once each, and agree on how many they are."""
    short_parts: list[int]
    """Where the names of parts of profiles stand that are too short for a number."""
    has_end: bool
    """Without its end, Chromium leaves out the last row of blocks."""

    @property
    def first_components(self) -> int:
        """How many colour components the first scan has. If the picture has more, it is held whole until all came."""
        return self.scans[0][0] if self.scans else 0


def decode(data: bytes, size: int, _images: int) -> Picture:
    structure = read(data)
    if structure.arithmetic:
        raise UndecodableImage("arithmetic coding", message=_ARITHMETIC_CODING)
    if not structure.has_end:
        raise UndecodableImage("no end")
    if len(structure.scans) > MAX_SCANS:
        raise UndecodableImage(f"more than {MAX_SCANS} scans")
    if len(structure.exifs) > _MOST_EXIFS:
        raise MisleadingJpeg(f"more than {_MOST_EXIFS} EXIF segments")
    # It may open as an MPO, whose further pictures are depth maps, second eyes and gain maps: none is shown by itself.
    with open_image(_without_short_parts(data, structure), "JPEG") as image:
        _cap(image, structure).check(image.size)
        refuse_replaced_scans(structure)
        orientations = tuple(dict.fromkeys(chain.from_iterable(map(orientations_in, structure.exifs)))) or (UPRIGHT,)
        # Only Firefox applies a profile of colours to inks.
        alone = structure.profile_is_sound and image.mode != "CMYK"
        profile = Icc(structure.profile, alone=alone, is_grey=image.mode == "L")
        return draw_still(image, size, Presentations(orientations, _drawn(image, renderings([profile]))))


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


def _drawn(image: Image.Image, drawn: Sequence[Rendering]) -> Sequence[Rendering]:
    """Adds how Chromium draws inks: by their profile, but as inks without black that it makes of plain RGB."""
    if image.mode != "CMYK":
        return drawn
    return [*drawn, *(_of_inks_without_black(rendering) for rendering in drawn if rendering is not AS_STORED)]


def _of_inks_without_black(rendering: Rendering) -> Rendering:
    # Pillow makes no black of RGB.
    return replace(rendering, draw=lambda picture: rendering.draw(picture.convert("RGB").convert("CMYK")))


def _without_short_parts(data: bytes, structure: Structure) -> bytes:
    """Returns `data` with another name on each part of a profile that has no number: Pillow opens no file with one."""
    if not structure.short_parts:
        return data
    renamed = bytearray(data)
    for position in structure.short_parts:
        renamed[position : position + len(_PROFILE_NAME)] = _PROFILE_NAME.lower()
    return bytes(renamed)


def _cap(image: Image.Image, structure: Structure) -> PixelCap:
    held_whole = "progressive" in image.info or structure.first_components < len(image.getbands())
    if not held_whole:
        return BASELINE_JPEG
    cap = PROGRESSIVE_CMYK_JPEG if image.mode == "CMYK" else PROGRESSIVE_JPEG
    scans = len(structure.scans)
    if scans <= _USUAL_SCANS:
        return cap
    # A scan of a few bytes may go over all of the picture.
    return replace(cap, kind=f"{cap.kind} of {scans} scans").shared(scans / _USUAL_SCANS)


def read(data: bytes) -> Structure:
    """Walks the markers of the first picture in `data`.

    Segments are skipped by their length, so bytes inside a profile or a thumbnail that merely look like a
    marker do not count. The walk stops where the structure ends: a decoder reads no further either.
    """
    scans: list[bytes] = []
    exifs: list[bytes] = []
    parts: list[bytes] = []
    short_parts: list[int] = []
    arithmetic = progressive = has_end = False
    position = 0
    for _ in counted(count()):
        match = _MARKER.search(data, position)
        if not match:
            break
        marker = match[1][0]
        position = match.end()
        has_end = marker == _END
        if has_end:
            break
        if marker in _STANDALONE:
            continue
        arithmetic |= marker in _ARITHMETIC
        progressive |= marker == _PROGRESSIVE
        length = int.from_bytes(data[position : position + 2], "big")
        body = data[position + 2 : position + length]
        before_pixels = not scans and marker != _START_OF_SCAN
        if before_pixels and marker == _EXIF and body.startswith(_EXIF_NAME):
            exifs.append(body)
        elif before_pixels and marker == _PROFILE and body.startswith(_PROFILE_NAME):
            parts.append(body[len(_PROFILE_NAME) :])
            if len(body) < len(_PROFILE_NAME) + _NUMBERS:
                short_parts.append(position + 2)
        elif marker == _START_OF_SCAN:
            scans.append(body)
        position += max(length, 2)
    return Structure(arithmetic, progressive, scans, exifs, *_profile(parts), short_parts, has_end)


def _profile(parts: Sequence[bytes]) -> tuple[bytes, bool]:
    """Returns the profile of these parts, empty unless all are there, and whether every viewer puts it together.

    parts: a number, how many there are, and content. Chromium passes over empty ones, and Firefox counts them.
    """
    filled = [part for part in parts if len(part) > _NUMBERS]
    if not filled:
        return b"", False
    expected = filled[0][1]
    by_number: dict[int, bytes] = {}
    for part in (*filled, *(part for part in parts if len(part) == _NUMBERS)):
        by_number.setdefault(part[0], part[_NUMBERS:])
    wanted = range(1, expected + 1)
    if not all(number in by_number for number in wanted):
        return b"", False
    is_sound = len(parts) == len(filled) == expected and all(part[1] == expected for part in parts)
    return b"".join(by_number[number] for number in wanted), is_sound
