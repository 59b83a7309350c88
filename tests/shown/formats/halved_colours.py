"""Pictures that are hidden between halved colours: those who fill in such colours in another way see them."""

from random import Random
from typing import Any

import numpy as np
from tests.shown.formats.drafts import picture

_MIDDLE = 128


def planes(random: Random, size: tuple[int, int], across: int, down: int) -> tuple[Any, Any, Any]:
    """Brightness of little contrast, and colours that alternate, by as much as the picture to be hidden is bright.

    Both together leave the range of levels. across, down: how many pixels share a colour.
    """
    width, height = -(-size[0] // across), -(-size[1] // down)
    seen = np.asarray(picture(random, max(size)).convert("RGB").resize((width, height)), int)
    rows, columns = np.mgrid[:height, :width]
    pattern = random.choice([rows + columns, rows + columns, rows, columns, rows // 2 + columns, rows + columns // 2])
    signs = np.where(pattern % 2, 1, -1)
    colours = [np.clip(_MIDDLE + signs * seen[..., channel] // 2, 0, 255) for channel in (2, 0)]
    if random.random() < 0.3:
        colours[random.randrange(2)][:] = _MIDDLE
    brightness = np.full(size[::-1], random.choice([0, 16, 48, 64, 96, 128, 160, 191, 235, 255]))
    if random.random() < 0.5:
        brightness += np.asarray(picture(random, max(size)).convert("L").resize(size), int) // 4 - 32
    return np.clip(brightness, 0, 255), *colours
