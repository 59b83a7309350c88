"""The configuration of an HEVC picture says its size and colours, wherever in it they stand."""

import random
import struct
from collections.abc import Sequence
from contextlib import suppress

import pytest
from PIL import Image
from tests.helpers.heic import coded, deep
from tests.helpers.heic import configuration as box_of

from moderate.images.av1 import Numbers
from moderate.images.heif import file as heif_file
from moderate.images.heif.hevc import picture_in, read_configuration
from moderate.images.heif.hevc_parameters import UnusableHevc

PICTURE = Image.effect_noise((62, 38), 80).convert("RGB")
VIDEO, SEQUENCE, PIXELS = 32, 33, 34
PIXELS_SET = bytes([PIXELS << 1, 1, 0x80])
SLICE = bytes([19 << 1, 1, 0x80, 7])


def bits(value: int, count: int) -> str:
    return f"{value:0{count}b}" if count else ""


def number(value: int) -> str:
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


NO_TOOLS = "0" + "00" + "0"
NO_REFERENCES = number(0)
# The ratio of a pixel, whether a picture may be cut off, and its colours.
COLOURS = (
    "1" + bits(255, 8) + bits(1, 32) + "11" + "1" + bits(5, 3) + "1" + "1" + bits(12, 8) + bits(16, 8) + bits(9, 8)
)


def parameters(
    *,
    layers: int = 0,
    tools: str = NO_TOOLS,
    references: str = NO_REFERENCES,
    colours: str = "1" + COLOURS,
    profile: int = 1,
    depth: int = 2,
) -> bytes:
    sub = "".join(["11"] * layers) + ("00" * (8 - layers) if layers else "") + bits(0, 96) * layers
    text = bits(0, 4) + bits(layers, 3) + "1" + "000" + bits(profile, 5) + bits(0, 80) + bits(93, 8) + sub
    text += number(0) + number(1) + number(64) + number(48) + "1" + number(1) + number(2) + number(0) + number(3)
    text += number(depth) + number(2) + number(4) + "1" + number(0) * 3 * (layers + 1) + number(0) * 6
    text += tools + references + "1" + number(1) + bits(0, 8) + "1" + "00" + colours
    text += "1" + "0" * (-(len(text) + 1) % 8)
    body = int(text, 2).to_bytes(len(text) // 8)
    return bytes([SEQUENCE << 1, 1]) + escaped(body)


def escaped(body: bytes) -> bytes:
    """Returns `body` with a 3 between any two zeros and what would make a start code of them."""
    found = bytearray()
    for byte in body:
        if byte <= 3 and found[-2:] == b"\0\0":
            found.append(3)
        found.append(byte)
    return bytes(found)


def configuration(*units: bytes, length: int = 4) -> bytes:
    return box_of(*units, length=length)[8:]


@pytest.mark.parametrize("chroma", [420, 422, 444])
def test_what_an_encoder_writes_is_read(chroma: int) -> None:
    layout = coded(PICTURE, chroma=chroma).layout
    assert (layout.chroma, layout.bits, layout.is_plain) == ({420: 1, 422: 2, 444: 3}[chroma], 8, chroma == 420)
    assert layout.size >= PICTURE.size
    assert heif_file.read(deep(PICTURE)).colours.tiles[0].layout.bits == 10


# Lists of 4 x 4, 8 x 8, 16 x 16 and 32 x 32: their levels, or a list that they repeat.
SCALING = ("1" + number(8) * 16 + "0" + number(1)) * 3 + ("1" + number(3) * 64) * 6
SCALING += ("1" + number(9) + number(2) * 64) * 6 + ("0" + number(1)) * 2
# Two pictures before and one after; all of them but one, and a new one; none.
THREE_SETS = number(3) + number(2) + number(1) + (number(0) + "1") * 3
THREE_SETS += "1" + "0" + number(0) + "1" + "01" + "00" + "1" + "0" + number(0) * 2


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"layers": 3},
        {"tools": "11" + SCALING + "11" + "1" + bits(0, 8) + number(0) + number(1) + "1"},
        {"references": THREE_SETS},
    ],
    ids=["nothing else", "layers", "tools", "references"],
)
def test_colours_are_found_behind_everything_else(changed: dict[str, str]) -> None:
    found = read_configuration(configuration(parameters(**changed))).layout  # type: ignore[arg-type]
    assert (found.coded, found.size, found.bits) == ((64, 48), (58, 42), 10)
    assert found.colours == Numbers(12, 16, 9, whole_range=True)


@pytest.mark.parametrize("colours", ["0", "1" + "000", "1" + "00" + "1" + bits(5, 3) + "00"])
def test_colours_may_be_left_open(colours: str) -> None:
    assert read_configuration(configuration(parameters(colours=colours))).layout.colours == Numbers()


@pytest.mark.parametrize(
    "units",
    [
        [],
        [parameters(), parameters()],
        [parameters(profile=9)],
        [parameters(depth=1)],
        [parameters() + bytes(5000)],
        [parameters()[:20]],
        [parameters(references=number(65))],
        [bytes([SEQUENCE << 1, 1]) + bytes(40)],
        [parameters(), SLICE],
        [parameters(), PIXELS_SET, PIXELS_SET + b"\1"],
    ],
)
def test_other_configurations_are_refused(units: Sequence[bytes]) -> None:
    with pytest.raises((UnusableHevc, IndexError)):
        read_configuration(configuration(*units))


@pytest.mark.parametrize("length", [1, 2, 3])
def test_lengths_of_other_than_four_bytes_are_refused(length: int) -> None:
    with pytest.raises(UnusableHevc):
        read_configuration(configuration(parameters(), length=length))


def test_messages_among_the_parameters_count_for_nothing() -> None:
    units = [parameters(), PIXELS_SET, bytes([39 << 1, 1, 5])]
    assert read_configuration(configuration(*reversed(units))).units == tuple(units[:2])


def test_the_picture_of_a_stream_is_what_is_decoded() -> None:
    known = read_configuration(configuration(parameters()))
    units = [
        bytes([39 << 1, 1, 5]),
        parameters(),
        bytes([19 << 1, 9, 0x80]),
        SLICE,
        bytes([19 << 1, 1, 0, 8]),
        b"\x48\1",
    ]
    stream = b"".join(struct.pack(">I", len(unit)) + unit for unit in units)
    assert picture_in(stream, known) == [SLICE, units[4]]


@pytest.mark.parametrize(
    "units",
    [
        [],
        [SLICE, SLICE],
        [bytes([19 << 1, 1, 0, 8])],
        [bytes([1 << 1, 1, 0x80])],
        [parameters(layers=1), SLICE],
        [SLICE, b"\x48"],
    ],
    ids=["none", "two", "the end of one", "one that needs another", "other parameters", "less than a header"],
)
def test_other_streams_are_refused(units: Sequence[bytes]) -> None:
    known = read_configuration(configuration(parameters()))
    with pytest.raises(UnusableHevc):
        picture_in(b"".join(struct.pack(">I", len(unit)) + unit for unit in units), known)


def test_random_parameters_are_read_or_refused() -> None:
    chance = random.Random(0)
    whole = parameters(layers=2, tools="11" + SCALING + "110")
    for _ in range(3000):
        changed = bytearray(whole)
        for _ in range(chance.choice([1, 3, 30])):
            changed[chance.randrange(2, len(changed))] = chance.randrange(256)
        with suppress(UnusableHevc, IndexError):
            assert min(read_configuration(configuration(bytes(changed))).layout.size) > 0
