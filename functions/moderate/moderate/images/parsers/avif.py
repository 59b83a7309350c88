"""Decodes AVIF: reads how long its frames are shown, and refuses files that not all viewers draw alike."""

import struct
from collections.abc import Iterator
from itertools import chain, islice, repeat

from PIL import AvifImagePlugin

from moderate.images.animation import display_time
from moderate.images.av1 import colours_in
from moderate.images.boxes import Box, Data, Items, boxes, inside
from moderate.images.colours.descriptions import Description, Icc, Numbered
from moderate.images.colours.tone_mapping import USUAL_PEAK
from moderate.images.limits import AVIF, BrokenRule
from moderate.images.pictures import Picture, draw_sequence, open_image

# One image is decoded on one core; the batch is what runs side by side.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_BRANDS = (b"avif", b"avis")
# More than an animation may have.
_MOST_FRAMES = 10_000
_UNSPECIFIED = 2
_BEFORE_ENTRIES, _BEFORE_BOXES = 8, 78
_OFFSETS = {b"stco": ">I", b"co64": ">Q"}


class MisleadingAvif(BrokenRule):
    """The file asks for something that some viewers do and the decoder here does not."""


def is_avif(data: bytes) -> bool:
    """Whether the file type box lists an AVIF brand, as the major one or among the compatible ones."""
    end = int.from_bytes(data[:4], "big")
    brands = data[8:12] + data[16 : min(end, 256)]
    return data[4:8] == b"ftyp" and any(brands[at : at + 4] in _BRANDS for at in range(0, len(brands), 4))


def decode(data: bytes, size: int) -> Picture:
    whole = memoryview(data)
    refuse_misleading(whole)
    with open_image(data, "AVIF") as image:
        return draw_sequence(image, size, display_times(whole), AVIF.for_file(data), colours(whole))


def refuse_misleading(data: Data) -> None:
    """Raises MisleadingAvif if viewers crop the picture; or what `boxes` raises."""
    if any(b"clap" in bytes(content) for kind, content in boxes(data) if kind in (b"meta", b"moov")):
        raise MisleadingAvif("a picture to be cropped")


def colours(data: Data) -> Iterator[Description]:
    """Yields what the file says about the colours of what is shown: in its boxes, else in the AV1 stream.

    Raises DamagedBoxes and struct.error.
    """
    items, tables = Items(data), list(_sample_tables(data))
    properties = list(chain(*map(items.properties, items.shown()), *map(_properties, tables)))
    peak = next((_peak(content) for kind, content in properties if kind == b"clli"), USUAL_PEAK)
    boxed = [each for kind, content in properties if kind == b"colr" for each in _descriptions(content, peak)]
    yield from boxed
    if not any(isinstance(each, Icc) or _UNSPECIFIED not in (each.primaries, each.transfer) for each in boxed):
        streams = chain(map(items.content, items.shown()), (_stream(data, table) for table in tables))
        yield from (Numbered(*numbers, peak) for stream in streams for numbers in colours_in(stream))


def _sample_tables(data: Data) -> Iterator[Data]:
    for kind, movie in boxes(data):
        for name, track in boxes(movie) if kind == b"moov" else ():
            if name == b"trak":
                yield inside(track, b"mdia", b"minf", b"stbl")


def _properties(table: Data) -> Iterator[Box]:
    for kind, entry in boxes(inside(table, b"stsd")[_BEFORE_ENTRIES:]):
        if kind == b"av01":
            yield from boxes(entry[_BEFORE_BOXES:])


def _stream(data: Data, table: Data) -> Data:
    """Returns the file from a track's first sample on; nothing if there is none."""
    for kind, content in boxes(table):
        if kind in _OFFSETS:
            (offset,) = struct.unpack_from(_OFFSETS[kind], content, 8)
            return data[offset:]
    return b""


def _descriptions(box: Data, peak: float) -> Iterator[Icc | Numbered]:
    if box[:4] == b"nclx":
        primaries, transfer = struct.unpack_from(">HH", box, 4)
        yield Numbered(primaries, transfer, peak)
    elif box[:4] in (b"prof", b"rICC"):
        yield Icc(bytes(box[4:]), peak)


def _peak(box: Data) -> float:
    return float(int.from_bytes(box[:2])) or USUAL_PEAK


def display_times(data: Data) -> Iterator[float]:
    """Yields how long each frame is shown. The decoder itself knows a frame's time only after decoding it.

    Raises MisleadingAvif if colour and alpha differ, DamagedBoxes, or what `struct` raises on too few bytes.
    """
    movie = inside(data, b"moov")
    tracks = (track for kind, track in boxes(movie) if kind == b"trak")
    # Eight bytes can state a run of four thousand million frames.
    first, *others = (list(islice(_times_of(track), _MOST_FRAMES)) for track in tracks)
    if any(other != first for other in others):
        raise MisleadingAvif("tracks with different frame times")
    yield from first


def _times_of(track: Data) -> Iterator[float]:
    media = inside(track, b"mdia")
    header = inside(media, b"mdhd")
    (units_a_second,) = struct.unpack_from(">I", header, 20 if header[0] else 12)
    table = inside(media, b"minf", b"stbl", b"stts")
    (entries,) = struct.unpack_from(">I", table, 4)
    runs = struct.iter_unpack(">II", table[8 : 8 + 8 * entries])
    for frames, units in runs:
        yield from repeat(display_time(1000 * units / units_a_second), frames)
