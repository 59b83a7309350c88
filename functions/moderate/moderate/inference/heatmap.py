"""Shows where in a picture each class was seen."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

EXPLAINED = ("hentai", "porn", "sexy")
"""The classes that count against an image."""

Grid = list[list[float]]
"""Rows of numbers that cover the view from its top left. A number above 0 means that the class outweighs neutral."""

_DECIMALS = 4
_RED, _BLUE = (215, 30, 40), (30, 90, 200)


def against_neutral(maps: NDArray[np.float32], labels: Sequence[str]) -> dict[str, Grid]:
    """Returns by how much each class outweighs neutral, by its name.

    maps: one for each class, with the shape (classes, rows, columns); the mean of each is the class's logit.
    """
    neutral = maps[labels.index("neutral")]
    grids = {name: maps[labels.index(name)] - neutral for name in EXPLAINED}
    return {name: [[round(float(value), _DECIMALS) for value in row] for row in grid] for name, grid in grids.items()}


def overlay(grid: Grid, size: int) -> str:
    """Returns a PNG of `size` x `size` pixels as a data URL. To show it, stretch it over the picture.

    It is red where the class was seen and blue where neutral was. Stronger values are less transparent.
    """
    values = np.array(grid)
    strength = np.abs(values) / max(1.0, float(np.abs(values).max()))
    colours = np.where(values[..., np.newaxis] > 0, np.array(_RED), np.array(_BLUE))
    pixels = np.dstack([colours, 255 * strength]).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
