"""What is on a list is found before and after an image is decoded, and not after its call is over."""

import random
from hashlib import sha256

import pytest
from tests.helpers.lists import fixed

from moderate.blocking.screening import Screening
from moderate.images.decoded import Frames, Picture, Whole
from moderate.images.points_grid import BYTES
from moderate.scheduling.work import CallOver, Work

DATA = b"an image"
DIGEST = sha256(DATA).hexdigest()


class Animation:
    """Has many pictures, of which the third ends the call that asks for it."""

    def __init__(self, work: Work) -> None:
        self.asked = 0
        generator = random.Random(1)
        self._views = [Whole(bytes(12), generator.randbytes(BYTES)) for _ in range(160)]
        self._work = work

    def decode(self, data: bytes, size: int, work: Work, *, room: int, points: bool) -> Picture:  # noqa: ARG002
        animation = self

        class Counted(Picture):
            @property
            def points(self) -> object:  # type: ignore[override]
                for view in animation._views:
                    animation.asked += 1
                    if animation.asked == 3:
                        animation._work.end()
                    yield view.points

        return Counted(tuple(self._views), Frames(160, 160))


def test_pictures_are_no_longer_looked_for_once_the_call_is_over() -> None:
    work = Work()
    animation = Animation(work)
    screening = Screening(animation.decode, fixed(f"pdq {'a1' * 32}"))
    with pytest.raises(CallOver):
        screening.decode(DATA, DIGEST, 2, work, 0)
    assert animation.asked == 3
