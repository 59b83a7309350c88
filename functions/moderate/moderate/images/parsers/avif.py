"""Decodes AVIF: reads how long its frames are shown, and refuses what viewers draw differently."""

import re
import struct
from collections.abc import Iterator
from itertools import islice, repeat

from PIL import AvifImagePlugin

from moderate.images.animation import display_time
from moderate.images.colours import ORDINARY_TRANSFERS
from moderate.images.limits import AVIF_ANIMATION, BrokenRule
from moderate.images.pictures import Picture, draw_sequence, open_image

# One image is decoded on one core; the batch is what runs side by side.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_BRANDS = (b"avif", b"avis")
_HEADER = 8
_LONG_SIZE = 1
# More than an animation may have.
_MOST_FRAMES = 10_000
# A colour box that names its colours by number: primaries, then the transfer function.
_TRANSFER = re.compile(rb"colrnclx..(..)", re.DOTALL)


class DamagedAvif(BrokenRule):
    """The file's boxes do not fit into each other."""


class MisleadingAvif(BrokenRule):
    """The file asks for something that some viewers do and the decoder here does not."""


def is_avif(data: bytes) -> bool:
    """Whether the file type box lists an AVIF brand, as the major one or among the compatible ones."""
    end = int.from_bytes(data[:4], "big")
    brands = data[8:12] + data[16 : min(end, 256)]
    return data[4:8] == b"ftyp" and any(brands[at : at + 4] in _BRANDS for at in range(0, len(brands), 4))


def decode(data: bytes, size: int) -> Picture:
    refuse_misleading(data)
    with open_image(data, "AVIF") as image:
        return draw_sequence(image, size, display_times(data), AVIF_ANIMATION)


def refuse_misleading(data: bytes) -> None:
    """Raises MisleadingAvif if viewers crop the picture or bend its levels; or what `struct` raises."""
    for kind, content in _boxes(data):
        if kind in (b"meta", b"moov"):
            transfers = {int.from_bytes(found, "big") for found in _TRANSFER.findall(content)}
            if b"clap" in content:
                raise MisleadingAvif("a picture to be cropped")
            if transfers - ORDINARY_TRANSFERS:
                raise MisleadingAvif("an unusual transfer function")


def display_times(data: bytes) -> Iterator[float]:
    """Yields how long each frame is shown. The decoder itself knows a frame's time only after decoding it.

    Raises MisleadingAvif if colour and alpha differ, ValueError, or what `struct` raises on too few bytes.
    """
    movie = _inside(data, b"moov")
    tracks = (track for kind, track in _boxes(movie) if kind == b"trak")
    # Eight bytes can state a run of four thousand million frames.
    first, *others = (list(islice(_times_of(track), _MOST_FRAMES)) for track in tracks)
    if any(other != first for other in others):
        raise MisleadingAvif("tracks with different frame times")
    yield from first


def _times_of(track: bytes) -> Iterator[float]:
    media = _inside(track, b"mdia")
    header = _inside(media, b"mdhd")
    (units_a_second,) = struct.unpack_from(">I", header, 20 if header[0] else 12)
    table = _inside(media, b"minf", b"stbl", b"stts")
    (entries,) = struct.unpack_from(">I", table, 4)
    runs = struct.iter_unpack(">II", table[8 : 8 + 8 * entries])
    for frames, units in runs:
        yield from repeat(display_time(1000 * units / units_a_second), frames)


def _inside(data: bytes, *path: bytes) -> bytes:
    """Returns the content of the box at `path`: the first box of each name, inside the one before it."""
    for name in path:
        position = 0
        while data[position + 4 : position + _HEADER] != name:
            position += _size(data, position)
        data = data[position + _HEADER : position + _size(data, position)]
    return data


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + _HEADER <= len(data):
        # The last box may state 0, which means to the end.
        size = _size(data, position) if data[position : position + 4] != bytes(4) else len(data) - position
        yield data[position + 4 : position + _HEADER], data[position + _HEADER : position + size]
        position += size


def _size(data: bytes, position: int) -> int:
    (size,) = struct.unpack_from(">I", data, position)
    if size == _LONG_SIZE:
        (size,) = struct.unpack_from(">Q", data, position + _HEADER)
    if size < _HEADER:
        raise DamagedAvif("a box that ends before it begins")
    return int(size)
