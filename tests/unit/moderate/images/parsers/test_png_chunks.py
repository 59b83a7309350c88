"""A PNG in which browsers take different chunks, or stop at different ones, is refused."""

import struct
import zlib

import numpy as np
import pytest
from tests.helpers.crafted import COLOUR, GREY, GREYS, PALETTE, PNG_SIGNATURE, Control, apng, chunk, png

from moderate.images.decode import decode
from moderate.images.limits import UndecodableImage

SIZE = 8
LEVELS = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE))
COLOURS = np.dstack([LEVELS] * 3)
KEY = chunk(b"tRNS", struct.pack(">3H", *COLOURS[0, 0].tolist()))
PALETTE_CHUNK = chunk(b"PLTE", GREYS[: 3 * 16])
END = chunk(b"IEND")
ANIMATION = apng([(LEVELS, Control()), (LEVELS[::-1], Control()), (LEVELS.T, Control())])


def flaw(data: bytes) -> str:
    with pytest.raises(UndecodableImage) as refusal:
        decode(data, SIZE)
    return refusal.value.detail.partition(": ")[2]


@pytest.mark.parametrize(
    "data",
    [
        png(COLOURS, 8, COLOUR, chunk(b"tRNS", bytes(5)) + KEY),
        png(COLOURS, 8, COLOUR, chunk(b"tRNS", bytes(7)) + KEY),
        png(COLOURS, 8, COLOUR, chunk(b"tRNS") + KEY),
        png(LEVELS, 8, GREY, chunk(b"tRNS", b"\0") + chunk(b"tRNS", bytes(2))),
        png(LEVELS % 16, 8, PALETTE, PALETTE_CHUNK + chunk(b"tRNS") + chunk(b"tRNS", bytes(16))),
        png(LEVELS % 16, 8, PALETTE, PALETTE_CHUNK + chunk(b"tRNS", bytes(17)) + chunk(b"tRNS", b"\xff")),
    ],
    ids=["short", "long", "empty", "half a grey", "empty for a palette", "more than the palette"],
)
def test_transparency_behind_other_that_a_browser_passes_over_is_refused(data: bytes) -> None:
    assert flaw(data) == "two tRNS chunks"


@pytest.mark.parametrize("further", [chunk(b"tRNS", bytes(6)), KEY])
def test_transparency_behind_other_that_every_browser_takes_is_passed_over(further: bytes) -> None:
    assert decode(png(COLOURS, 8, COLOUR, KEY + further), SIZE) == decode(png(COLOURS, 8, COLOUR, KEY), SIZE)


@pytest.mark.parametrize("between", [chunk(b"IDAT"), chunk(bytes(4)), chunk(b"abcd")])
def test_a_chunk_between_the_control_of_a_later_frame_and_its_pixels_is_refused(between: bytes) -> None:
    """Firefox stops there and shows nothing where the frame was to be."""
    at = ANIMATION.index(b"fdAT") - 4
    assert flaw(ANIMATION[:at] + between + ANIMATION[at:]) == "something between a frame's control and its pixels"
    at = ANIMATION.index(b"IDAT") - 4
    assert decode(ANIMATION[:at] + chunk(b"tEXt", b"a\0b") + ANIMATION[at:], SIZE) == decode(ANIMATION, SIZE)


@pytest.mark.parametrize("length", [25, 27])
def test_a_control_of_another_length_is_refused(length: int) -> None:
    """Firefox goes on behind it, and then the default image is not of the animation."""
    at = ANIMATION.index(b"fcTL") - 4
    control = ANIMATION[at + 8 : at + 34].ljust(length, b"\0")[:length]
    data = ANIMATION[:at] + chunk(b"fcTL", control) + ANIMATION[at + 38 :]
    assert flaw(data) == "a frame's control of another length"


@pytest.mark.parametrize(("size", "missing"), [((32, 32), 40), ((32, 32), 6), ((64, 1), 33)])
def test_interlaced_rows_that_are_missing_are_found(size: tuple[int, int], missing: int) -> None:
    """There are more rows in passes than in a picture, and a row may have every other pixel."""
    width, height = size
    depth = 8 if height == 1 else 1
    raw = b""
    for left, top, right, down in (
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)
    ):  # fmt: skip
        columns, rows = len(range(left, width, right)), len(range(top, height, down))
        raw += rows * (b"\0" + b"\xff" * ((columns * depth + 7) // 8)) if columns else b""
    head = PNG_SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, GREY, 0, 0, 1))
    decode(head + chunk(b"IDAT", zlib.compress(raw)) + END, SIZE)
    assert flaw(head + chunk(b"IDAT", zlib.compress(raw[:-missing])) + END) == "fewer rows than announced"


def test_rows_that_are_missing_are_found_where_one_of_many_colours_is_transparent() -> None:
    """They are black, and opaque."""
    raw = SIZE // 2 * (b"\0" + b"\x7f" * 6 * SIZE)
    head = PNG_SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 16, COLOUR, 0, 0, 0))
    key = chunk(b"tRNS", struct.pack(">3H", 1, 2, 3))
    assert flaw(head + key + chunk(b"IDAT", zlib.compress(raw)) + END) == "fewer rows than announced"
