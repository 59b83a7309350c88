"""How bright each level of a channel is: by an exponent, a curve of an ICC profile, or a number of ITU-T H.273."""

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache

from moderate.images.limits import BrokenRule

Curve = tuple[float, ...]
"""The brightness of the levels 0 to 255, of which 1 is white; cinema goes beyond it."""

Tag = bytes | memoryview
"""The content of an ICC profile's tag."""

PQ, HLG = 16, 18
"""Numbers of the transfer functions of HDR (ITU-R BT.2100)."""
DRAWN_BY_ALL = frozenset({1, 4, 5, 6, 8, 13, 14, 15, PQ, HLG})
"""The numbers that both Chromium and Firefox accept."""
PQ_NITS = 10_000
"""How bright PQ's highest level is, in candelas a square metre."""

_LEVELS = 256
# Firefox passes over a curve with more.
_MOST_POINTS = 40_000
# The least that ICC's shortest curve can state. With less, a picture is black and white here and all white there.
_LEAST_EXPONENT = 1 / 256
# What rounding makes of white.
_ABOUT_WHITE = 1.01
_PARAMETERS = (1, 3, 4, 5, 7)
"""How many numbers each type of an ICC profile's parametric curve takes."""
_PLAIN = (0, 3)
"""The types of a power, and of a power above a line."""
_WITHOUT = (1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""The numbers that stand for those that a type does not take."""


class UnusableColours(BrokenRule):
    """Each viewer draws such colours in a way of its own, and none of them is drawn here."""


def sampled(brightness: Callable[[float], float]) -> Curve:
    return tuple(brightness(level / (_LEVELS - 1)) for level in range(_LEVELS))


def power(exponent: float) -> Curve:
    """Raises UnusableColours."""
    if exponent < _LEAST_EXPONENT:
        raise UnusableColours("an exponent next to 0")
    return sampled(lambda level: level**exponent)


def from_icc(tag: Tag) -> tuple[Curve | None, int]:
    """Returns the curve that an ICC profile's tag begins with, and its length in bytes. Raises UnusableColours.

    There is none where viewers pass over it.
    """
    try:
        if tag[:4] == b"curv":
            (count,) = struct.unpack_from(">I", tag, 8)
            if count > _MOST_POINTS:
                raise UnusableColours("a curve of too many points")
            length = 12 + 2 * count
            return _from_numbers(bytes(tag[12:length]), count), length
        if tag[:4] == b"para":
            (kind,) = struct.unpack_from(">H", tag, 8)
            numbers = struct.unpack_from(f">{_PARAMETERS[kind]}i", tag, 12)
            return _parametric(kind, [number / 65_536 for number in numbers]), 12 + 4 * len(numbers)
    except (struct.error, IndexError):
        pass
    return None, 0


def is_plain(tag: Tag) -> bool:
    """Whether all browsers take the curve in an ICC profile's tag alike: a power, points, or a power above a line."""
    curve, _ = from_icc(tag)
    if curve is None or tag[:4] == b"curv":
        return curve is not None
    (kind,) = struct.unpack_from(">H", tag, 8)
    return kind in _PLAIN and min(struct.unpack_from(f">{_PARAMETERS[kind]}i", tag, 12)) >= 0


def to_icc(curve: Sequence[float]) -> bytes:
    """Returns the curve as a tag (curveType) of whole words."""
    numbers = (min(65_535, max(0, round(value * 65_535))) for value in curve)
    tag = b"curv\0\0\0\0" + struct.pack(f">I{len(curve)}H", len(curve), *numbers)
    return tag + bytes(-len(tag) % 4)


def from_points(points: Sequence[float]) -> Curve:
    """Returns the curve through two points or more, which lie evenly from black to white."""

    def between(level: float) -> float:
        place = level * (len(points) - 1)
        before = min(int(place), len(points) - 2)
        return points[before] + (place - before) * (points[before + 1] - points[before])

    return sampled(between)


# Most pictures have one of a few profiles.
@lru_cache(32)
def _from_numbers(stated: bytes, count: int) -> Curve:
    """Returns a curve of curveType: with one number an exponent, with none a line. Raises struct.error."""
    numbers = struct.unpack(f">{count}H", stated)
    if len(numbers) <= 1:
        return power(numbers[0] / 256 if numbers else 1)
    return from_points([number / 65_535 for number in numbers])


def _parametric(kind: int, numbers: Sequence[float]) -> Curve:
    """Returns a parametric curve by ICC.1's formulas: a power above a knee, a line below it."""
    exponent, scale, shift, slope, knee, raised, start = (*numbers, *_WITHOUT[len(numbers) :])
    if exponent < _LEAST_EXPONENT:
        raise UnusableColours("an exponent next to 0")
    if kind in (1, 2):
        # The fourth number of the second type raises the whole curve; both bend where the power's base is 0.
        raised = start = slope
        slope, knee = 0, -shift / scale if scale else 0

    def brightness(level: float) -> float:
        if level >= knee:
            return float(max(0.0, scale * level + shift) ** exponent) + raised
        return slope * level + start

    curve = sampled(lambda level: max(0.0, brightness(level)))
    if max(curve) > _ABOUT_WHITE:
        # Firefox ends it at white, and Chromium at white on the page, once the picture is blended with that.
        raise UnusableColours("a curve beyond white")
    return tuple(min(1.0, value) for value in curve)


def _srgb(level: float) -> float:
    return level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - IEC 61966-2-1


def on_screen(light: float) -> float:
    """Returns the level of sRGB that is as bright, of which 1 is white."""
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055  # noqa: PLR2004 - IEC 61966-2-1


def pq(level: float) -> float:
    """Returns how bright a level of PQ is, of PQ_NITS."""
    root = level ** (32 / 2523)
    return float((max(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root)) ** (16384 / 2610))


def hlg(level: float) -> float:
    """Returns how bright the scene was at a level of HLG, of the brightest that it holds."""
    if level <= 0.5:  # noqa: PLR2004 - ITU-R BT.2100
        return level * level / 3
    return (math.exp((level - 0.55991073) / 0.17883277) + 0.28466892) / 12


def _smpte_240(level: float) -> float:
    return level / 4 if level < 0.0912 else ((level + 0.1115) / 1.1115) ** (1 / 0.45)  # noqa: PLR2004


def _logarithmic(decades: float) -> Curve:
    return sampled(lambda level: 10 ** (decades * (level - 1)))


@cache
def srgb() -> Curve:
    return sampled(_srgb)


def bent_srgb(exponent: float) -> Curve:
    """Returns sRGB's curve for levels that are raised to an exponent first."""
    return sampled(lambda level: _srgb(level**exponent))


@cache
def of_chromium() -> Mapping[int, Curve]:
    """Returns the curves by which Chromium draws each transfer function; any other number is sRGB to it.

    It draws PQ and HLG as tone_mapping.py says.
    """
    cinema = sampled(lambda level: 52.37 / 48 * level**2.6)
    others = {4: power(2.2), 5: power(2.8), 7: sampled(_smpte_240), 8: power(1), 17: cinema}
    return dict.fromkeys((1, 6, 11, 14, 15), power(2.4)) | others


@cache
def of_firefox() -> Mapping[int, Curve]:
    """Returns the curves by which Firefox draws each transfer function; any other number is sRGB to it."""
    bent = {4: power(2.2), 5: power(2.8), 8: power(1), 9: _logarithmic(2), 10: _logarithmic(2.5)}
    return bent | {PQ: sampled(pq), HLG: sampled(hlg)}
