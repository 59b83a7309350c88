"""Says where in a picture each class was seen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

EXPLAINED = ("hentai", "porn", "sexy")
"""The classes that count against an image."""

Grid = list[list[float]]
"""Rows of numbers that cover the view from its top left. A number above 0 means that the class outweighs neutral."""

_DECIMALS = 4


def against_neutral(maps: NDArray[np.float32], labels: Sequence[str]) -> dict[str, Grid]:
    """Returns by how much each class outweighs neutral, by its name.

    maps: one for each class, with the shape (classes, rows, columns); the mean of each is the class's logit.
    """
    neutral = maps[labels.index("neutral")]
    grids = {name: maps[labels.index(name)] - neutral for name in EXPLAINED}
    return {name: [[round(float(value), _DECIMALS) for value in row] for row in grid] for name, grid in grids.items()}
