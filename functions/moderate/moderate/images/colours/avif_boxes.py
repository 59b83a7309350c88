"""What the boxes and the AV1 streams of an AVIF say about the pictures that are shown."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from moderate.images.av1 import UNSPECIFIED, Header, Layout, Numbers, headers
from moderate.images.boxes import Box, Data, Items, boxes, inside, inside_if_any, tracks
from moderate.images.colours.curves import DRAWN_BY_ALL, UnusableColours
from moderate.images.colours.descriptions import Description, Numbered
from moderate.images.colours.icc import Icc
from moderate.images.colours.spaces import BY_NUMBER
from moderate.images.colours.tone_mapping import USUAL_PEAK

# Those of ITU-T H.273 by which Chromium and Firefox decode a picture alike.
_RED_GREEN_BLUE = 0
_MATRICES = (_RED_GREEN_BLUE, 1, 2, 4, 5, 6, 9, 15)
_BEFORE_ENTRIES, _BEFORE_BOXES = 8, 78
_WHOLE_RANGE = 0x80
_PROFILES = (b"prof", b"rICC")
ALPHA_BY_ALL = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
_ALPHA = (ALPHA_BY_ALL, b"urn:mpeg:hevc:2015:auxid:1", b"urn:mpeg:avc:2015:auxid:1")
_NAME = slice(4, 5 + max(map(len, _ALPHA)))
_OFFSETS = {b"stco": ">I", b"co64": ">Q"}


@dataclass(frozen=True, slots=True)
class Said:
    properties: Sequence[Box]
    """Each of the boxes of the item that is shown, of its first tile and of the tracks, once."""
    headers: Sequence[Header]
    """The first of each AV1 stream."""
    agrees: bool
    """What says anything about colours says the same."""
    is_animated: bool
    is_turned_in_part: bool
    """Either the picture or its alpha channel is turned, or each in a way of its own."""

    def descriptions(self) -> Iterator[Description]:
        """Yields what is said about colours: in boxes, else in streams. Raises UnusableColours and struct.error."""
        peak = next((_peak(content) for kind, content in self.properties if kind == b"clli"), USUAL_PEAK)
        profiles = [
            Icc(bytes(content[4:]), peak, alone=self.agrees, is_avif=True)
            for kind, content in self.properties
            if kind == b"colr" and content[:4] in _PROFILES
        ]
        numbers = list(self.numbers())
        in_streams = dict.fromkeys(header.colours for header in self.headers)
        # Firefox takes the colours of an animation from its stream, and Chromium the matrix.
        counting = {each[:3] for each in (*numbers, *(in_streams if self.is_animated else ()))}
        if len(counting - {Numbers()[:3]}) > 1:
            raise UnusableColours("numbers that contradict each other")
        is_named = any(UNSPECIFIED not in (each.primaries, each.transfer) for each in numbers)
        if not (profiles or is_named):
            # Chromium takes all from one of the two. Firefox takes what a box leaves open from the stream.
            numbers += [_filled(each, stream) for each in numbers for stream in in_streams]
            numbers = [*dict.fromkeys((*numbers, *in_streams))]
        for each in numbers:
            _check_matrix(each)
        yield from (replace(profile, alone=profile.alone and len(profiles) == 1) for profile in profiles)
        by_box = len(numbers) == 1 and is_named and not profiles and self.agrees
        for each in numbers:
            settled = by_box and each.primaries in BY_NUMBER and each.transfer in DRAWN_BY_ALL
            yield Numbered(each.primaries, each.transfer, peak, settled)

    @property
    def has_whole_range(self) -> bool:
        """Whether anything says so. The AV1 stream of an alpha channel always does."""
        return any(each.whole_range for each in chain(self.numbers(), (header.colours for header in self.headers)))

    @property
    def has_colours_of_part_range(self) -> bool:
        """Whether the channels are red, green and blue, and their levels do not range from 0 to 255."""
        stated = list(self.numbers()) or [header.colours for header in self.headers]
        return any(each.matrix == _RED_GREEN_BLUE and not each.whole_range for each in stated)

    @property
    def leaves_matrix_open(self) -> bool:
        """Chromium takes an animation's matrix from its boxes alone."""
        return self.is_animated and not any(self.numbers())

    @property
    def contradicts_itself(self) -> bool:
        """Whether a box repeats another header than the streams have."""
        stated = {_layout(content) for kind, content in self.properties if kind == b"av1C"}
        return bool(self.headers) and stated != {header.layout for header in self.headers}

    def numbers(self) -> Iterator[Numbers]:
        """Yields what boxes say about colours by number."""
        for kind, content in self.properties:
            if kind == b"colr" and content[:4] == b"nclx":
                primaries, transfer, matrix, flags = struct.unpack_from(">HHHB", content, 4)
                yield Numbers(primaries, transfer, matrix, bool(flags & _WHOLE_RANGE))


def read(data: Data) -> Said:
    """Raises DamagedBoxes and struct.error."""
    items, tables = Items(data), [inside(track, b"mdia", b"minf", b"stbl") for track in tracks(data)]
    by_item, shown = items.properties(), items.shown()
    found = [*(by_item.get(item, ()) for item in shown), *map(list, map(_properties, tables))]
    colours = {tuple(bytes(content) for kind, content in each if kind == b"colr") for each in found}
    streams = chain(map(items.content, shown), (stream_of(data, table) for table in tables))
    return Said(
        list(dict.fromkeys((kind, bytes(content)) for kind, content in chain.from_iterable(found))),
        list(chain.from_iterable(islice(headers(stream), 1) for stream in streams)),
        len(colours - {()}) <= 1,
        bool(tables),
        len({_turns(by_item[item]) for item in by_item if item in shown[:1] or is_alpha(by_item[item])}) > 1,
    )


def _properties(table: Data) -> Iterator[Box]:
    return boxes(inside_if_any(inside(table, b"stsd")[_BEFORE_ENTRIES:], b"av01")[_BEFORE_BOXES:])


def stream_of(data: Data, table: Data) -> Data:
    """Returns the file from a track's first sample on; nothing if there is none."""
    for kind, content in boxes(table):
        if kind in _OFFSETS:
            (offset,) = struct.unpack_from(_OFFSETS[kind], content, 8)
            return data[offset:]
    return b""


def _layout(configuration: Data) -> Layout:
    (high,) = struct.unpack_from(">H", configuration, 1)
    return Layout(profile=high >> 13, many_bits=high >> 6 & 1, monochrome=high >> 4 & 1)


def _turns(properties: Sequence[Box]) -> tuple[Box, ...]:
    return tuple((kind, bytes(content[:1])) for kind, content in properties if kind in (b"irot", b"imir"))


def is_alpha(properties: Sequence[Box]) -> bool:
    return name_of_use(properties) in _ALPHA


def name_of_use(properties: Sequence[Box]) -> bytes:
    """Returns what an item that no viewer shows by itself says that it is: the first that is alpha, if it says more."""
    names = [bytes(content[_NAME]).split(b"\0")[0] for kind, content in properties if kind == b"auxC"]
    return next((name for name in names if name in _ALPHA), b"")


def _filled(numbers: Numbers, stream: Numbers) -> Numbers:
    """Returns `numbers` with those of the stream in place of the unspecified ones."""
    primaries, transfer, matrix = (
        other if own == UNSPECIFIED else own for own, other in zip(numbers[:3], stream[:3], strict=True)
    )
    return Numbers(primaries, transfer, matrix, numbers.whole_range)


def _check_matrix(numbers: Numbers) -> None:
    is_guessed = numbers.matrix == UNSPECIFIED != numbers.primaries
    if numbers.matrix not in _MATRICES or is_guessed:
        raise UnusableColours("a matrix that viewers do not read alike")


def _peak(box: Data) -> float:
    return float(int.from_bytes(box[:2])) or USUAL_PEAK
