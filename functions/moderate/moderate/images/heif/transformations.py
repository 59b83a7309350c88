"""How a picture in a HEIF file is cropped and turned (ISO/IEC 23008-12, 6.5)."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from math import floor

from moderate.images.boxes import Box, Data
from moderate.images.limits import BrokenRule

Area = tuple[int, int, int, int]
"""A part of a picture: left, top, right, bottom."""

# An aperture has eight numbers.
_LONGEST = 32
# The orientations of EXIF by whether a picture is mirrored left to right, and by how many quarters it is then turned
# counterclockwise.
_ORIENTATIONS = ((1, 8, 3, 6), (2, 5, 4, 7))


class UnusableTransformation(BrokenRule):
    """Viewers may not crop or turn the picture alike."""


def transformations(held: Sequence[Box]) -> Sequence[tuple[bytes, bytes]]:
    return [(kind, bytes(content[:_LONGEST])) for kind, content in held if kind in (b"clap", b"irot", b"imir")]


def transformed(held: Sequence[Box], size: tuple[int, int]) -> tuple[Area | None, Sequence[int]]:
    """Returns what is cut out, and by which of EXIF's numbers that is turned: by each if viewers may differ.

    Raises UnusableTransformation.
    """
    found = transformations(held)
    if len({kind for kind, _ in found}) < len(found):
        raise UnusableTransformation("a picture that is cropped, turned or mirrored twice")
    if any(kind == b"clap" for kind, _ in found[1:]):
        raise UnusableTransformation("a picture that is turned before it is cropped")
    cropped = next((_aperture(content, size) for kind, content in found if kind == b"clap"), None)
    # Where a picture is mirrored first, some turn it first all the same, as MIAF asks for (ISO/IEC 23000-22).
    return cropped, list(dict.fromkeys(map(orientation, (found, sorted(found, key=lambda each: each[0] == b"imir")))))


def orientation(found: Sequence[tuple[bytes, bytes]]) -> int:
    """Returns EXIF's number for what boxes ask for, one after the other."""
    mirrored, quarters = 0, 0
    for kind, content in found:
        if kind == b"irot":
            quarters += content[0] & 3
        elif kind == b"imir":
            # Over the axis that lies across: left to right, and half a turn.
            mirrored, quarters = 1 - mirrored, -quarters + (0 if content[0] & 1 else 2)
    return _ORIENTATIONS[mirrored][quarters % 4]


def _aperture(content: Data, size: tuple[int, int]) -> Area:
    numbers = struct.unpack_from(">IIIIiIiI", content)
    if not all(numbers[1::2]):
        raise UnusableTransformation("an aperture divided by nothing")
    width, height, right, down = (Fraction(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True))
    left, top = floor(right + (size[0] - width) / 2), floor(down + (size[1] - height) / 2)
    found = left, top, left + floor(width), top + floor(height)
    if not (0 <= left < found[2] <= size[0] and 0 <= top < found[3] <= size[1]):
        raise UnusableTransformation("an aperture that is not inside its picture")
    return found
