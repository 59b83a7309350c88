"""The colours that a picture's red, green and blue are: chromaticities and matrices."""

from dataclasses import dataclass

from moderate.images.colours.curves import UnusableColours

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]
"""Three rows."""

_D65 = (0.3127, 0.3290)
_C = (0.310, 0.316)
D50: Triple = (0.9642, 1.0, 0.8249)
"""The white to which ICC profiles refer, in XYZ."""
_BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_LEAST_DETERMINANT = 1e-6


@dataclass(frozen=True, slots=True)
class Primaries:
    """Where white and the colours of the three channels lie, each as CIE x and y."""

    white: tuple[float, float]
    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]

    @property
    def are_plain(self) -> bool:
        """Whether all of them are colours, or nearly: browsers pass over others, or do not."""
        return all(0 <= x <= 1 and 0 < y <= 1 for x, y in (self.white, self.red, self.green, self.blue))

    def colorants(self) -> Matrix:
        """Returns XYZ of red, green and blue, a row each, under D50. Raises UnusableColours."""
        if not self.white[1]:
            raise UnusableColours("a white that is none")
        white = scaled(_xyz(self.white), 1 / self.white[1])
        directions = (_xyz(self.red), _xyz(self.green), _xyz(self.blue))
        amounts = times(inverse(transposed(directions)), white)
        red, green, blue = (
            _under_d50(scaled(direction, amount), white) for direction, amount in zip(directions, amounts, strict=True)
        )
        return red, green, blue


BT_709 = Primaries(_D65, (0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
BT_2020 = Primaries(_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
BY_NUMBER = {
    1: BT_709,
    4: Primaries(_C, (0.670, 0.330), (0.210, 0.710), (0.140, 0.080)),
    5: Primaries(_D65, (0.640, 0.330), (0.290, 0.600), (0.150, 0.060)),
    6: Primaries(_D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: Primaries(_D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    8: Primaries(_C, (0.681, 0.319), (0.243, 0.692), (0.145, 0.049)),
    9: BT_2020,
    10: Primaries((1 / 3, 1 / 3), (1, 0), (0, 1), (0, 0)),
    11: Primaries((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: Primaries(_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    22: Primaries(_D65, (0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
}
"""Numbers of ITU-T H.273. Browsers take any other for BT.709."""


def conversion(source: Matrix, target: Matrix) -> Matrix:
    """Returns what turns brightnesses of some colorants into those of others. Raises UnusableColours."""
    to_target = inverse(transposed(target))
    red, green, blue = (times(to_target, colour) for colour in source)
    return transposed((red, green, blue))


def times(matrix: Matrix, vector: Triple) -> Triple:
    x, y, z = vector
    (a, b, c), (d, e, f), (g, h, i) = matrix
    return a * x + b * y + c * z, d * x + e * y + f * z, g * x + h * y + i * z


def scaled(vector: Triple, factor: float) -> Triple:
    return vector[0] * factor, vector[1] * factor, vector[2] * factor


def transposed(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    return (a, d, g), (b, e, h), (c, f, i)


def inverse(matrix: Matrix) -> Matrix:
    """Raises UnusableColours."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if abs(determinant) < _LEAST_DETERMINANT:
        raise UnusableColours("primaries in a line")
    return (
        scaled((e * i - f * h, c * h - b * i, b * f - c * e), 1 / determinant),
        scaled((f * g - d * i, a * i - c * g, c * d - a * f), 1 / determinant),
        scaled((d * h - e * g, b * g - a * h, a * e - b * d), 1 / determinant),
    )


def _xyz(chromaticity: tuple[float, float]) -> Triple:
    x, y = chromaticity
    return x, y, 1 - x - y


def _under_d50(colour: Triple, white: Triple) -> Triple:
    """Returns what looks under D50 as `colour` does under `white`, by Bradford. Raises UnusableColours."""
    seen = times(_BRADFORD, colour)
    here, there = times(_BRADFORD, white), times(_BRADFORD, D50)
    if not all(here):
        raise UnusableColours("a white that is none")
    adapted = (seen[0] * there[0] / here[0], seen[1] * there[1] / here[1], seen[2] * there[2] / here[2])
    return times(inverse(_BRADFORD), adapted)
