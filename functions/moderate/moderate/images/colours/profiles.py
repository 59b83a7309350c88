"""The ICC profiles by which Little CMS draws, whatever a file says about its colours. ICC.1:2022 has the layout."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from moderate.images.colours.curves import Curve, UnusableColours, to_icc
from moderate.images.colours.spaces import BT_709, D50, Matrix, Triple, conversion, scaled
from moderate.images.colours.tables import Table

_HEAD = 128
_TAG = 12
_COLORANTS = (b"rXYZ", b"gXYZ", b"bXYZ")
_CURVES = (b"rTRC", b"gTRC", b"bTRC")
_UNIT = 65_536
_LARGEST = 16.0
MOST_LIGHT = 7.5
"""Of which 1 is white. ProPhoto reaches 2.

From 8 on, Little CMS draws other colours (one picture was 85 levels off), probably as 32 bits overflow.
"""
_SPACES = {1: "GRAY", 3: "RGB", 4: "CMYK"}


@dataclass(frozen=True, slots=True)
class Profile:
    """One way from levels to colours."""

    space: str
    """RGB, GRAY or CMYK."""
    icc: bytes
    hides: bool = False
    """Samples do not show all that it does: it has a table, or makes greys of colours."""
    brightest: float = 1.0
    """How bright a channel of the screen would have to be, of which 1 is white. ProPhoto reaches 2."""
    dimmed: float = 1.0
    """By what the light in `icc` is divided: a table has none that is brighter than white."""
    table: Table | None = None
    """What is done before `icc` is applied."""


def of_matrix(colorants: Matrix, curves: Sequence[Curve]) -> Profile:
    """Returns the profile of three channels. Raises UnusableColours."""
    # Each curve reaches 1, so that no more than needed of it is rounded away.
    most = [max(curve) or 1.0 for curve in curves]
    tags: dict[bytes, bytes] = {}
    for name, colour, factor in zip(_COLORANTS, colorants, most, strict=True):
        tags[name] = _xyz(scaled(colour, factor))
    for name, curve, factor in zip(_CURVES, curves, most, strict=True):
        tags[name] = _divided(curve, factor)
    on_screen = conversion(colorants, BT_709.colorants())
    farthest = [[share * level for share, level in zip(row, most, strict=True)] for row in on_screen]
    brightest, darkest = (max(sum(max(0.0, sign * each) for each in row) for row in farthest) for sign in (1, -1))
    if max(brightest, darkest) > MOST_LIGHT:
        raise UnusableColours("colours far beyond white")
    return Profile("RGB", _written(b"RGB ", b"XYZ ", tags), brightest=brightest)


# Most pictures have one of a few profiles.
@lru_cache(32)
def _divided(curve: Curve, divisor: float) -> bytes:
    """Returns the tag of a curve whose light is divided."""
    return to_icc([value / divisor for value in curve])


def of_grey(curve: Curve, *, of_colours: bool = False) -> Profile:
    return Profile("GRAY", _written(b"GRAY", b"XYZ ", {b"kTRC": to_icc(curve)}), hides=of_colours)


def of_table(table: Table) -> Profile:
    """Returns the profile of what leads to CIE Lab."""
    space = _SPACES[len(table.sizes)]
    tag = table.rest if space == "RGB" else table.finer()
    return Profile(space, _written(space.ljust(4).encode(), b"Lab ", {b"A2B0": tag}), hides=True, table=table)


def of_tag(tag: bytes, brightest: float) -> Profile:
    """Returns the profile of three channels that a table leads to CIE Lab as it stands.

    It ends at MOST_LIGHT or `brightest`, whichever is less, which is white to the table.
    """
    icc = _written(b"RGB ", b"Lab ", {b"A2B0": tag})
    return Profile("RGB", icc, hides=True, brightest=brightest, dimmed=min(brightest, MOST_LIGHT))


def _xyz(colour: Triple) -> bytes:
    if max(map(abs, colour)) > _LARGEST:
        raise UnusableColours("colours far beyond white")
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * _UNIT) for value in colour))


def _written(space: bytes, connection: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    tags = {**tags, b"wtpt": _xyz(D50)}
    start = _HEAD + 4 + _TAG * len(tags)
    index, content = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        index += struct.pack(">4sII", name, start + len(content), len(tag))
        content += tag + bytes(-len(tag) % 4)
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    head = struct.pack(">I4xI4s4s4s12x4s", start + len(content), 0x04400000, kind, space, connection, b"acsp")
    return head.ljust(68, b"\0") + _xyz(D50)[8:] + bytes(48) + index + content
