"""What a HEIF file shows (ISO/IEC 23008-12): which coded pictures, put together how, cropped and turned how."""

import struct
from collections.abc import Iterator, Sequence
from itertools import chain

from moderate.images import av1
from moderate.images.boxes import Box, Data, Items, boxes
from moderate.images.colours.avif_boxes import Said, is_alpha
from moderate.images.exif import UPRIGHT, orientations_in
from moderate.images.heif import hevc
from moderate.images.heif.pictures import CodedPicture, Plane, Size, Still
from moderate.images.heif.transformations import transformations, transformed
from moderate.images.limits import BrokenRule, UnsupportedFormat

_CODED, _GRID = b"hvc1", b"grid"
# Enough for the largest picture that may be decoded, in tiles of 128 pixels a side.
_MOST_TILES = 2000
# Phones write one, and another for alpha. Each takes as long to read as a small tile to decode.
_MOST_CONFIGURATIONS = 16
_LONGEST_PROPERTY = 1 << 16
_AFTER_VERSION = 4
_LENGTH_OF_NUMBERS = 11
_WIDE_NUMBERS = 1
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
_SHORT_FORM = (
    "This HEIF file describes its picture in a short form that few viewers know. Export it again as HEIC, JPEG or PNG."
)
# Those of ITU-T H.273 that are alike, and what stands for none.
_USUAL_MATRICES = (2, 5, 6)


class UnusableHeif(BrokenRule):
    """The file is damaged, or viewers may not show it alike."""


def read(data: Data) -> Still:
    """Raises UnsupportedFormat and BrokenRule; IndexError and struct.error on damaged files."""
    kinds = {kind for kind, _ in boxes(data)}
    if b"moov" in kinds:
        raise UnsupportedFormat(_SEQUENCE)
    if b"mini" in kinds:
        # Where there is a usual description, too, libheif passes that over.
        raise UnsupportedFormat(_SHORT_FORM)
    return _Reader(data).read()


class _Reader:
    def __init__(self, data: Data) -> None:
        self._items = Items(data)
        self._kinds = self._items.kinds()
        self._properties = self._items.properties()
        self._described_twice = self._items.described_twice()
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
        cropped, by_boxes = transformed(held, colours.size)
        if cropped and alpha and alpha.size != colours.size:
            raise UnusableHeif("an alpha channel of another size than the picture that is cropped with it")
        said = _said(held, [self._held(tile) for tile in tiles], colours.tiles[0].layout.colours)
        numbers = {
            content[:_LENGTH_OF_NUMBERS]
            for kind, content in said.properties
            if kind == b"colr" and content[:4] == b"nclx"
        }
        if len(numbers) > 1:
            raise UnusableHeif("numbers of colours that contradict each other")
        _check_matrix(said)
        orientations = tuple(dict.fromkeys((*by_boxes, *self._by_exif(primary))))
        return Still(colours, alpha, cropped, orientations, b"".join(map(bytes, numbers)), said)

    def _by_exif(self, primary: int) -> Iterator[int]:
        """Yields how EXIF turns the picture, which macOS follows if no box turns it, and others even if one does."""
        described = dict(self._items.references(b"cdsc"))
        for item, kind in self._kinds.items():
            if kind == b"Exif" and primary in described.get(item, [primary]):
                content = self._content(item)
                start = int.from_bytes(content[:_AFTER_VERSION])
                for block in (content[_AFTER_VERSION:], content[_AFTER_VERSION + start :]):
                    yield from (turn for turn in orientations_in(block) if turn != UPRIGHT)

    def _alpha(self, primary: int) -> Plane | None:
        if any(True for _ in self._items.references(b"prem")):
            raise UnusableHeif("colours that are multiplied by their alpha")
        shown = {primary, *self._items.referred(b"dimg", primary)}
        alphas = [
            (item, owners)
            for item, owners in self._items.references(b"auxl")
            if not shown.isdisjoint(owners) and is_alpha(self._auxiliary(item))
        ]
        if any(primary not in owners for _, owners in alphas):
            raise UnusableHeif("tiles with an alpha channel of their own")
        found = {item for item, _ in alphas}
        if len(found) > 1:
            raise UnusableHeif("two alpha channels")
        if any(transformations(self._held(item)) != transformations(self._held(primary)) for item in found):
            raise UnusableHeif("a picture that is turned or cropped without its alpha")
        return next(map(self._plane, found), None)

    def _auxiliary(self, item: int) -> Sequence[Box]:
        """Returns what says what a picture beside another is."""
        content = _only(self._held(item), b"auxC")
        if b"\0" not in content[_AFTER_VERSION:]:
            raise UnusableHeif("a name without its end")
        return [(b"auxC", content)]

    def _plane(self, item: int) -> Plane:
        if self._kinds.get(item) != _GRID:
            tile = self._coded(item)
            return Plane(tile.layout.size, 1, [tile])
        size, columns, rows = _grid(self._content(item))
        if size != _extent(self._held(item)):
            raise UnusableHeif("a grid of another size than it says")
        numbers = list(self._items.referred(b"dimg", item))
        if len(numbers) != columns * rows:
            raise UnusableHeif("a grid of other tiles than it says")
        if any(transformations(self._held(number)) for number in numbers):
            raise UnusableHeif("tiles that are turned or cropped")
        if len({tuple(_colours(self._held(number))) for number in numbers}) > 1:
            raise UnusableHeif("tiles whose colours are described otherwise than others'")
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
            if any(True for _ in self._items.referred(b"pred", item)):
                raise UnusableHeif("a picture that is predicted from another")
            held = self._held(item)
            configuration = self._configuration(_only(held, b"hvcC"))
            if _extent(held) != configuration.layout.size:
                raise UnusableHeif("a picture of another size than it says")
            parts = hevc.picture_in(self._content(item), configuration)
            self._coded_pictures[item] = CodedPicture(configuration.layout, configuration.units, parts)
        return self._coded_pictures[item]

    def _content(self, item: int) -> bytes:
        if self._items.is_open_ended(item):
            # It reaches to the end of the file by the standard, and is empty for libheif.
            raise UnusableHeif("an item of no stated length")
        content = self._items.content(item)
        self._bytes_left -= len(content)
        if self._bytes_left < 0:
            raise UnusableHeif("items that share their bytes")
        return content

    def _configuration(self, box: bytes) -> hevc.Configuration:
        if box not in self._configurations:
            if len(self._configurations) == _MOST_CONFIGURATIONS:
                raise UnusableHeif("too many configurations")
            self._configurations[box] = hevc.read_configuration(box)
        return self._configurations[box]

    def _held(self, item: int) -> Sequence[Box]:
        if item in self._described_twice:
            raise UnusableHeif("properties that are listed twice")
        return self._properties.get(item, ())


def _said(held: Sequence[Box], of_tiles: Sequence[Sequence[Box]], in_stream: av1.Numbers) -> Said:
    """Returns what boxes of the picture and its first tile say, and the stream of that."""
    colours = [_colours(each) for each in (held, *of_tiles)]
    peaks = [(kind, bytes(content)) for kind, content in held if kind == b"clli"]
    return Said(
        list(dict.fromkeys([*chain.from_iterable(colours), *peaks])),
        [av1.Header(av1.Layout(0, 0, 0), in_stream)],
        agrees=len({tuple(each) for each in colours if each}) <= 1,
        is_animated=False,
        is_turned_in_part=False,
    )


def _colours(held: Sequence[Box]) -> Sequence[tuple[bytes, bytes]]:
    return [(kind, bytes(content)) for kind, content in held if kind == b"colr"]


def _check_matrix(said: Said) -> None:
    """Raises UnusableHeif if a box and the stream name other matrices: viewers follow the one or the other."""
    in_stream = said.headers[0].colours.matrix
    stated = {each.matrix for each in said.numbers()} | ({in_stream} - {av1.UNSPECIFIED})
    if len({_USUAL_MATRICES[0] if each in _USUAL_MATRICES else each for each in stated}) > 1:
        raise UnusableHeif("a matrix that boxes and the stream do not agree on")


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
