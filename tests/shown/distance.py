"""How far what is shown is from what is judged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tests.shown.browsers import Shown
from tests.shown.judge import Judged, View

MOST = 3.0
"""In levels of 255, in the mean over 32 x 32 pixels.

Ordinary files are drawn 0 from what is judged, and up to 1.5 where Firefox blends alpha in its own way; a photo in
Display P3 that is judged as it is stored is just under 3 off. The faults that this has to find are 5 to 250 off.
"""

MOST_BETWEEN_FRAMES = 2.0
"""How far a frame may be from one that is judged in its place. This comes on top."""


@dataclass(frozen=True, slots=True)
class Difference:
    distance: float
    shown: Shown
    most: float

    @property
    def too_far(self) -> bool:
        return self.distance > self.most


def farthest(pictures: Sequence[tuple[Shown, View]], judged: Judged) -> Difference | None:
    """The picture that is farthest from all that is judged; None where nothing can be missed."""
    if judged.refused or not judged.complete:
        return None
    views = np.stack(judged.views).astype(np.int16)
    animated = any(shown.frame is not None for shown, _ in pictures)
    most = MOST + MOST_BETWEEN_FRAMES * animated
    found = [
        Difference(float(np.abs(views - small.astype(np.int16)).mean((1, 2, 3)).min()), shown, most)
        for shown, small in pictures
    ]
    return max(found, key=lambda difference: difference.distance, default=None)
