"""What a HEIF file shows (ISO/IEC 23008-12): which coded pictures, put together how, cropped and turned how."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from moderate.images import av1, hevc
from moderate.images.boxes import Box, Data, Items, boxes
from moderate.images.colours.avif_boxes import Said, is_alpha
from moderate.images.heif_transformations import Area, transformations, transformed
from moderate.images.limits import BrokenRule, UnsupportedFormat, area

_CODED, _GRID = b"hvc1", b"grid"
# Enough for the largest picture that may be decoded, in tiles of 128 pixels a side.
_MOST_TILES = 2000
# Phones write one, and another for alpha. Each takes as long to read as a small tile to decode.
_MOST_CONFIGURATIONS = 16
# In how many pixels' time a decoder starts and ends, and how many times longer a large picture takes for each pixel.
_START = 8192
_IN_CACHE = 1 << 20
_BEYOND_CACHE = 1.3
_LONGEST_PROPERTY = 1 << 16
_AFTER_VERSION = 4
_LENGTH_OF_NUMBERS = 11
_WIDE_NUMBERS = 1
_WHOLE_RANGE = 0x80
_OTHERS = {
    b"av01": "a picture in AV1",
    b"avc1": "a picture in AVC",
    b"jpeg": "a picture in JPEG",
    b"j2k1": "a picture in JPEG 2000",
    b"vvc1": "a picture in VVC",
    b"unci": "a picture that is not compressed",
    b"iden": "a picture that is derived from another",
    b"iovl": "pictures that lie on top of each other",
}
_OTHER = "a picture of a kind that not all viewers know"
_SEQUENCE = (
    "This is a HEIF image sequence. Only still pictures are accepted in HEIC. Send one of its pictures as a still, "
    "or the animation as GIF, APNG, WebP or AVIF."
)
Size = tuple[int, int]


class UnusableHeif(BrokenRule):
    """The file is damaged, or viewers may not show it alike."""


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """One picture as a decoder takes it."""

    layout: hevc.Layout
    configuration: bytes
    stream: bytes


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
    orientation: int
    """By EXIF's numbers."""
    numbers: bytes
    """What the file's box of colours says by number, which decides how the stream is decoded; often nothing."""
    said: Said

    @property
    def is_plain(self) -> bool:
        return all(tile.layout.is_plain for tile in self._tiles)

    @property
    def is_grey_of_part_range(self) -> bool:
        """Whether it has no colours, and its levels range from 16 to 235."""
        layout = self.colours.tiles[0].layout
        has_whole_range = bool(self.numbers[-1] & _WHOLE_RANGE) if self.numbers else layout.colours.whole_range
        return not (layout.chroma or has_whole_range)

    @property
    def pixels(self) -> int:
        """As many of small tiles as could be decoded in the time that all take."""
        return sum(_work(area(tile.layout.coded)) for tile in self._tiles)

    @property
    def bytes(self) -> int:
        return sum(len(tile.stream) for tile in self._tiles)

    @property
    def _tiles(self) -> Sequence[CodedPicture]:
        return [*self.colours.tiles, *(self.alpha.tiles if self.alpha else ())]


def read(data: Data) -> Still:
    """Raises UnsupportedFormat and BrokenRule; IndexError and struct.error on damaged files."""
    if any(kind == b"moov" for kind, _ in boxes(data)):
        raise UnsupportedFormat(_SEQUENCE)
    return _Reader(data).read()


class _Reader:
    def __init__(self, data: Data) -> None:
        self._items = Items(data)
        self._kinds = self._items.kinds()
        self._properties = self._items.properties()
        self._configurations: dict[bytes, hevc.Configuration] = {}
        self._coded_pictures: dict[int, CodedPicture] = {}
        self._tiles_left = _MOST_TILES
        self._bytes_left = len(data)

    def read(self) -> Still:
        primary, *tiles = self._items.shown()
        if any(owner == primary for way in (b"thmb", b"auxl") for owner, _ in self._items.references(way)):
            raise UnusableHeif("a picture that belongs to another, which some viewers show instead")
        held = self._held(primary)
        colours, alpha = self._plane(primary), self._alpha(primary)
        cropped, orientation = transformed(held, colours.size)
        said = _said(held, [self._held(tile) for tile in tiles], colours.tiles[0].layout.colours)
        numbers = {
            content[:_LENGTH_OF_NUMBERS]
            for kind, content in said.properties
            if kind == b"colr" and content[:4] == b"nclx"
        }
        if len(numbers) > 1:
            raise UnusableHeif("numbers of colours that contradict each other")
        return Still(colours, alpha, cropped, orientation, b"".join(map(bytes, numbers)), said)

    def _alpha(self, primary: int) -> Plane | None:
        if any(True for _ in self._items.references(b"prem")):
            raise UnusableHeif("colours that are multiplied by their alpha")
        shown = {primary, *self._items.referred(b"dimg", primary)}
        alphas = [
            (item, owners)
            for item, owners in self._items.references(b"auxl")
            if not shown.isdisjoint(owners) and is_alpha(self._held(item))
        ]
        if any(primary not in owners for _, owners in alphas):
            raise UnusableHeif("tiles with an alpha channel of their own")
        found = {item for item, _ in alphas}
        if len(found) > 1:
            raise UnusableHeif("two alpha channels")
        if any(transformations(self._held(item)) != transformations(self._held(primary)) for item in found):
            raise UnusableHeif("a picture that is turned or cropped without its alpha")
        return next(map(self._plane, found), None)

    def _plane(self, item: int) -> Plane:
        if self._kinds.get(item) != _GRID:
            tile = self._coded(item)
            return Plane(tile.layout.size, 1, [tile])
        size, columns, rows = _grid(self._items.content(item))
        if size != _extent(self._held(item)):
            raise UnusableHeif("a grid of another size than it says")
        numbers = list(self._items.referred(b"dimg", item))
        if len(numbers) != columns * rows:
            raise UnusableHeif("a grid of other tiles than it says")
        if any(transformations(self._held(number)) for number in numbers):
            raise UnusableHeif("tiles that are turned or cropped")
        self._tiles_left -= len(numbers)
        if self._tiles_left < 0:
            raise UnusableHeif("too many tiles")
        tiles = [self._coded(number) for number in numbers]
        if len({tile.layout for tile in tiles}) > 1:
            raise UnusableHeif("tiles that differ")
        width, height = tiles[0].layout.size
        if not (width * (columns - 1) < size[0] <= width * columns and height * (rows - 1) < size[1] <= height * rows):
            raise UnusableHeif("tiles that do not cover their grid")
        return Plane(size, columns, tiles)

    def _coded(self, item: int) -> CodedPicture:
        if item not in self._kinds:
            raise UnusableHeif("a picture that is not there")
        kind = self._kinds[item]
        if kind != _CODED:
            raise UnsupportedFormat(
                f"This HEIF file shows {_OTHERS.get(kind, _OTHER)}. Accepted are pictures in HEVC (HEIC), alone or in "
                "a grid. Export it again as HEIC, JPEG or PNG."
            )
        if item not in self._coded_pictures:
            held = self._held(item)
            configuration = self._configuration(_only(held, b"hvcC"))
            if _extent(held) != configuration.layout.size:
                raise UnusableHeif("a picture of another size than it says")
            content = self._items.content(item)
            self._bytes_left -= len(content)
            if self._bytes_left < 0:
                raise UnusableHeif("pictures that share their bytes")
            stream = hevc.picture_in(content, configuration)
            self._coded_pictures[item] = CodedPicture(configuration.layout, configuration.box, stream)
        return self._coded_pictures[item]

    def _configuration(self, box: bytes) -> hevc.Configuration:
        if box not in self._configurations:
            if len(self._configurations) == _MOST_CONFIGURATIONS:
                raise UnusableHeif("too many configurations")
            self._configurations[box] = hevc.read_configuration(box)
        return self._configurations[box]

    def _held(self, item: int) -> Sequence[Box]:
        return self._properties.get(item, ())


def _said(held: Sequence[Box], of_tiles: Sequence[Sequence[Box]], in_stream: av1.Numbers) -> Said:
    """Returns what boxes of the picture and its first tile say, and the stream of that."""
    colours = [[(kind, bytes(content)) for kind, content in each if kind == b"colr"] for each in (held, *of_tiles)]
    peaks = [(kind, bytes(content)) for kind, content in held if kind == b"clli"]
    return Said(
        list(dict.fromkeys([*chain.from_iterable(colours), *peaks])),
        [av1.Header(av1.Layout(0, 0, 0), in_stream)],
        agrees=len({tuple(each) for each in colours if each}) <= 1,
        is_animated=False,
        is_turned_in_part=False,
    )


def _work(pixels: int) -> int:
    return _START + round(pixels * (_BEYOND_CACHE if pixels > _IN_CACHE else 1))


def _grid(content: bytes) -> tuple[Size, int, int]:
    """Returns the size of the whole, and how many columns and rows it has."""
    wide = content[1] & _WIDE_NUMBERS
    width, height = struct.unpack_from(">II" if wide else ">HH", content, 4)
    if not (width and height):
        raise UnusableHeif("a grid without pixels")
    return (width, height), content[3] + 1, content[2] + 1


def _extent(held: Sequence[Box]) -> Size:
    width, height = struct.unpack_from(">II", _only(held, b"ispe"), _AFTER_VERSION)
    return width, height


def _only(held: Sequence[Box], kind: bytes) -> bytes:
    found = [content for name, content in held if name == kind]
    if len(found) != 1 or len(found[0]) > _LONGEST_PROPERTY:
        raise UnusableHeif(f"not exactly one box {kind.decode()} of a usual size")
    return bytes(found[0])
