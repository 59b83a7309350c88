"""Says what decided the score of an image."""

from collections.abc import Sequence
from dataclasses import dataclass

from moderate.images.decoded import Picture, Tile
from moderate.inference.judge import Judged
from moderate.verdict import Cuts, Policy, decisive_class, lifted_score


@dataclass(frozen=True, slots=True)
class Reason:
    """Names what decided, from the class down to the frame. What did not matter is None or False."""

    class_name: str | None = None
    """None if no picture that was judged decided, but that some were not."""
    class_limit: float | None = None
    """The class's limit, if that lifted the score."""
    second_opinion: bool = False
    """Whether two models judged the picture that decided."""
    square: int | None = None
    """Which square of a long picture, from 1."""
    frame: int | None = None
    """Which frame of an animation, from 1: the first that shows the picture that decided."""


def reason_of(worst: Judged, picture: Picture, policy: Policy, cuts: Cuts) -> Reason:
    """worst: the view with the highest score of the picture's views."""
    scores = worst.scores
    if worst.second is not None and lifted_score(scores, policy, cuts) < worst.nsfw_score:
        # The first model alone set the floor below which the mean of both cannot take the score.
        scores = worst.first.scores
    name, limit = decisive_class(scores, policy, cuts)
    tiles: Sequence[Tile] = [view for view in picture.views if isinstance(view, Tile)]
    return Reason(
        class_name=name,
        class_limit=limit,
        second_opinion=worst.second is not None,
        square=tiles.index(worst.view) + 1 if isinstance(worst.view, Tile) else None,
        frame=picture.frame_of(worst.view) if picture.frames.total > 1 else None,
    )
