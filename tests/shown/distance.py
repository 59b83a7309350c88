"""How far what is shown is from what is judged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from tests.shown.browsers import Shown
from tests.shown.judge import SIZE, Judged

MOST = 5.0
"""In levels of 255, in the mean over 32 x 32 pixels."""


@dataclass(frozen=True, slots=True)
class Difference:
    distance: float
    shown: Shown


def farthest(pictures: Sequence[Shown], judged: Judged) -> Difference | None:
    """The picture that is farthest from all that is judged; None where nothing can be missed."""
    if judged.refused or not judged.complete:
        return None
    views = np.stack(judged.views).astype(np.int16)
    found = [Difference(float(np.abs(views - small(shown.picture)).mean((1, 2, 3)).min()), shown) for shown in pictures]
    return max(found, key=lambda difference: difference.distance, default=None)


def small(picture: Image.Image) -> "np.ndarray[tuple[int, int, int], np.dtype[np.int16]]":
    filtering = Image.Resampling.BOX if min(picture.size) >= SIZE else Image.Resampling.BILINEAR
    return np.asarray(picture.convert("RGB").resize((SIZE, SIZE), filtering)).astype(np.int16)
