"""Puts HEIC files together from boxes, so that they say what no encoder would."""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image
from tests.helpers.avif import box, full_box
from tests.helpers.support import encoded

from moderate.images.heif import file as heif_file
from moderate.images.heif.pictures import CodedPicture

TYPE = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
ALPHA = full_box(b"auxC", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")


@dataclass(frozen=True)
class Item:
    kind: bytes
    content: bytes
    properties: Sequence[bytes] = ()
    references: Sequence[tuple[bytes, Sequence[int]]] = ()
    """To other items, by their numbers: 1 for the first of a file."""
    offset: int | None = None
    """Where the file says that its content is; rightly if it is None."""
    length: int | None = None


def coded(picture: Image.Image, **options: Any) -> CodedPicture:
    """Returns a picture as an encoder codes it."""
    options = {"quality": 90, "enc_params": {"preset": "ultrafast"}} | options
    return heif_file.read(encoded(picture, "HEIF", **options)).colours.tiles[0]


def deep(picture: Image.Image, **options: Any) -> bytes:
    """Returns a file with 10 bits for each channel."""
    levels = (np.asarray(picture).astype(np.uint16) << 8).tobytes()
    buffer = io.BytesIO()
    options = {"quality": 90, "enc_params": {"preset": "ultrafast"}} | options
    pillow_heif.from_bytes(f"{picture.mode};16", picture.size, levels).save(buffer, **options)
    return buffer.getvalue()


@cache
def flat(colour: str = "teal", side: int = 64) -> CodedPicture:
    return coded(Image.new("RGB", (side, side), colour))


def extent(width: int, height: int) -> bytes:
    return full_box(b"ispe", struct.pack(">II", width, height))


def turn(quarters: int) -> bytes:
    return box(b"irot", bytes([quarters]))


def mirror(axis: int) -> bytes:
    return box(b"imir", bytes([axis]))


def aperture(width: int, height: int, right: int = 0, down: int = 0) -> bytes:
    """right, down: how far the middle of what is shown is from the picture's, in halves of a pixel."""
    return box(b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, right, 2, down, 2))


def configuration(*units: bytes, length: int = 4, chroma: int = 1, bits: int = 8) -> bytes:
    """Returns a box of these parameter sets, which says that each length in its stream has so many bytes."""
    repeated = bytes([0xFC | chroma, *[0xF8 | bits - 8] * 2])
    arrays = b"".join(struct.pack(">BHH", 0x80 | unit[0] >> 1, 1, len(unit)) + unit for unit in units)
    return box(b"hvcC", b"\1", bytes(15), repeated, bytes(2), bytes([0xFC | length - 1, len(units)]), arrays)


def stream(picture: CodedPicture) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in picture.parts)


def item(picture: CodedPicture, *properties: bytes, **others: Any) -> Item:
    layout = picture.layout
    needed = extent(*layout.size), configuration(*picture.parameters, chroma=layout.chroma, bits=layout.bits)
    return Item(b"hvc1", stream(picture), [*needed, *properties], **others)


def grid(size: tuple[int, int], columns: int, tiles: Sequence[int], *properties: bytes) -> Item:
    """tiles: the numbers of the items that they are, row by row."""
    rows = len(tiles) // columns
    content = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, *size)
    return Item(b"grid", content, [extent(*size), *properties], [(b"dimg", tiles)])


def heic(items: Sequence[Item], *, primary: int = 1, head: bytes = TYPE, after: bytes = b"") -> bytes:
    """after: boxes behind all others."""
    known = list(dict.fromkeys(each for one in items for each in one.properties))
    uses = b"".join(
        struct.pack(">HB", number, len(one.properties))
        + b"".join(struct.pack(">H", known.index(each) + 1) for each in one.properties)
        for number, one in enumerate(items, 1)
    )
    references = b"".join(
        box(way, struct.pack(f">HH{len(others)}H", number, len(others), *others))
        for number, one in enumerate(items, 1)
        for way, others in one.references
    )
    infos = b"".join(
        box(b"infe", b"\2\0\0\0", struct.pack(">HH", number, 0), one.kind, b"\0") for number, one in enumerate(items, 1)
    )

    def meta(start: int) -> bytes:
        places = b""
        for number, one in enumerate(items, 1):
            offset = start if one.offset is None else one.offset
            length = len(one.content) if one.length is None else one.length
            places += struct.pack(">HHHII", number, 0, 1, offset, length)
            start += len(one.content)
        return full_box(
            b"meta",
            full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", struct.pack(">H", primary)),
            full_box(b"iloc", b"\x44\0", struct.pack(">H", len(items)), places),
            full_box(b"iinf", struct.pack(">H", len(items)), infos),
            full_box(b"iref", references),
            box(b"iprp", box(b"ipco", *known), box(b"ipma", b"\0\0\0\1", struct.pack(">I", len(items)), uses)),
        )

    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", *(one.content for one in items)) + after


def grid_of(tile: CodedPicture, columns: int, rows: int, *properties: bytes) -> bytes:
    """Returns a file that shows one tile again and again."""
    width, height = tile.layout.size
    tiles = [2] * (columns * rows)
    return heic([grid((width * columns, height * rows), columns, tiles, *properties), item(tile)])
