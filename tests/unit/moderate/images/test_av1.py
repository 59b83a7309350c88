"""The sequence header of an AV1 stream is read to its colours, whatever stands before them."""

import pytest

from moderate.images.av1 import Layout, Numbers, headers

NAMED = [(1, 1), (9, 8), (16, 8), (9, 8)]
"""That colours are named, and primaries, transfer function and matrix, each with its number of bits."""
STILL = [(0, 3), (1, 1), (1, 1), (0, 5), (5, 4), (5, 4), (63, 6), (63, 6), (0, 3), (0, 3), (0, 1), (0, 1)]
TICKS, MOST_TICKS = (0b001_11, 5), (0, 32)
TIMING = [(1, 1), (1, 32), (25, 32), (1, 1), TICKS, (1, 1), (9, 5), (1, 32), (9, 5), (9, 5)]
POINT = [(0, 12), (8, 5), (1, 1), (1, 1), (0, 21), (1, 1), (0, 4)]
FILM = [
    *[(0, 3), (0, 1), (0, 1)],
    *TIMING,
    *[(1, 1), (1, 5), *POINT, *POINT],
    *[(5, 4), (5, 4), (63, 6), (63, 6), (1, 1), (0, 7), (0, 3), (0, 4)],
    *[(1, 1), (0, 2), (0, 1), (1, 1), (0, 1), (0, 1), (7, 3), (0, 3), (0, 1), (0, 1)],
]
PLAIN_FILM = [
    *[(0, 3), (0, 1), (0, 1), (0, 1), (0, 1), (0, 5), (0, 12), (4, 5)],
    *[(5, 4), (5, 4), (63, 6), (63, 6), (0, 1), (0, 3), (0, 4), (0, 1), (1, 1), (1, 1), (0, 3), (0, 1), (0, 1)],
]
IN_TWELVE_BITS = [(2, 3), *STILL[1:-2], (1, 1), (1, 1), (0, 1)]
WITH_BOTH_CHROMAS = [(1, 3), *STILL[1:-1]]


def colours_in(stream: bytes) -> list[Numbers]:
    return [header.colours for header in headers(stream)]


def unit(fields: list[tuple[int, int]], kind: int = 1, *, extended: bool = False) -> bytes:
    bits = "".join(f"{value:0{length}b}" for value, length in fields) + "1"
    padded = bits.ljust(-(-len(bits) // 8) * 8, "0")
    body = bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8))
    return bytes([kind << 3 | extended << 2 | 2, *([0] if extended else []), len(body)]) + body


HEADERS = {
    "of a still": STILL,
    "of a film": FILM,
    "of a film with the largest number": [MOST_TICKS if field == TICKS else field for field in FILM],
    "of a plain film": PLAIN_FILM,
    "in 12 bits": IN_TWELVE_BITS,
    "with both chromas": WITH_BOTH_CHROMAS,
}


@pytest.mark.parametrize("name", HEADERS)
def test_colours_are_found_in_a_header(name: str) -> None:
    stream = unit([], kind=2) + unit([*HEADERS[name], *NAMED], extended=name == "in 12 bits")
    assert colours_in(stream) == [Numbers(9, 16, 9, whole_range=True)]
    assert colours_in(unit([*HEADERS[name], (0, 1), (0, 1)])) == [Numbers()]


def test_a_header_says_how_its_pictures_are_laid_out() -> None:
    found = {name: next(headers(unit([*fields, *NAMED]))).layout for name, fields in HEADERS.items()}
    assert found["of a still"] == Layout(profile=0, many_bits=0, monochrome=0)
    assert found["in 12 bits"] == Layout(profile=2, many_bits=1, monochrome=0)
    assert found["with both chromas"] == Layout(profile=1, many_bits=0, monochrome=0)
    assert next(headers(unit([*STILL[:-1], (1, 1), *NAMED]))).layout.monochrome


def test_rgb_that_is_stored_as_it_is_has_the_whole_range() -> None:
    assert colours_in(unit([*STILL, (1, 1), (1, 8), (13, 8), (0, 8)])) == [Numbers(1, 13, 0, whole_range=True)]


def test_a_unit_may_be_long_or_without_a_length() -> None:
    padding = bytes([15 << 3 | 2, 0x80, 0x02]) + bytes(256)
    whole = unit([*STILL, *NAMED])
    assert colours_in(padding + bytes([whole[0] & ~2]) + whole[2:]) == [Numbers(9, 16, 9, whole_range=True)]


@pytest.mark.parametrize("stream", [b"", b"\x0a", b"\x0a\xff", b"\x0a\x05\x18", bytes(1000), b"\xff" * 1000])
def test_what_is_no_header_names_no_colours(stream: bytes) -> None:
    assert not colours_in(stream)


def test_a_stream_of_nothing_but_small_units_is_not_read_to_its_end() -> None:
    assert not colours_in(bytes([2 << 3 | 2, 0]) * 200 + unit([*STILL, *NAMED]))
