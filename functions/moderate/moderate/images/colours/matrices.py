"""Makes red, green and blue of brightness and two planes of colours, by ITU-T H.273's number of the matrix."""

from collections.abc import Sequence

from PIL import Image

from moderate.images.colours.levels import SPREAD

GREEN_BLUE_RED = 0
# The shares of red and blue in brightness. All others have those that JPEG has, which Pillow knows.
_SHARES = {1: (0.2126, 0.0722), 4: (0.3, 0.11), 9: (0.2627, 0.0593)}
_NO_COLOUR = 128
_SPREAD_COLOURS = [min(255, max(0, round((level - _NO_COLOUR) * 255 / 224) + _NO_COLOUR)) for level in range(256)]


def coloured(planes: Sequence[Image.Image], matrix: int, *, whole_range: bool) -> Image.Image:
    """Returns the picture of these planes.

    whole_range: whether levels range from 0 to 255; otherwise they do from 16 to 235, and those of colours to 240.
    """
    if matrix == GREEN_BLUE_RED:
        green, blue, red = planes
        stored = Image.merge("RGB", (red, green, blue))
        return stored if whole_range else stored.point(SPREAD * 3)
    brightness = planes[0] if whole_range else planes[0].point(SPREAD)
    colours = [
        (plane if whole_range else plane.point(_SPREAD_COLOURS)).resize(brightness.size, Image.Resampling.NEAREST)
        for plane in planes[1:]
    ]
    if matrix not in _SHARES:
        return Image.merge("YCbCr", (brightness, *colours)).convert("RGB")
    return Image.merge("RGB", (brightness, *colours)).convert("RGB", _to_colours(*_SHARES[matrix]))


def _to_colours(of_red: float, of_blue: float) -> tuple[float, ...]:
    of_green = 1 - of_red - of_blue
    redness, blueness = 2 * (1 - of_red), 2 * (1 - of_blue)
    rows = (
        (0, redness),
        (-of_blue * blueness / of_green, -of_red * redness / of_green),
        (blueness, 0),
    )
    return tuple(number for blue, red in rows for number in (1, blue, red, -_NO_COLOUR * (blue + red)))
