"""Defines the messages between the service and a process that decodes for it: an image, then its picture or an error.

Nothing is pickled: the reader of an answer holds credentials, and an image may have taken over its writer.
A message is a head in JSON and a body of bytes, preceded by the lengths of both.
"""

import json
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moderate.images.decoded import Frames, Picture, Tile, View, Whole
from moderate.images.limits import (
    MAX_PICTURE_BYTES,
    MAX_VIEWS_OF_CALL,
    TooManyFrames,
    TooManyPixels,
    UndecodableImage,
    UnsupportedFormat,
)
from moderate.images.points_grid import BYTES as BYTES_OF_POINTS
from moderate.images.room import NeedsRoom
from modest.errors import PublicError

Head = Mapping[str, Any]
Received = bytes | bytearray
Read = Callable[[int], Received]
"""Returns as many bytes as it is asked for, or raises NoAnswer."""

_ERRORS: dict[str, type[PublicError]] = {
    kind.__name__: kind for kind in (UnsupportedFormat, UndecodableImage, TooManyPixels, TooManyFrames)
}
_LENGTHS = struct.Struct(">II")
_MAX_HEAD_BYTES = 4096
# The log quotes a detail, and an image that has taken over the decoder could put its own text into one.
_LOGGABLE = re.compile(r"[ -~]{0,100}")
_CHANNELS = 3


class NoAnswer(Exception):
    """The other process is gone, or sent something that it was not asked for."""


def send(head: Head, body: Sequence[bytes], write: Callable[[bytes], object]) -> None:
    text = json.dumps(head).encode()
    write(_LENGTHS.pack(len(text), sum(map(len, body))) + text)
    for part in body:
        write(part)


def receive(read: Read, max_bytes: int) -> tuple[dict[str, Any], Received]:
    """Returns the head and the body of a message. Raises NoAnswer, also if the body is longer than max_bytes."""
    head, body_bytes = receive_head(read, max_bytes)
    return head, read(body_bytes)


def receive_head(read: Read, max_bytes: int) -> tuple[dict[str, Any], int]:
    """Returns the head of a message, and how many bytes of body follow. Raises NoAnswer as `receive` does."""
    head_bytes, body_bytes = _LENGTHS.unpack(read(_LENGTHS.size))
    if head_bytes > _MAX_HEAD_BYTES or body_bytes > max_bytes:
        raise NoAnswer
    try:
        head = json.loads(read(head_bytes))
    except (ValueError, RecursionError):
        raise NoAnswer from None
    if not isinstance(head, dict):
        raise NoAnswer
    return head, body_bytes


def max_answer_bytes(size: int, *, points: bool = False) -> int:
    """points: whether they were asked for."""
    return MAX_VIEWS_OF_CALL * (size * size * _CHANNELS + (BYTES_OF_POINTS if points else 0))


def to_message(outcome: Picture | PublicError | NeedsRoom) -> tuple[Head, Sequence[bytes]]:
    if isinstance(outcome, NeedsRoom):
        return {"needed": outcome.needed}, ()
    if isinstance(outcome, PublicError):
        return {"error": type(outcome).__name__, "message": outcome.message, "detail": outcome.detail}, ()
    frames, tiles = outcome.frames, sum(isinstance(view, Tile) for view in outcome.views)
    head: Head = {
        "views": len(outcome.views),
        "tiles": tiles,
        "judged": frames.judged,
        "total": frames.total,
        "shown_from": outcome.shown_from,
    }
    return head, (*outcome.views, *outcome.points)


def from_message(
    head: Head, body_bytes: int, read: Read, size: int, *, points: bool = False
) -> Picture | PublicError | NeedsRoom:
    """Returns what `to_message` was given. Raises NoAnswer if the message is not one that it makes.

    It reads one view after the other, so that the body of 160 is not held twice.
    points: whether those of each whole view were asked for; they follow all views.
    """
    bytes_of_view, bytes_of_points = size * size * _CHANNELS, BYTES_OF_POINTS if points else 0
    match head:
        case {"error": str(name), "message": str(message), "detail": str(detail)} if (
            name in _ERRORS and _LOGGABLE.fullmatch(detail) and not body_bytes
        ):
            return _ERRORS[name](message=message, detail=detail)
        case {"needed": int(needed)} if 0 < needed <= MAX_PICTURE_BYTES and not body_bytes:
            return NeedsRoom(needed)
        case {
            "views": int(count),
            "tiles": int(tiles),
            "judged": int(judged),
            "total": int(total),
            "shown_from": [*numbers],
        } if (
            0 <= tiles < count
            and body_bytes == count * bytes_of_view + (count - tiles) * bytes_of_points
            and len(numbers) in (0, count)
            and all(isinstance(number, int) and 0 < number <= total for number in numbers)
        ):
            kinds = [View] * (count - tiles) + [Tile] * tiles
            seen = [kind(read(bytes_of_view)) for kind in kinds]
            if points:
                seen[: count - tiles] = [Whole(view, bytes(read(bytes_of_points))) for view in seen[: count - tiles]]
            return Picture(tuple(seen), Frames(judged, total), tuple(numbers))
        case _:
            raise NoAnswer
