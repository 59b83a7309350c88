"""The colour tables of ICC profiles, looked up as browsers do: all corners of the cell that a colour lies in are mixed.

Little CMS mixes four of eight corners, which makes another colour where a table is coarse or rough, and it smooths the
curves around a table. So Pillow applies curves and looks up tables of three channels, and Little CMS is given what
comes after; a table of inks is made finer for it. ICC.1:2022 has the layout.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod

from PIL import Image, ImageFilter

from moderate.images.colours.curves import Curve, Tag, UnusableColours, from_icc, from_points, to_icc

_COLOURS = 3
_CHANNELS = (1, 3, 4)
_KINDS = (b"mft1", b"mft2", b"mAB ")
_BEFORE_BYTES, _BEFORE_WORDS = 48, 52
_BEFORE_CURVES, _BEFORE_SIZES, _BEFORE_NODES = 32, 16, 20
_BYTE, _WORD = 255, 65_535
_MATRIX = slice(12, 48)
_IDENTITY = struct.pack(">9i", *(65_536 * (index % 4 == 0) for index in range(9)))
# The early tables of 16 bits have the ends of Lab at 65,280; the late ones have them at 65,535.
_EARLY_LAB = 65_535 / 65_280
_MOST_NODES = 65
# A table of inks with no more nodes than this along a channel is made finer, to so many steps or a few more.
_COARSE, _STEPS = 5, 8
# Of all numbers in such a table, so that it takes a moment at most.
_MOST_REFINED = 200_000
_STEEPEST = 16 / 255
# In 65,536ths, as a matrix has its numbers.
_ONE, _ROUNDING = 65_536, 256


@dataclass(frozen=True, slots=True)
class Table:
    inputs: tuple[Curve, ...]
    """What becomes of each channel's levels before they are looked up."""
    sizes: tuple[int, ...]
    """How many nodes there are along each channel; along the last, neighbours stand next to each other."""
    nodes: bytes
    """Three numbers for each node, of one or two bytes."""
    width: int
    """In bytes, of a number."""
    outputs: tuple[Curve, ...]
    """What becomes of each of the three numbers."""
    matrix: bytes = b""
    """What mixes them then, in ICC's way; if empty, nothing does."""
    last: tuple[Curve, ...] = ()
    """What becomes of each number last, if they are mixed."""

    def without_black(self) -> "Table":
        """Returns what a table of four inks makes of red, green and blue, each of which is what an ink leaves."""
        numbers, size = self._numbers(), self.sizes[-1]
        place = self.inputs[-1][0] * (size - 1)
        before = min(int(place), size - 2)
        nodes: list[int] = []
        for start in range(0, len(numbers), size * _COLOURS):
            here, there = (numbers[start + _COLOURS * node :][:_COLOURS] for node in (before, before + 1))
            nodes += [round(a + (place - before) * (b - a)) for a, b in zip(here, there, strict=True)]
        return replace(
            self,
            inputs=tuple(curve[::-1] for curve in self.inputs[:-1]),
            sizes=self.sizes[:-1],
            nodes=struct.pack(f">{len(nodes)}{'BH'[self.width - 1]}", *nodes),
        )

    @property
    def rest(self) -> bytes:
        """What comes after `outputs`, as a tag (lutAToBType)."""
        return self._tag(_COLOURS, b"", b"", self._identity(_COLOURS))

    def looking_up(self) -> Callable[[Image.Image], Image.Image]:
        """Returns what makes of a picture in RGB what `rest` takes, and applies the first curves to any other."""
        before, after = _levels(self.inputs), _levels(self.outputs)
        if len(self.sizes) != _COLOURS:
            return lambda picture: picture.point(before)
        one, two, three = reversed(self.sizes)
        white = _BYTE if self.width == 1 else _WORD
        table = ImageFilter.Color3DLUT((one, two, three), [number / white for number in self._numbers()])

        def look_up(picture: Image.Image) -> Image.Image:
            # Pillow has the first channel's neighbours next to each other.
            turned = Image.merge("RGB", picture.point(before).split()[::-1])
            return turned.filter(table).point(after)

        return look_up

    def finer(self) -> bytes:
        """Returns all but `inputs` as a tag (lutAToBType), with more nodes if there are few. Raises UnusableColours."""
        sizes: Sequence[int] = self.sizes
        width, content = self.width, self.nodes
        if min(sizes) <= _COARSE:
            sizes, width, content = self._refined()
        nodes = bytes(sizes).ljust(_BEFORE_SIZES, b"\0") + bytes([width, 0, 0, 0]) + content
        return self._tag(len(sizes), self._identity(len(sizes)), nodes + bytes(-len(nodes) % 4), _curves(self.outputs))

    def _refined(self) -> tuple[Sequence[int], int, bytes]:
        numbers: Sequence[float] = self._numbers()
        factor = 1 if self.width > 1 else _WORD / _BYTE
        sizes = list(self.sizes)
        for axis, size in enumerate(sizes):
            if size <= _COARSE:
                numbers, sizes[axis] = _with_more_nodes(numbers, size, prod(sizes[axis + 1 :]) * _COLOURS)
                if len(numbers) > _MOST_REFINED:
                    raise UnusableColours("a table of many nodes that is coarse all the same")
        return sizes, 2, struct.pack(f">{len(numbers)}H", *(round(number * factor) for number in numbers))

    def _tag(self, channels: int, first: bytes, nodes: bytes, outputs: bytes) -> bytes:
        """Returns a tag: where each of its parts is, and the parts. What mixes the numbers is in all of them."""
        last = _curves(self.last) if self.matrix else outputs
        parts = [last, self.matrix, outputs if self.matrix else b"", nodes, first]
        places, at = [], _BEFORE_CURVES
        for part in parts:
            places.append(at if part else 0)
            at += len(part)
        return b"mAB \0\0\0\0" + bytes([channels, _COLOURS, 0, 0]) + struct.pack(">5I", *places) + b"".join(parts)

    @staticmethod
    def _identity(channels: int) -> bytes:
        return to_icc((0.0, 1.0)) * channels

    def _numbers(self) -> Sequence[int]:
        return struct.unpack(f">{len(self.nodes) // self.width}{'BH'[self.width - 1]}", self.nodes)


def read(tag: Tag) -> Table | None:
    """Returns the table of a tag; None for one that viewers pass over. Raises UnusableColours."""
    if len(tag) < _BEFORE_WORDS or tag[8] not in _CHANNELS or tag[9] != _COLOURS or tag[:4] not in _KINDS:
        return None
    try:
        table = _late(tag, tag[8]) if tag[:4] == b"mAB " else _early(tag, tag[8])
    except (struct.error, IndexError):
        return None
    # What is looked up is rounded to a level.
    if table and any(
        abs(there - here) > _STEEPEST for curve in (*table.outputs, *table.last) for here, there in pairwise(curve)
    ):
        raise UnusableColours("a steep curve behind a table")
    return table


def _early(tag: Tag, channels: int) -> Table | None:
    """Reads a table that has curves before and after its nodes, all of bytes or all of words."""
    size = tag[10]
    width, start, before, after, scale = 1, _BEFORE_BYTES, 256, 256, 1.0
    if tag[:4] == b"mft2":
        width, start, scale = 2, _BEFORE_WORDS, _EARLY_LAB
        before, after = struct.unpack_from(">HH", tag, 48)
    if min(size, before, after) <= 1:
        return None
    if tag[_MATRIX] != _IDENTITY:
        # Firefox mixes the levels by it, though it is for those of XYZ.
        raise UnusableColours("a matrix before a table")
    _check_sizes((size,) * channels)
    middle = start + width * before * channels
    end = middle + width * size**channels * _COLOURS
    white, kind = (_BYTE, "B") if width == 1 else (_WORD, "H")

    def curves(count: int, length: int, position: int, scale: float) -> tuple[Curve, ...]:
        found = struct.unpack_from(f">{count * length}{kind}", tag, position)
        points = [min(1.0, scale * number / white) for number in found]
        return tuple(from_points(points[at : at + length]) for at in range(0, len(points), length))

    return Table(
        inputs=curves(channels, before, start, 1.0),
        sizes=(size,) * channels,
        nodes=bytes(tag[middle:end]),
        width=width,
        outputs=curves(_COLOURS, after, end, scale),
    )


def _late(tag: Tag, channels: int) -> Table | None:
    """Reads a table of which each part stands where the tag says."""
    last, matrix, middle, nodes, first = struct.unpack_from(">5I", tag, 12)
    if not last or (first and not nodes):
        return None
    if not first or (middle and not matrix):
        # Chromium rejects some of these, Firefox none.
        raise UnusableColours("a table without all of its parts")
    sizes, width = tuple(tag[nodes : nodes + channels]), tag[nodes + _BEFORE_SIZES]
    if min(sizes) <= 1 or width not in (1, 2):
        return None
    _check_sizes(sizes)
    start = nodes + _BEFORE_NODES
    numbers = bytes(tag[start : start + width * prod(sizes) * _COLOURS])
    curves = [
        _curves_at(tag, place, count) for place, count in ((first, channels), (middle, _COLOURS), (last, _COLOURS))
    ]
    if len(numbers) < width * prod(sizes) * _COLOURS or not (curves[0] and curves[2]):
        return None
    if not middle:
        return Table(curves[0], sizes, numbers, width, curves[2])
    if not _stays_within(struct.unpack_from(">12i", tag, matrix)):
        # Firefox cuts the numbers off at both ends, and Chromium does not.
        raise UnusableColours("a matrix behind a table that leads beyond its ends")
    return Table(curves[0], sizes, numbers, width, curves[1], bytes(tag[matrix : matrix + 48]), curves[2])


def _stays_within(matrix: Sequence[int]) -> bool:
    """Whether a matrix makes numbers from 0 to 1 of such numbers. What it adds comes last."""
    rows = [(*matrix[3 * row : 3 * row + 3], matrix[9 + row]) for row in range(_COLOURS)]
    least, most = ([sum(pick(0, share) for share in row[:-1]) + row[-1] for row in rows] for pick in (min, max))
    return min(least) >= -_ROUNDING and max(most) <= _ONE + _ROUNDING


def _curves_at(tag: Tag, position: int, count: int) -> tuple[Curve, ...]:
    """Returns as many curves as begin there, each on a whole word; none if any is missing."""
    found: list[Curve] = []
    while position and len(found) < count:
        curve, length = from_icc(tag[position:])
        if curve is None:
            return ()
        found.append(curve)
        position += length + -length % 4
    return tuple(found)


def _check_sizes(sizes: Sequence[int]) -> None:
    if max(sizes) > _MOST_NODES:
        raise UnusableColours("a table with too many nodes")


def _curves(curves: Sequence[Curve]) -> bytes:
    return b"".join(map(to_icc, curves))


def _levels(curves: Sequence[Curve]) -> list[int]:
    return [round(_BYTE * min(1.0, max(0.0, value))) for curve in curves for value in curve]


def _with_more_nodes(numbers: Sequence[float], size: int, length: int) -> tuple[Sequence[float], int]:
    """Returns the table with more nodes along one channel, and how many.

    length: how many numbers stand between one node and the next along it.
    """
    steps = -(-_STEPS // (size - 1))
    out: list[float] = []
    for start in range(0, len(numbers), size * length):
        rows = [numbers[at : at + length] for at in range(start, start + size * length, length)]
        for row, following in pairwise(rows):
            for step in range(steps):
                out += [here + (there - here) * step / steps for here, there in zip(row, following, strict=True)]
        out += rows[-1]
    return out, (size - 1) * steps + 1
