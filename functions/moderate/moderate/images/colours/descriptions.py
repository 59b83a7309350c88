"""What an image file may say about its colours, and in which ways browsers draw it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from moderate.images.colours import curves, profiles
from moderate.images.colours.curves import Curve
from moderate.images.colours.profiles import Profile
from moderate.images.colours.spaces import BT_709, BY_NUMBER, Primaries
from moderate.images.colours.tone_mapping import USUAL_PEAK, tone_mapped

_UNSPECIFIED = 2


@dataclass(frozen=True, slots=True)
class Numbered:
    """Colours by number, as ITU-T H.273 has them: PNG's cICP, AVIF's nclx, AV1's sequence header."""

    primaries: int
    transfer: int
    peak: float = USUAL_PEAK
    """How bright an HDR picture gets, in nits."""

    def profiles(self) -> Iterator[Profile]:
        yield self.of_chromium()
        yield self._by(curves.of_firefox())

    def of_chromium(self) -> Profile:
        if self.transfer in (curves.PQ, curves.HLG):
            return tone_mapped(self._primaries(), self.transfer, self.peak)
        return self._by(curves.of_chromium())

    def _by(self, known: Mapping[int, Curve]) -> Profile:
        return profiles.of_matrix(self._primaries().colorants(), [known.get(self.transfer, curves.srgb())] * 3)

    def _primaries(self) -> Primaries:
        return BY_NUMBER.get(self.primaries, BT_709)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Colours by chromaticities and exponents: PNG's gAMA and cHRM, and the older way of BMP."""

    primaries: Primaries
    exponents: tuple[float, float, float]

    def profiles(self) -> Iterator[Profile]:
        known = {exponent: curves.power(exponent) for exponent in self.exponents}
        yield profiles.of_matrix(self.primaries.colorants(), [known[exponent] for exponent in self.exponents])


@dataclass(frozen=True, slots=True)
class Icc:
    """An ICC profile."""

    icc: bytes
    peak: float = USUAL_PEAK

    def profiles(self) -> Iterator[Profile]:
        yield from profiles.read(self.icc)
        primaries, transfer, matrix, whole_range = profiles.numbers_in(self.icc)
        if transfer != _UNSPECIFIED and (matrix, whole_range) == (0, 1):
            # Firefox does not know this tag.
            yield Numbered(primaries, transfer, self.peak).of_chromium()


Description = Numbered | Calibrated | Icc
