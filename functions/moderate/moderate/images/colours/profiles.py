"""ICC profiles: what browsers read of one, and profiles made of what a file says otherwise about its colours.

Little CMS, which draws, prefers tags that browsers do not know and fails on some that they pass over. It is therefore
given profiles that are written here, with no more in them than browsers read. ICC.1:2022 has the layout.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from moderate.images.colours.curves import Curve, UnusableColours, from_icc
from moderate.images.colours.spaces import D50, Matrix, Triple, scaled

_HEAD = 128
_TAG = 12
_TABLES = (b"mft1", b"mft2", b"mAB ")
_COLORANTS = (b"rXYZ", b"gXYZ", b"bXYZ")
_CURVES = (b"rTRC", b"gTRC", b"bTRC")
_UNIT = 65_536
_LARGEST = 16.0


@dataclass(frozen=True, slots=True)
class Profile:
    """One way from levels to colours."""

    space: str
    """RGB, GRAY or CMYK."""
    icc: bytes
    has_table: bool = False
    """It may do anything anywhere; curves and a matrix show in all greys and some colours."""
    halved: bool = False
    """Its colours are half as bright as it says: so Chromium takes a table of XYZ."""


def of_matrix(colorants: Matrix, curves: Sequence[Curve]) -> Profile:
    """Returns the profile of three channels. Raises UnusableColours."""
    # Each curve reaches 1, so that no more than needed of it is rounded away.
    most = [max(curve) or 1.0 for curve in curves]
    tags: dict[bytes, bytes] = {}
    for name, colour, factor in zip(_COLORANTS, colorants, most, strict=True):
        tags[name] = _xyz(scaled(colour, factor))
    for name, curve, factor in zip(_CURVES, curves, most, strict=True):
        tags[name] = _curve([value / factor for value in curve])
    return Profile("RGB", _written(b"RGB ", b"XYZ ", tags))


def of_grey(curve: Curve) -> Profile:
    return Profile("GRAY", _written(b"GRAY", b"XYZ ", {b"kTRC": _curve(curve)}))


def of_table(space: str, connection: bytes, table: bytes, *, halved: bool = False) -> Profile:
    """connection: the colours that the table leads to, by ICC's name: b"Lab " or b"XYZ "."""
    return Profile(
        space, _written(space.ljust(4).encode(), connection, {b"A2B0": table}), has_table=True, halved=halved
    )


def read(icc: bytes) -> tuple[Profile, ...]:
    """Returns the ways in which browsers draw what has this profile; none where they pass it over.

    Raises UnusableColours.
    """
    space = icc[16:20].decode("latin-1").strip()
    tags = _tags(icc)
    if space == "GRAY":
        return tuple(_tables(space, icc, tags)) or tuple(_grey(tags))
    if space == "RGB":
        tables = tuple(_tables(space, icc, tags))
        # Firefox knows no table but the first.
        return tables if tables and b"A2B0" in tags else (*tables, *_matrix(tags))
    return tuple(_tables(space, icc, tags)) if space == "CMYK" else ()


def numbers_in(icc: bytes) -> tuple[int, int, int, int]:
    """Returns what a `cicp` tag says, in ITU-T H.273's numbers: primaries, transfer, matrix, range. 2: unspecified."""
    tag = _tags(icc).get(b"cicp", b"")
    primaries, transfer, matrix, whole_range = tag[8:12] if len(tag) >= 12 else (2, 2, 0, 1)  # noqa: PLR2004
    return primaries, transfer, matrix, whole_range


def _tags(icc: bytes) -> Mapping[bytes, bytes]:
    """Returns the content of each tag; of two of one name the first."""
    tags: dict[bytes, bytes] = {}
    if len(icc) < _HEAD + 4:
        return tags
    (count,) = struct.unpack_from(">I", icc, _HEAD)
    index = icc[_HEAD + 4 : _HEAD + 4 + _TAG * count]
    if len(index) < _TAG * count:
        return tags
    for name, start, length in struct.iter_unpack(">4sII", index):
        if start + length <= len(icc):
            tags.setdefault(name, icc[start : start + length])
    return tags


def _tables(space: str, icc: bytes, tags: Mapping[bytes, bytes]) -> Iterator[Profile]:
    table = tags.get(b"A2B0") or tags.get(b"A2B1") or b""
    connection = icc[20:24]
    if table[:4] in _TABLES and connection in (b"Lab ", b"XYZ "):
        yield of_table(space, connection, table)
        if connection == b"XYZ ":
            yield of_table(space, connection, table, halved=True)


def _grey(tags: Mapping[bytes, bytes]) -> Iterator[Profile]:
    curve = from_icc(tags.get(b"kTRC", b""))
    if curve:
        yield of_grey(curve)


def _matrix(tags: Mapping[bytes, bytes]) -> Iterator[Profile]:
    red, green, blue = (_from_xyz(tags.get(name, b"")) for name in _COLORANTS)
    known = {tag: from_icc(tag) for tag in {tags.get(name, b"") for name in _CURVES}}
    curves = [curve for name in _CURVES if (curve := known[tags.get(name, b"")])]
    if red and green and blue and len(curves) == len(_CURVES):
        yield of_matrix((red, green, blue), curves)


def _from_xyz(tag: bytes) -> Triple | None:
    if tag[:4] != b"XYZ " or len(tag) < 20:  # noqa: PLR2004 - a signature, four zeros and three numbers
        return None
    x, y, z = (value / _UNIT for value in struct.unpack_from(">3i", tag, 8))
    return x, y, z


def _xyz(colour: Triple) -> bytes:
    if max(map(abs, colour)) > _LARGEST:
        raise UnusableColours("colours far beyond white")
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * _UNIT) for value in colour))


def _curve(curve: Sequence[float]) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(f">I{len(curve)}H", len(curve), *(round(value * 65_535) for value in curve))


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
