"""HDR as Chromium shows it on an ordinary screen, made into a colour table.

It takes 203 nits for white and draws them half as bright as the screen can; above that, brightness bends up to the
picture's peak, which is drawn as white. What counts is the brightest of a pixel's three channels in BT.2020.
"""

import struct
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import product
from math import copysign, log2, sqrt

from moderate.images.colours.curves import HLG, PQ_NITS, UnusableColours, hlg, on_screen, pq
from moderate.images.colours.profiles import MOST_LIGHT, Profile, of_tag
from moderate.images.colours.spaces import BT_709, BT_2020, D50, Matrix, Triple, conversion, scaled, times

USUAL_PEAK = 1000.0
"""In nits, of a picture that does not say how bright it gets."""
_WHITE = 203.0
_HLG_NITS, _HLG_GAMMA = 1000.0, 1.2
_LUMINANCE: Triple = (0.2627, 0.6780, 0.0593)
_WHITE_DRAWN = 0.5
# Of one channel in a channel of BT.2020. Beyond this the table is too coarse; nothing but XYZ is.
_MOST_BEYOND = 1.3
_BEND = 0.65
_LAST = 255
# Nodes on a side of the table. They lie half by the grey that a level is drawn as and half by the level itself, so that
# levels above the peak, which are all drawn white, still differ.
_NODES = 25
_BY_GREY = 0.5
# A channel of the table may be this far below black, of which 1 is white. Between nodes that end at black, colours that
# a screen lacks would be up to 95 levels off, and lower ones leave what the table can state.
_DARKEST = -0.2


@lru_cache(8)
def tone_mapped(colorants: Matrix, transfer: int, peak: float) -> Profile:
    """Returns a profile that draws HDR as Chromium tone-maps it. Raises UnusableColours.

    transfer: curves.PQ or curves.HLG. peak: in nits.
    """
    if peak > PQ_NITS:
        # Chromium's sums lose their digits: from 20,000 nits on, it draws some lights darker than less bright ones.
        raise UnusableColours("HDR of more than 10,000 nits")
    to_bt_2020 = conversion(colorants, BT_2020.colorants())
    if max(map(max, to_bt_2020)) > _MOST_BEYOND:
        raise UnusableColours("HDR in colours far beyond BT.2020")
    brightness = _hlg_in_whites if transfer == HLG else _pq_in_whites
    shown = _tone_mapping(to_bt_2020, peak, of_scene=transfer == HLG)
    steps = [level / _LAST for level in range(_LAST + 1)]
    places = [
        _BY_GREY * on_screen(min(1.0, shown((light, light, light))[1])) + (1 - _BY_GREY) * level
        for level in steps
        for light in [brightness(level)]
    ]
    lights = [brightness(_where(places, node / (_NODES - 1))) for node in range(_NODES)]
    pixels: list[Triple] = [shown(pixel) for pixel in product(lights, repeat=3)]  # type: ignore[arg-type]
    brightest = max(1.0, *map(max, pixels))
    colours = b"".join(map(_to_lab(min(brightest, MOST_LIGHT)), pixels))
    return of_tag(_table([round(65_535 * place) for place in places], colours), brightest)


def _pq_in_whites(level: float) -> float:
    return pq(level) * PQ_NITS / _WHITE


def _hlg_in_whites(level: float) -> float:
    """Returns the light of the scene, of which the highest level would be drawn at 1,000 nits."""
    return hlg(level) * float((_HLG_NITS / _WHITE) ** (1 / _HLG_GAMMA))


def _tone_mapping(to_bt_2020: Matrix, peak: float, *, of_scene: bool) -> Callable[[Triple], Triple]:
    """Returns what makes of brightnesses, of which 1 is white, those of the screen's red, green and blue.

    They may go beyond white, where Chromium cuts them off on the page, and below black, where it does at once.

    of_scene: as HLG has them, which a screen bends by a pixel's luminance.
    """
    to_screen = conversion(BT_2020.colorants(), BT_709.colorants())
    gain = _gains(peak / _WHITE)

    def shown(pixel: Triple) -> Triple:
        light = times(to_bt_2020, pixel)
        if of_scene:
            luminance = _LUMINANCE[0] * light[0] + _LUMINANCE[1] * light[1] + _LUMINANCE[2] * light[2]
            light = scaled(light, copysign(abs(luminance) ** (_HLG_GAMMA - 1), luminance))
        return times(to_screen, scaled(light, gain(max(light))))

    return shown


def _gains(peak: float) -> Callable[[float], float]:
    """Returns by how much to multiply a pixel whose brightest channel is so bright. peak: of which 1 is white."""
    if peak <= 1:
        return lambda _: 1.0
    white = 1 - (1 - _WHITE_DRAWN) * min(1.0, log2(peak) / log2(USUAL_PEAK / _WHITE))
    # A quadratic Bezier curve from white to the peak: its middle point lies on the tangents of both.
    x_middle = 1 - _BEND + _BEND / white
    y_middle = (1 - _BEND) * white + _BEND

    def gain(brightest: float) -> float:
        if brightest <= 1:
            return white
        if brightest >= peak:
            return 1 / brightest
        half = x_middle - 1
        along = (brightest - 1) / (half + sqrt(half**2 + (1 - 2 * x_middle + peak) * (brightest - 1)))
        drawn = (1 - along) ** 2 * white + 2 * along * (1 - along) * y_middle + along**2
        return drawn / brightest

    return gain


def _where(places: Sequence[float], place: float) -> float:
    """Returns the level, of which 1 is the highest, that lies at `place`."""
    after = min(max(1, bisect_right(places, place)), _LAST)
    before = places[after - 1]
    return min(1.0, (after - 1 + (place - before) / (places[after] - before)) / _LAST)


def _to_lab(white: float) -> Callable[[Triple], bytes]:
    """Returns a function that converts linear sRGB to CIE L*a*b*, packed as an ICC table of 16-bit values stores it.

    white: how bright a channel is that counts as white; what is brighter is cut off, and what is far below black.
    """
    red, green, blue = BT_709.colorants()

    def root(value: float) -> float:
        return value ** (1 / 3) if value > (6 / 29) ** 3 else value * (29 / 6) ** 2 / 3 + 4 / 29

    def lab(pixel: Triple) -> bytes:
        r, g, b = (max(_DARKEST, min(1.0, light / white)) for light in pixel)
        x, y, z = (root((red[axis] * r + green[axis] * g + blue[axis] * b) / D50[axis]) for axis in range(3))
        return struct.pack(
            ">3H",
            *(
                round(256 * max(0.0, min(255.0, value)))
                for value in (255 * (1.16 * y - 0.16), 128 + 500 * (x - y), 128 + 200 * (y - z))
            ),
        )

    return lab


def _table(inputs: Sequence[int], colours: bytes) -> bytes:
    """Returns an ICC table (lut16Type): the same curve for each channel, the nodes, and no curves behind them."""
    no_matrix = struct.pack(">9i", *(65_536 * (row == column) for row, column in product(range(3), repeat=2)))
    head = b"mft2\0\0\0\0" + bytes([3, 3, _NODES, 0]) + no_matrix + struct.pack(">HH", len(inputs), 2)
    return head + struct.pack(f">{len(inputs)}H", *inputs) * 3 + colours + struct.pack(">6H", *[0, 65_535] * 3)
