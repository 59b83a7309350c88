"""Draws a heat map."""

import base64
import io

import numpy as np
from PIL import Image

from moderate.inference.heatmap import Grid

_RED, _BLUE = (215, 30, 40), (30, 90, 200)


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
