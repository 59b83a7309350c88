"""An orientation is followed alone where all viewers follow it; otherwise the picture is judged upright, too."""

import struct

import pytest
from PIL import Image

from moderate.images.exif import orientations_in

SHORT, LONG, BYTE = 3, 4, 1
Entry = tuple[int, int, int, bytes]


def exif(*entries: Entry, order: str = "<", magic: int = 42, start: int = 8, count: int | None = None) -> bytes:
    """entries: tag, type, count and value of each."""
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", magic, start)
    body = b"".join(struct.pack(f"{order}HHI", *entry[:3]) + entry[3].ljust(4, b"\0") for entry in entries)
    return b"Exif\0\0" + head.ljust(start, b"\0") + struct.pack(f"{order}H", count or len(entries)) + body


WIDTH: Entry = (0x0100, LONG, 1, b"\7")
TURNED: Entry = (0x0112, SHORT, 1, b"\6")


@pytest.mark.parametrize("turn", range(1, 9))
def test_what_pillow_writes_is_followed_alone(turn: int) -> None:
    block = Image.Exif()
    block[0x0112] = turn
    assert orientations_in(block.tobytes()) == (turn,)


@pytest.mark.parametrize("start", [8, 20])
def test_it_may_stand_anywhere_in_either_order(start: int) -> None:
    assert orientations_in(exif(WIDTH, TURNED, start=start)) == (6,)
    assert orientations_in(exif((0x0112, SHORT, 1, b"\0\6"), WIDTH, order=">", start=start)) == (6,)
    assert orientations_in(exif(TURNED).removeprefix(b"Exif\0\0")) == (6,)


def leading_to(directory: bytes, *entries: Entry, place: int = 50, kind: int = LONG) -> bytes:
    """Returns a block whose first directory leads to one at `place`, which has room for three entries before it."""
    more: Entry = (0x8769, kind, 1, struct.pack("<I", place))
    return (exif(*entries, more).ljust(len(b"Exif\0\0") + 50, b"\0")) + directory


def directory(*entries: Entry) -> bytes:
    return exif(*entries)[len(b"Exif\0\0") + 8 :]


DISPUTED = {
    "in a further directory": leading_to(directory(TURNED)),
    "in a further directory that a short leads to": leading_to(directory(TURNED), kind=SHORT),
    "in a further directory behind the first": leading_to(directory(TURNED), (0x0112, SHORT, 1, b"\1")),
    "in a directory that leads to itself": leading_to(directory((0x8769, LONG, 1, b"\x32"), TURNED)),
    "before a further directory that is cut off": leading_to(directory(WIDTH)[:-1], TURNED),
    "before a further directory that is not there": leading_to(b"", TURNED, place=5000),
    "of another type": exif((0x0112, LONG, 1, b"\6")),
    "of bytes": exif((0x0112, BYTE, 1, b"\6")),
    "of large numbers": exif((0x0112, LONG, 1, b"\0\0\0\6"), order=">"),
    "two in one": exif((0x0112, SHORT, 2, b"\6\0\1")),
    "none in one": exif((0x0112, SHORT, 0, b"\6")),
    "in a file of another kind": exif(TURNED, magic=43),
    "behind another name": exif(TURNED).replace(b"Exif\0\0", b"Exif\0\1"),
    "in a directory that is cut off": exif(TURNED, count=2),
}


@pytest.mark.parametrize("name", DISPUTED)
def test_what_some_viewers_follow_is_judged_both_ways(name: str) -> None:
    assert orientations_in(DISPUTED[name]) == (1, 6)


def test_of_several_each_is_judged() -> None:
    assert orientations_in(exif(TURNED, (0x0112, SHORT, 1, b"\3"))) == (1, 6, 3)


@pytest.mark.parametrize("value", [b"\0", b"\x09", b"\xff\xff"])
def test_an_unknown_number_turns_nothing(value: bytes) -> None:
    assert orientations_in(exif((0x0112, SHORT, 1, value))) == (1,)


@pytest.mark.parametrize("damaged", [b"", b"garbage", b"II*\0\xff\xff\xff\xff", b"MM\0*" * 9, exif(WIDTH)])
def test_a_block_without_an_orientation_turns_nothing(damaged: bytes) -> None:
    assert orientations_in(damaged) == (1,)


def test_a_further_directory_without_an_orientation_changes_nothing() -> None:
    assert orientations_in(leading_to(directory(WIDTH), TURNED)) == (6,)


def test_of_very_many_directories_any_orientation_is_judged() -> None:
    places = [(0x8769, LONG, 1, struct.pack("<I", place)) for place in range(8, 5008)]
    assert orientations_in(exif(*places)) == tuple(range(1, 9))
