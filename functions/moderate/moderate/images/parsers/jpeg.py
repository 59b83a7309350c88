"""Decodes JPEG, after finding out what must be known before its pixels are touched."""

import re
from dataclasses import dataclass

from PIL import Image

from moderate.images.colours import renderings
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


@dataclass(frozen=True, slots=True)
class Structure:
    scans: int
    first_components: int
    """How many colour components the first scan has. If the picture has more, it is held whole until all have come."""
    exifs: list[bytes]
    """EXIF segments in the form that Pillow reads. If there are several, viewers differ on which they believe."""
    profile: bytes
    """The ICC profile, put together from its parts before the first scan; empty unless all are there."""


def decode(data: bytes, size: int) -> Picture:
    structure = read(data)
    if structure.scans > MAX_SCANS:
        raise UndecodableImage(f"more than {MAX_SCANS} scans")
    # It may open as an MPO, whose further pictures are depth maps, second eyes and gain maps: none is shown by itself.
    with open_image(data, "JPEG") as image:
        _cap(image, structure).check(image.size)
        orientations = tuple(dict.fromkeys(map(orientation_in, structure.exifs))) or (UPRIGHT,)
        return draw_still(image, size, Presentations(orientations, renderings(structure.profile)))


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
            number, of = body[len(_PROFILE_NAME) : len(_PROFILE_NAME) + 2]
            expected = expected or of
            parts.setdefault(number, body[len(_PROFILE_NAME) + 2 :])
        position += max(length, 2)
    numbers = range(1, expected + 1)
    profile = b"".join(parts[number] for number in numbers) if all(number in parts for number in numbers) else b""
    return Structure(len(components), components[0] if components else 0, exifs, profile)
