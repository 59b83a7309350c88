"""What is decoded of a HEIF file to show its still."""

from collections.abc import Sequence
from dataclasses import dataclass

from moderate.images.colours.avif_boxes import Said
from moderate.images.heif.hevc_parameters import Layout
from moderate.images.heif.transformations import Area
from moderate.images.limits import area

# In how many pixels' time a decoder starts and ends, and how many times longer a large picture takes for each pixel.
_START = 8192
_IN_CACHE = 1 << 20
_BEYOND_CACHE = 1.3
_WHOLE_RANGE = 0x80
_MATRIX = slice(8, 10)
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """One picture as a decoder takes it."""

    layout: Layout
    parameters: Sequence[bytes]
    parts: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Plane:
    """A picture, or its alpha channel: one coded picture or a grid of them, row by row."""

    size: Size
    columns: int
    tiles: Sequence[CodedPicture]


@dataclass(frozen=True, slots=True)
class Still:
    colours: Plane
    alpha: Plane | None
    cropped: Area | None
    """Left, top, right and bottom of what is shown."""
    orientations: Sequence[int]
    """By EXIF's numbers, in which viewers may turn it."""
    numbers: bytes
    """What the file's box of colours says by number, which decides how the stream is decoded; often nothing."""
    said: Said

    @property
    def is_plain(self) -> bool:
        return all(tile.layout.is_plain for tile in self._tiles)

    @property
    def is_grey(self) -> bool:
        return not self._in_stream.chroma

    @property
    def ranges(self) -> tuple[bool, bool]:
        """Whether levels range from 0 to 255, as boxes say and as the stream does; otherwise they do from 16 to 235."""
        in_stream = self._in_stream.colours.whole_range
        return bool(self.numbers[-1] & _WHOLE_RANGE) if self.numbers else in_stream, in_stream

    @property
    def matrix(self) -> int:
        """ITU-T H.273's number, as a box says or else the stream."""
        return int.from_bytes(self.numbers[_MATRIX]) if self.numbers else self._in_stream.colours.matrix

    @property
    def pixels(self) -> int:
        """As many of small tiles as could be decoded in the time that all take."""
        return sum(_work(area(tile.layout.coded)) for tile in self._tiles)

    @property
    def bytes(self) -> int:
        return sum(len(part) for tile in self._tiles for part in tile.parts)

    @property
    def _in_stream(self) -> Layout:
        return self.colours.tiles[0].layout

    @property
    def _tiles(self) -> Sequence[CodedPicture]:
        return [*self.colours.tiles, *(self.alpha.tiles if self.alpha else ())]


def _work(pixels: int) -> int:
    return _START + round(pixels * (_BEYOND_CACHE if pixels > _IN_CACHE else 1))
