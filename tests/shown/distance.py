"""How far what is shown is from what is judged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tests.shown.browsers import Shown
from tests.shown.judge import Judged, View

MOST = 5.0
"""In levels of 255, in the mean over 32 x 32 pixels."""


@dataclass(frozen=True, slots=True)
class Difference:
    distance: float
    shown: Shown


def farthest(pictures: Sequence[tuple[Shown, View]], judged: Judged) -> Difference | None:
    """The picture that is farthest from all that is judged; None where nothing can be missed."""
    if judged.refused or not judged.complete:
        return None
    views = np.stack(judged.views).astype(np.int16)
    found = [
        Difference(float(np.abs(views - small.astype(np.int16)).mean((1, 2, 3)).min()), shown)
        for shown, small in pictures
    ]
    return max(found, key=lambda difference: difference.distance, default=None)
