"""The parameter sets of HEVC (ITU-T H.265, 7.3.2), which say how a picture is coded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from moderate.images.av1 import Bits, Numbers
from moderate.images.limits import BrokenRule

HEADER = 2
"""How many bytes each part of a stream begins with."""
BITS = 8
# Main, Main 10, Main Still Picture and the format range extensions, which every decoder of photos knows.
_PROFILES = range(1, 5)
_MOST_ZEROS, _STATED_RATIO = 31, 255
_CHROMA_OF = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}
_FEW_COLOURS, _ALL_COLOURS = (0, 1), 3
_MOST_SETS, _MOST_REFERENCES = 64, 32


class UnusableHevc(BrokenRule):
    """The stream is damaged, or is no single whole picture."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a sequence parameter set says about a picture."""

    coded: tuple[int, int]
    """How many pixels are decoded, across and down."""
    size: tuple[int, int]
    """How many of them are shown."""
    chroma: int
    """0 for greys, 1 for 4:2:0, 2 for 4:2:2, 3 for 4:4:4."""
    bits: int
    colours: Numbers

    @property
    def is_plain(self) -> bool:
        """Whether it has 8 bits, and a quarter of its pixels have colours, or none."""
        return self.bits == BITS and self.chroma in _FEW_COLOURS


class _Fields(Bits):
    def number(self, most: int = 1 << 16) -> int:
        """Returns a number of any length. Raises UnusableHevc if it is larger than `most`."""
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > _MOST_ZEROS:
                raise UnusableHevc("an endless number")
        value = (1 << zeros) - 1 + self.read(zeros)
        if value > most:
            raise UnusableHevc("a number too large")
        return value

    def skip(self, *counts: int) -> None:
        self.position += sum(counts)

    def skip_numbers(self, count: int) -> None:
        for _ in range(count):
            self.number(1 << 31)


def picture_set(unit: bytes) -> int:
    """Returns the number of a picture parameter set."""
    return _fields(unit).number(_MOST_SETS)


def layout(unit: bytes) -> Layout:
    """Returns what a sequence parameter set says. Raises UnusableHevc and IndexError."""
    fields = _fields(unit)
    fields.skip(4)
    layers = fields.read(3)
    fields.skip(1)
    _check_profile(fields, layers)
    fields.number()
    chroma = fields.number(_ALL_COLOURS)
    if chroma == _ALL_COLOURS and fields.read(1):
        raise UnusableHevc("planes of colour that are coded apart")
    coded = fields.number(), fields.number()
    across, down = _CHROMA_OF[chroma]
    left, right, top, bottom = [fields.number() for _ in range(4)] if fields.read(1) else [0] * 4
    size = coded[0] - across * (left + right), coded[1] - down * (top + bottom)
    if min(size) <= 0:
        raise UnusableHevc("a picture without pixels")
    bits = BITS + fields.number(8)
    if bits != BITS + fields.number(8):
        raise UnusableHevc("colours of another depth than brightness")
    _skip_tools(fields, layers)
    return Layout(coded, size, chroma, bits, _colours(fields))


def _fields(unit: bytes) -> _Fields:
    return _Fields(unit[HEADER:].replace(b"\0\0\3", b"\0\0"))


def _check_profile(fields: _Fields, layers: int) -> None:
    fields.skip(3)
    profile = fields.read(5)
    if profile not in _PROFILES:
        raise UnusableHevc("a profile that few decoders know")
    fields.skip(80, 8)
    present = [(fields.read(1), fields.read(1)) for _ in range(layers)]
    fields.skip(2 * (8 - layers) if layers else 0)
    for has_profile, has_level in present:
        fields.skip(88 * has_profile, 8 * has_level)


def _skip_tools(fields: _Fields, layers: int) -> None:
    order_bits = fields.number(12) + 4
    fields.skip_numbers(3 * (layers + 1 if fields.read(1) else 1) + 6)
    if fields.read(1) and fields.read(1):
        _skip_scaling(fields)
    fields.skip(2)
    if fields.read(1):
        fields.skip(8)
        fields.skip_numbers(2)
        fields.skip(1)
    _skip_references(fields)
    if fields.read(1):
        fields.skip((order_bits + 1) * fields.number(_MOST_REFERENCES))
    fields.skip(2)


def _skip_scaling(fields: _Fields) -> None:
    for size in range(4):
        for _ in range(0, 6, 3 if size == _ALL_COLOURS else 1):
            if fields.read(1):
                fields.skip_numbers(min(64, 1 << 4 + 2 * size) + (size > 1))
            else:
                fields.skip_numbers(1)


def _skip_references(fields: _Fields) -> None:
    """Skips the sets of pictures that others refer to, each of which may be stated by the one before it."""
    before: Sequence[int] = ()
    for place in range(fields.number(_MOST_SETS)):
        if place and fields.read(1):
            sign = -1 if fields.read(1) else 1
            apart = sign * (fields.number(1 << 15) + 1)
            kept = [fields.read(1) or fields.read(1) for _ in range(len(before) + 1)]
            moved = [*(order + apart for order in before), apart]
            before = [order for order, is_kept in zip(moved, kept, strict=True) if is_kept and order]
        else:
            earlier, later = fields.number(_MOST_REFERENCES), fields.number(_MOST_REFERENCES)
            before = [*_orders(fields, -1, earlier), *_orders(fields, 1, later)]


def _orders(fields: _Fields, sign: int, count: int) -> Iterator[int]:
    order = 0
    for _ in range(count):
        order += sign * (fields.number(1 << 15) + 1)
        fields.skip(1)
        yield order


def _colours(fields: _Fields) -> Numbers:
    if not fields.read(1):
        return Numbers()
    if fields.read(1) and fields.read(8) == _STATED_RATIO:
        fields.skip(32)
    if fields.read(1):
        fields.skip(1)
    if not fields.read(1):
        return Numbers()
    fields.skip(3)
    whole_range = bool(fields.read(1))
    named = (fields.read(8), fields.read(8), fields.read(8)) if fields.read(1) else Numbers()[:3]
    return Numbers(*named, whole_range)
