"""Levels that range from 16 to 235, and what becomes of them where viewers differ on that."""

from collections.abc import Sequence
from dataclasses import replace

from PIL import Image

from moderate.images.shrinking import Rendering, full_colour

_EVERY_LEVEL = list(range(256))
SPREAD = [min(255, max(0, round((level - 16) * 255 / 219))) for level in _EVERY_LEVEL]
"""What becomes of levels from 0 to 255 if they are taken for ones from 16 to 235."""
AS_STORED = [16 + round(level * 219 / 255) for level in _EVERY_LEVEL]
"""What levels from 16 to 235 were before the decoder made them ones from 0 to 255."""


def with_levels(levels: Sequence[int], rendering: Rendering) -> Rendering:
    """Returns the rendering of a picture whose levels, but not those of its alpha, become these before."""

    def draw(picture: Image.Image) -> Image.Image:
        whole = full_colour(picture)
        alpha = _EVERY_LEVEL if whole.mode == "RGBA" else []
        return rendering.draw(whole.point([*levels] * (len(whole.getbands()) - bool(alpha)) + alpha))

    others = tuple(with_levels(levels, other) for other in rendering.if_transparent)
    return replace(rendering, draw=draw, if_transparent=others)
