"""Messages about an image arrive as they were sent; an image may have taken over the process that answers."""

import io
import json
import random
import struct
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.helpers.support import attempt

from moderate.images.decoded import Frames, Picture, Tile, Whole
from moderate.images.formats import not_accepted
from moderate.images.limits import BASELINE_JPEG, GIF_ANIMATION, MAX_PICTURE_BYTES, UndecodableImage
from moderate.images.points_grid import BYTES as POINTS_BYTES
from moderate.images.room import NeedsRoom
from moderate.images.sandbox.protocol import NoAnswer, from_message, receive, receive_head, send, to_message
from modest.errors import PublicError

SIZE = 2
VIEW_BYTES = SIZE * SIZE * 3
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
FIELDS = ("error", "message", "detail", "views", "tiles", "judged", "total", "needed")


def transported(
    outcome: Picture | PublicError | NeedsRoom, *, points: bool = False
) -> Picture | PublicError | NeedsRoom:
    pipe = io.BytesIO()
    send(*to_message(outcome), pipe.write)
    pipe.seek(0)
    return from_message(*receive_head(pipe.read, 100_000), pipe.read, SIZE, points=points)


@pytest.mark.parametrize("count", [1, 3, 32])
def test_a_picture_arrives_as_it_was(count: int) -> None:
    generator = random.Random(0)
    views = tuple(generator.randbytes(VIEW_BYTES) for _ in range(count))
    arrived = transported(Picture(views, Frames(count, 99)))
    assert arrived == Picture(views, Frames(count, 99))


def test_tiles_arrive_as_tiles() -> None:
    views = (bytes(VIEW_BYTES), Tile(VIEW_BYTES), Tile(b"1" * VIEW_BYTES))
    arrived = transported(Picture(views, Frames(1, 1)))
    assert isinstance(arrived, Picture)
    assert [(type(view), view) for view in arrived.views] == [(type(view), view) for view in views]


def test_points_arrive_with_the_views_that_they_are_of() -> None:
    generator = random.Random(0)
    whole = [Whole(generator.randbytes(VIEW_BYTES), generator.randbytes(POINTS_BYTES)) for _ in range(3)]
    sent = Picture((*whole, Tile(generator.randbytes(VIEW_BYTES))), Frames(1, 1))
    arrived = transported(sent, points=True)
    assert isinstance(arrived, Picture)
    assert arrived == sent
    assert arrived.points == sent.points
    assert [type(view) for view in arrived.views] == [Whole, Whole, Whole, Tile]


@pytest.mark.parametrize("asked", [True, False])
def test_points_that_were_not_asked_for_and_missing_ones_are_no_answer(asked: bool) -> None:
    views = [bytes(VIEW_BYTES), Tile(VIEW_BYTES)] if asked else [Whole(bytes(VIEW_BYTES), bytes(POINTS_BYTES))]
    with pytest.raises(NoAnswer):
        transported(Picture(tuple(views), Frames(1, 1)), points=asked)


@pytest.mark.parametrize(
    "error",
    [not_accepted(), UndecodableImage("ValueError"), BASELINE_JPEG.exceeded(), GIF_ANIMATION.exceeded()],
)
def test_an_error_arrives_as_it_was(error: PublicError) -> None:
    arrived = transported(error)
    assert isinstance(arrived, PublicError)
    assert (type(arrived), str(arrived)) == (type(error), str(error))
    assert (arrived.message, arrived.detail, arrived.param) == (error.message, error.detail, None)


def test_what_a_picture_needs_arrives_as_it_was() -> None:
    arrived = transported(NeedsRoom(123_456_789))
    assert isinstance(arrived, NeedsRoom)
    assert arrived.needed == 123_456_789


@given(head=st.dictionaries(st.sampled_from(FIELDS) | st.text(), ANY_JSON), body=st.binary(max_size=3 * VIEW_BYTES))
@example(head={"views": 0, "tiles": 0, "judged": 0, "total": 0}, body=b"")
@example(head={"views": -1, "tiles": 0, "judged": 1, "total": 1}, body=bytes(VIEW_BYTES))
@example(head={"views": 1, "tiles": 0, "judged": "1", "total": 1}, body=bytes(VIEW_BYTES))
@example(head={"views": 1, "tiles": 0, "judged": 1, "total": 1}, body=bytes(VIEW_BYTES - 1))
@example(head={"views": 2, "tiles": 1, "judged": 1, "total": 1}, body=bytes(2 * VIEW_BYTES))
@example(head={"views": 1, "tiles": 1, "judged": 1, "total": 1}, body=bytes(VIEW_BYTES))
@example(head={"views": 1, "tiles": -1, "judged": 1, "total": 1}, body=bytes(VIEW_BYTES))
@example(head={"needed": 0}, body=b"")
@example(head={"needed": 1}, body=b"more")
@example(head={"needed": MAX_PICTURE_BYTES + 1}, body=b"")
@example(head={"error": "PublicError", "message": "", "detail": ""}, body=b"")
@example(head={"error": "UndecodableImage", "message": {}, "detail": ""}, body=b"")
def test_whatever_is_said_is_a_picture_an_error_of_ours_or_no_answer(head: dict[str, Any], body: bytes) -> None:
    try:
        outcome = from_message(head, len(body), io.BytesIO(body).read, SIZE)
    except NoAnswer:
        return
    if isinstance(outcome, PublicError):
        assert outcome.message == head["message"]
    elif isinstance(outcome, NeedsRoom):
        assert 0 < outcome.needed == head["needed"] <= MAX_PICTURE_BYTES
    else:
        assert len(outcome.views) * VIEW_BYTES == len(body) > 0
        assert sum(isinstance(view, Tile) for view in outcome.views) == head["tiles"] < len(outcome.views)
        assert {type(outcome.frames.judged), type(outcome.frames.total)} <= {int, bool}


@given(st.binary(max_size=200))
@example(struct.pack(">II", 2, 10_001) + b"{}")
@example(struct.pack(">II", 5000, 0) + b"{}".rjust(5000))
@example(struct.pack(">II", 2, 0) + b"[]")
@example(struct.pack(">II", 4000, 0) + b"[" * 4000)
@example(struct.pack(">II", 3, 0) + b"\xff{}")
def test_bytes_that_are_no_message_are_no_answer(said: bytes) -> None:
    pipe = io.BytesIO(said)

    def read(length: int) -> bytes:
        data = pipe.read(length)
        if len(data) < length:
            raise NoAnswer
        return data

    try:
        head, body = receive(read, 10_000)
    except NoAnswer:
        return
    assert json.loads(json.dumps(head)).keys() == head.keys()
    assert len(body) <= 10_000


def test_a_picture_without_views_is_no_answer() -> None:
    with pytest.raises(NoAnswer):
        attempt(lambda: transported(Picture((), Frames(0, 0))))


@pytest.mark.parametrize("detail", ["x" * 101, "two\nlines", "\x1b[31mred", "Grüße"])
def test_a_detail_that_no_log_should_quote_is_not_believed(detail: str) -> None:
    head = {"error": "UndecodableImage", "message": "No.", "detail": detail}
    with pytest.raises(NoAnswer):
        from_message(head, 0, io.BytesIO().read, SIZE)
