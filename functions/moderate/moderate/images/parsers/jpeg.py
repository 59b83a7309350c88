"""Decodes JPEG, after finding out what must be known before its pixels are touched."""

import re
from dataclasses import dataclass

from PIL import Image

from moderate.images.colours.descriptions import Icc
from moderate.images.colours.renderings import renderings
from moderate.images.limits import (
    BASELINE_JPEG,
    MAX_SCANS,
    PROGRESSIVE_CMYK_JPEG,
    PROGRESSIVE_JPEG,
    PixelCap,
    UndecodableImage,
)
from moderate.images.pictures import Picture, draw_still, open_image
from moderate.images.views import UPRIGHT, Presentations, orientation_in

# A marker inside entropy-coded data: not a stuffed 00, a restart (D0 to D7) or a fill byte.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)
_STANDALONE = frozenset({0x01, 0xD8})
_END = 0xD9
_START_OF_SCAN = 0xDA
_EXIF, _EXIF_NAME = 0xE1, b"Exif\0"
_PROFILE, _PROFILE_NAME = 0xE2, b"ICC_PROFILE\0"
# Behind its name stand its number and how many there are.
_PART = len(_PROFILE_NAME) + 2


@dataclass(frozen=True, slots=True)
class Structure:
    scans: int
    first_components: int
    """How many colour components the first scan has. If the picture has more, it is held whole until all have come."""
    exifs: list[bytes]
    """EXIF segments in the form that Pillow reads. If there are several, viewers differ on which they believe."""
    profile: bytes
    """The ICC profile, put together from its parts before the first scan; empty unless all are there."""
    short_parts: list[int]
    """Where the names of parts of profiles stand that are too short for a number."""


def decode(data: bytes, size: int) -> Picture:
    structure = read(data)
    if structure.scans > MAX_SCANS:
        raise UndecodableImage(f"more than {MAX_SCANS} scans")
    # It may open as an MPO, whose further pictures are depth maps, second eyes and gain maps: none is shown by itself.
    with open_image(_without_short_parts(data, structure), "JPEG") as image:
        _cap(image, structure).check(image.size)
        orientations = tuple(dict.fromkeys(map(orientation_in, structure.exifs))) or (UPRIGHT,)
        return draw_still(image, size, Presentations(orientations, renderings([Icc(structure.profile)])))


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
    return PROGRESSIVE_CMYK_JPEG if image.mode == "CMYK" else PROGRESSIVE_JPEG


def read(data: bytes) -> Structure:
    """Walks the markers of the first picture in `data`.

    Segments are skipped by their length, so bytes inside a profile or a thumbnail that merely look like a
    marker do not count. The walk stops where the structure ends: a decoder reads no further either.
    """
    components: list[int] = []
    exifs: list[bytes] = []
    parts: dict[int, bytes] = {}
    short_parts: list[int] = []
    expected = 0
    position = 0
    while match := _MARKER.search(data, position):
        marker = match[1][0]
        position = match.end()
        if marker == _END:
            break
        if marker in _STANDALONE:
            continue
        if marker == _START_OF_SCAN:
            components.extend(data[position + 2 : position + 3])
        length = int.from_bytes(data[position : position + 2], "big")
        body = data[position + 2 : position + length]
        before_pixels = not components
        if before_pixels and marker == _EXIF and body.startswith(_EXIF_NAME):
            # The byte after the name is padding, which need not be 0 for every viewer.
            exifs.append(_EXIF_NAME + b"\0" + body[len(_EXIF_NAME) + 1 :])
        elif before_pixels and marker == _PROFILE and body.startswith(_PROFILE_NAME):
            numbers, part = body[len(_PROFILE_NAME) : _PART], body[_PART:]
            if len(body) < _PART:
                short_parts.append(position + 2)
            else:
                # Chromium passes over empty parts, and Firefox counts them.
                parts[numbers[0]] = parts.get(numbers[0]) or part
                expected = expected or (numbers[1] if part else 0)
        position += max(length, 2)
    wanted = range(1, expected + 1)
    profile = b"".join(parts[number] for number in wanted) if all(number in parts for number in wanted) else b""
    return Structure(len(components), components[0] if components else 0, exifs, profile, short_parts)
