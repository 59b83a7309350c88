"""What an image file may say about its colours, and in which ways browsers draw it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from moderate.images.colours import curves
from moderate.images.colours.icc import Icc
from moderate.images.colours.profiles import Profile, of_matrix
from moderate.images.colours.spaces import BT_709, BY_NUMBER, Primaries
from moderate.images.colours.tone_mapping import USUAL_PEAK, tone_mapped

# It keeps an exponent in 16 bits, half of them behind the point.
_FIREFOX_MOST = 65_535 / 256


@dataclass(frozen=True, slots=True)
class Numbered:
    """Colours by number, as ITU-T H.273 has them: PNG's cICP, AVIF's nclx, AV1's sequence header."""

    primaries: int
    transfer: int
    peak: float = USUAL_PEAK
    """How bright an HDR picture gets, in nits."""
    settled: bool = False
    """Every browser draws the picture by this and by nothing else, so none shows it as stored."""

    def profiles(self) -> Iterator[Profile]:
        colorants = BY_NUMBER.get(self.primaries, BT_709).colorants()
        if self.transfer in (curves.PQ, curves.HLG):
            yield tone_mapped(colorants, self.transfer, self.peak)
        else:
            yield of_matrix(colorants, [curves.of_chromium().get(self.transfer, curves.srgb())] * 3)
        in_firefox = of_matrix(colorants, [curves.of_firefox().get(self.transfer, curves.srgb())] * 3)
        # It cuts off what is beyond white before it blends it.
        yield replace(in_firefox, brightest=1.0)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Colours by chromaticities and exponents: PNG's gAMA and cHRM, and the older way of BMP."""

    primaries: Primaries
    exponents: tuple[float, float, float]
    settled: bool = False

    def profiles(self) -> Iterator[Profile]:
        in_firefox = tuple(min(exponent, _FIREFOX_MOST) for exponent in self.exponents)
        for exponents in dict.fromkeys((self.exponents, in_firefox)):
            yield of_matrix(self.primaries.colorants(), [curves.power(exponent) for exponent in exponents])


@dataclass(frozen=True, slots=True)
class Bent:
    """Levels of sRGB that a screen raises to an exponent: PNG's gAMA without cHRM, as Firefox takes it."""

    exponent: float
    settled: bool = False

    def profiles(self) -> Iterator[Profile]:
        yield of_matrix(BT_709.colorants(), [curves.bent_srgb(self.exponent)] * 3)


Description = Numbered | Calibrated | Bent | Icc
