"""The right frames are chosen, and they are drawn as browsers draw them."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from tests.helpers.support import encoded

from moderate.images.animation import FRAMES_JUDGED, Disposal, Frame, choose_frames, display_time, play

TIMES = st.lists(st.floats(1, 60_000), min_size=1, max_size=300)


@given(TIMES)
@example([100.0] * 17)
@example([100.0] * 2000)
def test_at_most_sixteen_frames_are_judged_and_all_where_there_are_no_more(times: list[float]) -> None:
    chosen = choose_frames(times)
    assert len(chosen) == min(len(times), FRAMES_JUDGED)
    assert chosen == sorted(set(chosen))
    assert set(chosen) <= set(range(len(times)))


@given(TIMES)
def test_the_first_and_the_last_are_always_judged(times: list[float]) -> None:
    assert {0, len(times) - 1} <= set(choose_frames(times))


@given(TIMES)
def test_no_frame_left_out_is_shown_longer_than_eight_that_are_judged(times: list[float]) -> None:
    chosen = set(choose_frames(times))
    left_out = [time for index, time in enumerate(times) if index not in chosen]
    eighth = sorted((times[index] for index in chosen), reverse=True)[:8][-1]
    assert all(time <= eighth for time in left_out)


@pytest.mark.parametrize("total", [17, 100, 500, 2000])
def test_where_all_are_shown_alike_no_stretch_is_left_unjudged(total: int) -> None:
    gaps = np.diff(choose_frames([100.0] * total))
    assert gaps.max() <= np.ceil(total / 8)


def test_the_rest_fall_evenly_over_the_time_shown_and_not_over_the_count() -> None:
    """There are 1,000 frames in the first second, and 100 in the ten seconds after it."""
    chosen = choose_frames([1.0] * 1000 + [100.0] * 100)
    assert sum(index >= 1000 for index in chosen) >= 12


def test_a_frame_that_asks_for_no_time_is_shown_for_a_tenth_of_a_second() -> None:
    assert [display_time(asked) for asked in (0, 10, 11, 5000)] == [100, 100, 11, 5000]


def frame(
    colour: str,
    size: tuple[int, int] = (1, 1),
    at: tuple[int, int] = (0, 0),
    disposal: Disposal = Disposal.KEEP,
    *,
    blended: bool = True,
) -> Frame:
    still = encoded(Image.new("RGBA", size, colour), "PNG")
    return Frame(still, at, size, 100, disposal, blended)


def played(canvas: tuple[int, int], *frames: Frame) -> list[list[tuple[int, int, int, int]]]:
    """Returns every pixel of the canvas after each frame."""
    return [[tuple(pixel) for pixel in np.asarray(image).reshape(-1, 4).tolist()] for image in play(canvas, frames)]


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
