"""What browsers read of an ICC profile.

Little CMS, which draws, prefers tags that browsers do not know and fails on some that they pass over. So it is never
given a file's own profile, but one with no more in it than browsers read. ICC.1:2022 has the layout.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from moderate.images.colours import curves, tables
from moderate.images.colours.curves import Curve, Tag, UnusableColours, from_icc, is_plain
from moderate.images.colours.profiles import Profile, of_grey, of_matrix, of_table
from moderate.images.colours.spaces import BT_709, BY_NUMBER, D50, Matrix, Triple
from moderate.images.colours.tone_mapping import USUAL_PEAK, tone_mapped

_HEAD, _TAG, _KIND_BYTES = 128, 12, 4
# Firefox passes over a profile with more.
_MOST_TAGS = 1024
_CHANNELS = {b"GRAY": 1, b"CMYK": 4}
"""How many the colours of a profile have, if they are not three."""
_COLORANTS = (b"rXYZ", b"gXYZ", b"bXYZ")
_CURVES = (b"rTRC", b"gTRC", b"bTRC")
_BLACK: Matrix = ((0.0, 0.0, 0.0),) * 3
# What every browser accepts.
_MOST_BYTES = 4_000_000
_VERSIONS = range(1, 5)
_NO_MORE_VERSION, _IN_WORDS = bytes(2), 4
_CLASSES = (b"mntr", b"scnr", b"prtr", b"spac")
_INTENTS = range(4)
_ILLUMINANT = struct.pack(">3i", *(round(65_536 * value) for value in D50))
# Tags that not every browser knows, or that count before curves and a matrix, or for which Chromium rejects a profile.
_DISPUTED = {b"cicp", b"HAGC", *(kind + b"%d" % number for kind in (b"A2B", b"B2A", b"D2B") for number in range(4))}
# What Firefox rejects a profile for, unless it has nine numbers.
_ADAPTATION, _NUMBERS, _NUMBERS_BYTES = b"chad", b"sf32", 44
_UNSPECIFIED = 2
_SRGB, _VIDEO = 13, (1, 6, 11)
_WHOLE_RANGE_RGB = (0, 1)


@dataclass(frozen=True)
class Icc:
    """A profile in a file."""

    icc: bytes
    peak: float = USUAL_PEAK
    """How bright the picture gets if it is HDR, in nits."""
    alone: bool = False
    """Every browser finds it, and draws by nothing else if it accepts it."""
    is_grey: bool = False
    """The picture has no colours, and so no use for a profile of colours in every browser."""
    is_inks: bool = False
    """The picture is a JPEG in CMYK: browsers pass over a profile of inks in any other file, or differ."""
    is_avif: bool = False
    """Firefox draws the green of an AVIF by a profile of greys; nobody applies one to the colours of another file."""

    @property
    def settled(self) -> bool:
        """Whether every browser draws by it, and all alike: by ordinary curves and a matrix, or a curve of greys."""
        used = _CURVES if self.icc[16:20] == b"RGB " else (b"kTRC",)
        return (
            self.alone
            and self.is_grey == (self.icc[16:20] == b"GRAY")
            and len(self.icc) <= _MOST_BYTES
            and self.icc[:4] == struct.pack(">I", len(self.icc))
            and self.icc[8] in _VERSIONS
            # Firefox rejects a version of more than two parts, and in a PNG an odd length from the fourth on.
            and self.icc[10:12] == _NO_MORE_VERSION
            and (self.icc[8] < _IN_WORDS or len(self.icc) % 4 == 0)
            and self.icc[12:16] in _CLASSES
            and self.icc[16:20] in (b"RGB ", b"GRAY")
            and self.icc[20:24] in (b"XYZ ", b"Lab ")
            and self.icc[36:40] == b"acsp"
            and struct.unpack_from(">I", self.icc, 64)[0] in _INTENTS
            and self.icc[68:80] == _ILLUMINANT
            # Chromium rejects a profile of which any tag ends behind it, or has no room for its kind.
            and all(length >= _KIND_BYTES and start + length <= len(self.icc) for _, start, length in self._index)
            and not self._tags.keys() & _DISPUTED
            and self._has_sound_adaptation
            and all(is_plain(self._within_its_length(name)) for name in used)
            and (used != _CURVES or all(_xyz(self._within_its_length(name)) for name in _COLORANTS))
        )

    def profiles(self) -> Iterator[Profile]:
        """Yields the ways in which browsers draw what has this profile; none if all pass it over.

        Raises UnusableColours.
        """
        if self.icc[16:20] == b"CMYK":
            yield from self._by_inks()
            return
        found = list(self._by_table())
        yield from found
        if self.icc[16:20] == b"GRAY":
            if self.is_grey or self.is_avif:
                yield from self._by_grey_curve()
                yield from self._by_numbers()
        else:
            # Chromium takes what it does not know for RGB. Firefox knows no table but the first.
            if not found or b"A2B0" not in self._tags:
                yield from self._by_matrix()
            yield from self._by_numbers()

    @cached_property
    def _index(self) -> Sequence[tuple[bytes, int, int]]:
        """The name, start and length of each tag, or none if the index is cut off. Raises UnusableColours."""
        if len(self.icc) < _HEAD + 4:
            return ()
        (count,) = struct.unpack_from(">I", self.icc, _HEAD)
        index = self.icc[_HEAD + 4 : _HEAD + 4 + _TAG * count]
        if len(index) < _TAG * count:
            return ()
        if count > _MOST_TAGS:
            raise UnusableColours("a profile of too many tags")
        return tuple(struct.iter_unpack(">4sII", index))

    @cached_property
    def _tags(self) -> Mapping[bytes, Tag]:
        """What each tag begins with; of two of one name the first. Raises UnusableColours."""
        # Each may be as long as the profile.
        whole = memoryview(self.icc)
        tags: dict[bytes, Tag] = {}
        for name, start, _ in self._index:
            # Firefox reads on where a tag should end.
            tags.setdefault(name, whole[start:])
        return tags

    def _within_its_length(self, name: bytes) -> Tag:
        """Returns a tag as Chromium reads it."""
        found = (self.icc[start : start + length] for each, start, length in self._index if each == name)
        return next(found, b"")

    def _by_inks(self) -> Iterator[Profile]:
        """Yields how others draw inks by their profile, and how Chromium does: without black, which it makes of RGB."""
        if self._curves and self._colorants:
            # Chromium draws by them.
            raise UnusableColours("curves of inks")
        if self.is_avif and self._tags:
            # Firefox takes the four channels of a pixel for inks.
            raise UnusableColours("a profile of inks in an AVIF")
        for profile in self._by_table() if self.is_inks else ():
            yield profile
            if profile.table:
                yield of_table(profile.table.without_black())

    def _by_table(self) -> Iterator[Profile]:
        table = tables.read(self._tags.get(b"A2B0") or self._tags.get(b"A2B1") or b"")
        connection = self.icc[20:24]
        if table and len(table.sizes) != _CHANNELS.get(self.icc[16:20], 3):
            # Chromium takes as many channels as the table has, of which the fourth is alpha.
            raise UnusableColours("a table of other channels than the profile says")
        if table and connection == b"XYZ ":
            # Chromium draws such colours half as bright as others do.
            raise UnusableColours("a table of XYZ")
        if table and self._colorants and self._curves:
            # Chromium cuts off what the table leads to at the colours of the matrix. None of 328 profiles in real files
            # has both.
            raise UnusableColours("a table beside a matrix")
        if table and connection == b"Lab ":
            yield of_table(table)

    def _by_grey_curve(self) -> Iterator[Profile]:
        curve, _ = from_icc(self._tags.get(b"kTRC", b""))
        if curve:
            yield of_grey(curve, of_colours=not self.is_grey)

    def _by_matrix(self) -> Iterator[Profile]:
        if self._colorants and self._curves:
            yield of_matrix(self._colorants, self._curves)
        elif b"rXYZ" not in self._tags and self._curves:
            # Firefox looks at no other colour to see whether there are any.
            yield of_matrix(_BLACK, self._curves)

    def _by_numbers(self) -> Iterator[Profile]:
        """Yields what Chromium alone draws by: numbers of ITU-T H.273, and what they leave open by the rest."""
        primaries, transfer, *rest = bytes(self._tags.get(b"cicp", b"")[:_TAG]).ljust(_TAG, b"\0")[8:]
        colorants = self._colorants if primaries == _UNSPECIFIED else None
        if primaries == _UNSPECIFIED and self.icc[16:20] == b"GRAY":
            # Any whose sum is white: greys stay grey.
            colorants = BT_709.colorants()
        if primaries in BY_NUMBER:
            colorants = BY_NUMBER[primaries].colorants()
        if tuple(rest) != _WHOLE_RANGE_RGB and transfer in (curves.PQ, curves.HLG):
            raise UnusableColours("numbers of HDR in a profile, for other than RGB of the whole range")
        if colorants is None or tuple(rest) != _WHOLE_RANGE_RGB:
            return
        if transfer in (curves.PQ, curves.HLG):
            yield tone_mapped(colorants, transfer, self.peak)
        elif transfer == _SRGB or (transfer in _VIDEO and primaries != _UNSPECIFIED):
            yield of_matrix(colorants, [curves.srgb()] * 3)
        elif transfer in curves.of_chromium():
            yield of_matrix(colorants, [curves.of_chromium()[transfer]] * 3)
        elif transfer == _UNSPECIFIED and self._curves:
            if primaries != _UNSPECIFIED:
                # Chromium mixes some of these with the profile's own, by rules that are not known.
                raise UnusableColours("numbers of primaries beside curves in a profile")
            yield of_matrix(colorants, self._curves)

    @property
    def _has_sound_adaptation(self) -> bool:
        tag = self._tags.get(_ADAPTATION)
        return tag is None or (tag[:4] == _NUMBERS and len(tag) >= _NUMBERS_BYTES)

    @cached_property
    def _colorants(self) -> Matrix | None:
        red, green, blue = (_xyz(self._tags.get(name, b"")) for name in _COLORANTS)
        return (red, green, blue) if red and green and blue else None

    @cached_property
    def _curves(self) -> Sequence[Curve]:
        """Those of red, green and blue; none if any is missing."""
        tags = [self._tags.get(name, b"") for name in _CURVES]
        known = {tag: from_icc(tag)[0] for tag in set(tags)}
        found = [curve for tag in tags if (curve := known[tag])]
        return found if len(found) == len(tags) else ()


def _xyz(tag: Tag) -> Triple | None:
    if tag[:4] != b"XYZ " or len(tag) < 20:  # noqa: PLR2004 - a signature, four zeros and three numbers
        return None
    x, y, z = (value / 65_536 for value in struct.unpack_from(">3i", tag, 8))
    return x, y, z
