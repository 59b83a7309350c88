"""Boxes are read whatever way their sizes and numbers are written in."""

import struct
from contextlib import suppress

import pytest
from tests.helpers.avif import box, full_box

from moderate.images.boxes import DamagedBoxes, Items, boxes, inside, tracks

LONG = struct.pack(">I4sQ", 1, b"long", 19) + b"abc"


def test_a_size_may_be_long_or_reach_to_the_end() -> None:
    last = struct.pack(">I4s", 0, b"last") + b"rest"
    assert list(boxes(box(b"one ", b"1") + LONG + last)) == [(b"one ", b"1"), (b"long", b"abc"), (b"last", b"rest")]


@pytest.mark.parametrize("size", [1, 4, 7])
def test_a_box_that_ends_before_it_begins_is_no_endless_loop(size: int) -> None:
    with pytest.raises(DamagedBoxes, match="before it begins"):
        list(boxes(struct.pack(">I4sQ", size, b"free", 3)))


def test_a_box_that_is_not_there_is_named() -> None:
    assert inside(box(b"moov", box(b"trak", b"1")), b"moov", b"trak") == b"1"
    with pytest.raises(DamagedBoxes, match="no box mdia"):
        inside(box(b"moov", box(b"trak", b"1")), b"moov", b"mdia")


def versioned(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    return box(kind, bytes([version]) + flags.to_bytes(3), *content)


def items(*, wide: bool) -> Items:
    """Returns those of a grid of two tiles: numbers 1, 2 and 3, with a property each."""
    number = ">I" if wide else ">H"
    one, two, three = (struct.pack(number, value) for value in (1, 2, 3))
    places = [
        one + (struct.pack(">H", 1) if wide else b"") + struct.pack(">HIHII", 0, 0, 1, 2, 3),
        two + (struct.pack(">H", 0) if wide else b"") + struct.pack(">HIHIIII", 0, 1, 2, 0, 2, 4, 2),
        three + (struct.pack(">H", 2) if wide else b"") + struct.pack(">HIHII", 0, 0, 1, 0, 2),
    ]
    uses = [(one, [1, 3]), (two, [2]), (three, [2])]
    index = ">H" if wide else ">B"
    meta = full_box(
        b"meta",
        versioned(b"pitm", wide, 0, one),
        versioned(b"iloc", 2 if wide else 0, 0, b"\x44\x40", struct.pack(number, 3), *places),
        versioned(b"iref", wide, 0, box(b"cdsc", two, b"\0\1", one), box(b"dimg", one, b"\0\2", two, three)),
        box(
            b"iprp",
            box(b"ipco", box(b"aaaa", b"1"), box(b"bbbb", b"2"), box(b"cccc", b"3")),
            versioned(
                b"ipma",
                wide,
                wide,
                struct.pack(">I", 3),
                *(
                    owner + bytes([len(held)]) + b"".join(struct.pack(index, place) for place in held)
                    for owner, held in uses
                ),
            ),
        ),
        box(b"idat", b"0123456789"),
    )
    return Items(b"\0\0\0\x10freeabcdefgh" + meta)


@pytest.mark.parametrize("wide", [False, True])
def test_a_grid_and_its_first_tile_are_shown(wide: bool) -> None:
    assert list(items(wide=wide).shown()) == [1, 2]


@pytest.mark.parametrize("wide", [False, True])
def test_each_item_has_the_properties_that_are_its_own(wide: bool) -> None:
    found = items(wide=wide)
    assert found.properties() == {1: [(b"aaaa", b"1"), (b"cccc", b"3")], 2: [(b"bbbb", b"2")], 3: [(b"bbbb", b"2")]}


def test_an_item_lies_in_the_file_or_beside_its_description() -> None:
    found = items(wide=True)
    assert found.content(1) == b"234"
    assert found.content(2) == b"\0\0re"
    assert found.content(3) == b""
    assert found.content(9) == b""


def test_a_file_without_items_shows_none() -> None:
    assert not Items(box(b"moov", b"")).shown()


@pytest.mark.parametrize("end", range(0, 300, 5))
def test_an_incomplete_description_ends_in_no_other_error(end: int) -> None:
    cut = Items(full_box(b"meta", bytes(items(wide=False)._meta[:end])))
    with suppress(DamagedBoxes, struct.error):
        cut.properties()
    with suppress(DamagedBoxes, struct.error):
        cut.content(1)
    with suppress(DamagedBoxes, struct.error):
        cut.shown()


def test_a_kind_that_is_there_twice_is_refused() -> None:
    """Decoders differ on which counts."""
    twice = box(b"moov", box(b"trak", b"1"), box(b"trak", b"2"))
    assert list(tracks(twice)) == [b"1", b"2"]
    with pytest.raises(DamagedBoxes, match="two boxes trak"):
        inside(twice, b"moov", b"trak")
    with pytest.raises(DamagedBoxes, match="two boxes moov"):
        tracks(twice + box(b"moov"))


def test_a_property_that_an_item_has_twice_is_named_once() -> None:
    uses = versioned(b"ipma", 0, 0, struct.pack(">IH", 1, 1), bytes([4, 1, 2, 1, 2]))
    described = box(b"iprp", box(b"ipco", box(b"aaaa"), box(b"bbbb")), uses)
    assert Items(full_box(b"meta", described)).properties() == {1: [(b"aaaa", b""), (b"bbbb", b"")]}
