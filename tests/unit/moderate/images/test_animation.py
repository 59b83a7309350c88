"""Frames are drawn as browsers draw them, and what has changed on the canvas is known."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.helpers.support import encoded

from moderate.images.animation import Disposal, Frame, play
from moderate.images.shrinking import Area


def frame(
    colour: str,
    size: tuple[int, int] = (1, 1),
    at: tuple[int, int] = (0, 0),
    disposal: Disposal = Disposal.KEEP,
    *,
    blended: bool = True,
) -> Frame:
    still = encoded(Image.new("RGBA", size, colour), "PNG")
    return Frame(still, at, size, disposal, blended)


def played(canvas: tuple[int, int], *frames: Frame) -> list[list[tuple[int, int, int, int]]]:
    """Returns every pixel of the canvas after each frame."""
    return [[tuple(pixel) for pixel in np.asarray(image).reshape(-1, 4).tolist()] for image, _ in play(canvas, frames)]


NOTHING = (0, 0, 0, 0)
RED, BLUE = (255, 0, 0, 255), (0, 0, 255, 255)


def test_the_canvas_begins_transparent() -> None:
    assert played((2, 1), frame("red")) == [[RED, NOTHING]]


def test_a_frame_stays_beneath_the_next() -> None:
    assert played((2, 1), frame("red"), frame("blue", at=(1, 0)))[1] == [RED, BLUE]


def test_a_cleared_frame_leaves_its_place_transparent() -> None:
    frames = frame("red", (2, 1)), frame("red", disposal=Disposal.CLEAR), frame("blue", at=(1, 0))
    assert played((2, 1), *frames)[2] == [NOTHING, BLUE]


def test_a_restored_frame_leaves_what_was_there_before_it() -> None:
    frames = frame("red", (2, 1)), frame("blue", disposal=Disposal.RESTORE), frame("blue", at=(1, 0))
    assert played((2, 1), *frames)[1:] == [[BLUE, RED], [RED, BLUE]]


def test_what_is_transparent_in_a_blended_frame_shows_what_lies_beneath() -> None:
    assert played((1, 1), frame("red"), frame("#0000"))[1] == [RED]


def test_what_is_transparent_in_any_other_frame_replaces_it() -> None:
    assert played((1, 1), frame("red"), frame("#0000", blended=False))[1] == [NOTHING]


def test_half_transparent_on_opaque_is_opaque() -> None:
    assert played((1, 1), frame("red"), frame("#0000ff80"))[1] == [(127, 0, 128, 255)]


def test_a_frame_is_cut_off_at_the_edge_of_the_canvas() -> None:
    assert played((2, 1), frame("red", (3, 3), at=(1, 0)))[0] == [NOTHING, RED]


def changed(canvas: tuple[int, int], *frames: Frame) -> list[list[Area]]:
    return [list(areas) for _, areas in play(canvas, frames)]


def test_at_first_all_of_the_canvas_has_changed_then_where_a_frame_is() -> None:
    frames = frame("red", at=(5, 5)), frame("blue", (2, 3), at=(1, 2))
    assert changed((9, 9), *frames) == [[(0, 0, 9, 9)], [(1, 2, 3, 5)]]


def test_where_a_frame_was_taken_away_has_changed_too() -> None:
    first = frame("red", (9, 9), disposal=Disposal.CLEAR)
    assert changed((9, 9), first, frame("blue"))[1] == [(0, 0, 9, 9)]


def test_areas_far_apart_are_not_drawn_with_all_that_lies_between_them() -> None:
    frames = frame("red", (9, 9)), frame("red", disposal=Disposal.RESTORE), frame("blue", at=(8, 8))
    assert changed((9, 9), *frames)[2] == [(0, 0, 1, 1), (8, 8, 9, 9)]


PLACES = st.tuples(*[st.integers(0, 12)] * 2)
FRAMES = st.builds(
    frame,
    st.sampled_from(["red", "#0000ff80", "#0000"]),
    st.tuples(*[st.integers(1, 12)] * 2),
    PLACES,
    st.sampled_from(Disposal),
    blended=st.booleans(),
)


@given(st.lists(FRAMES, min_size=1, max_size=5))
def test_nothing_changes_elsewhere(frames: list[Frame]) -> None:
    known = np.zeros((10, 10, 4), np.uint8)
    for image, areas in play((10, 10), frames):
        for left, top, right, bottom in areas:
            known[top:bottom, left:right] = np.asarray(image)[top:bottom, left:right]
        assert (known == np.asarray(image)).all()
