"""The sequence header of an AV1 stream, which names the stream's colours (AV1 bitstream specification, 5.5)."""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

UNSPECIFIED = 2
_SEQUENCE_HEADER = 1
# A picture has one header, which comes before its pixels.
_MOST_UNITS = 100
_HAS_EXTENSION, _HAS_SIZE = 0x04, 0x02
_IN_TWELVE_BITS, _WITH_BOTH_CHROMAS = 2, 1
_ANY = 2
_FIRST_LEVEL_WITH_TIERS = 8
# Decoders take so many for the largest number, and the next bit for what follows it.
_MOST_ZEROS = 32


class Bits:
    """Reads bits from the most significant on. Raises IndexError behind the last."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = data
        self.position = 0

    def read(self, count: int) -> int:
        value = 0
        for _ in range(count):
            byte, bit = divmod(self.position, 8)
            value = value << 1 | self._data[byte] >> 7 - bit & 1
            self.position += 1
        return value


class Layout(NamedTuple):
    """What a file's boxes repeat of the header."""

    profile: int
    many_bits: int
    monochrome: int


class Numbers(NamedTuple):
    """Colours by the numbers of ITU-T H.273."""

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    whole_range: bool = False
    """Black is 0 and white 255; otherwise they are 16 and 235."""


class Header(NamedTuple):
    layout: Layout
    colours: Numbers
    size: tuple[int, int] = (0, 0)
    """The most pixels across and down that a frame has."""


# Its range is not stated.
_SRGB = Numbers(primaries=1, transfer=13, matrix=0)


def headers(stream: bytes | memoryview) -> Iterator[Header]:
    """Yields the first headers of a stream."""
    for header in _sequence_headers(stream):
        bits = Bits(header)
        with suppress(IndexError):
            layout, size = go_to_colours(bits)
            named = Numbers(bits.read(8), bits.read(8), bits.read(8)) if bits.read(1) else Numbers()
            yield Header(layout, named._replace(whole_range=named == _SRGB or bool(bits.read(1))), size)


def _sequence_headers(stream: bytes | memoryview) -> Iterator[bytes | memoryview]:
    position = 0
    for _ in range(_MOST_UNITS):
        if position >= len(stream):
            break
        kind = stream[position]
        position += 2 if kind & _HAS_EXTENSION else 1
        size = len(stream) - position
        if kind & _HAS_SIZE:
            size, position = _number(stream, position)
        if kind >> 3 & 0xF == _SEQUENCE_HEADER:
            yield stream[position : position + size]
        position += size


def _number(stream: bytes | memoryview, position: int) -> tuple[int, int]:
    """Returns the number at `position`, 7 bits a byte from the lowest on, and where it ends."""
    value = 0
    for place, byte in enumerate(stream[position : position + 8]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:  # noqa: PLR2004 - the highest bit is set where more bytes follow
            return value, position + place + 1
    return len(stream), len(stream)


def go_to_colours(bits: Bits) -> tuple[Layout, tuple[int, int]]:
    """Reads all that stands before the bit which says whether colours are named; returns the size too, as in Header.

    Raises IndexError.
    """
    profile = bits.read(3)
    _still = bits.read(1)
    reduced = bits.read(1)
    if reduced:
        bits.read(5)
    else:
        _read_operating_points(bits, delay_bits=_read_timing(bits))
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    size = bits.read(width_bits) + 1, bits.read(height_bits) + 1
    if not reduced and bits.read(1):
        bits.read(4 + 3)
    bits.read(3)
    if not reduced:
        _read_tools(bits)
    bits.read(3)
    many_bits = bits.read(1)
    if profile == _IN_TWELVE_BITS and many_bits:
        bits.read(1)
    monochrome = bits.read(1) if profile != _WITH_BOTH_CHROMAS else 0
    return Layout(profile, many_bits, monochrome), size


def _read_timing(bits: Bits) -> int:
    """Returns how long each of a decoder's delays is, in bits; 0 where there are none."""
    if not bits.read(1):
        return 0
    bits.read(32 + 32)
    if bits.read(1):
        zeros = 0
        while zeros < _MOST_ZEROS and not bits.read(1):
            zeros += 1
        bits.read(zeros % _MOST_ZEROS)
    if not bits.read(1):
        return 0
    delay_bits = bits.read(5) + 1
    bits.read(32 + 5 + 5)
    return delay_bits


def _read_operating_points(bits: Bits, delay_bits: int) -> None:
    has_initial_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) >= _FIRST_LEVEL_WITH_TIERS:
            bits.read(1)
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if has_initial_delay and bits.read(1):
            bits.read(4)


def _read_tools(bits: Bits) -> None:
    bits.read(4)
    has_order = bits.read(1)
    if has_order:
        bits.read(2)
    forced = _ANY if bits.read(1) else bits.read(1)
    if forced and not bits.read(1):
        bits.read(1)
    if has_order:
        bits.read(3)
