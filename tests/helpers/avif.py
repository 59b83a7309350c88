"""Puts AVIF files together from boxes, so that they describe their colours as no encoder would."""

import struct
from collections.abc import Sequence

from PIL import Image
from tests.helpers.support import encoded

from moderate.images.av1 import Bits, go_to_colours
from moderate.images.boxes import boxes, inside

Numbers = tuple[int, int, int]
"""Primaries, transfer function and matrix."""


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


def full_box(kind: bytes, *content: bytes) -> bytes:
    return box(kind, bytes(4), *content)


def nclx(primaries: int, transfer: int, matrix: int = 6, *, whole_range: bool = True) -> bytes:
    """Returns a colour box that names colours by number."""
    return box(b"colr", b"nclx", struct.pack(">HHHB", primaries, transfer, matrix, 0x80 * whole_range))


def profile_box(profile: bytes, kind: bytes = b"prof") -> bytes:
    return box(b"colr", kind, profile)


def peak_box(nits: int) -> bytes:
    return box(b"clli", struct.pack(">HH", nits, 0))


def avif(
    picture: Image.Image,
    properties: Sequence[bytes] = (),
    *,
    in_stream: Numbers | None = None,
    others: Sequence[bytes] = (),
    in_meta: bool = False,
    subsampling: str = "4:2:0",
) -> bytes:
    """properties: boxes of the picture beside the necessary ones. in_stream: the colours that the AV1 stream names.

    others: boxes of no picture. in_meta: whether the stream lies inside the box that describes the items.
    """
    made = encoded(picture, "AVIF", quality=95, speed=10, subsampling=subsampling)
    known = inside(inside(made, b"meta")[4:], b"iprp", b"ipco")
    needed = [box(kind, bytes(content)) for kind, content in boxes(known) if kind in (b"ispe", b"pixi", b"av1C")]
    stream = _naming(bytes(inside(made, b"mdat")), in_stream or (2, 2, 6))
    held = [*needed, *properties]
    uses = bytes([len(held)]) + bytes(range(1, len(held) + 1))
    head = box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf")

    def meta(offset: int) -> bytes:
        place = struct.pack(">HHHHII", 1, in_meta, 0, 1, offset, len(stream))
        return full_box(
            b"meta",
            full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", b"\0\1"),
            box(b"iloc", b"\1\0\0\0", b"\x44\0\0\1", place),
            full_box(b"iinf", b"\0\1", box(b"infe", b"\2\0\0\0\0\1\0\0av01\0")),
            box(b"iprp", box(b"ipco", *held, *others), full_box(b"ipma", struct.pack(">IH", 1, 1), uses)),
            box(b"idat", stream) if in_meta else b"",
        )

    offset = 0 if in_meta else len(head) + len(meta(0)) + 8
    return head + meta(offset) + (b"" if in_meta else box(b"mdat", stream))


def _naming(stream: bytes, numbers: Numbers) -> bytes:
    """Returns an AV1 stream whose sequence header, the second unit, names these colours."""
    start = stream.index(b"\x12\0\x0a") + 4
    header = stream[start : start + stream[start - 1]]
    bits = Bits(header)
    go_to_colours(bits)
    whole = "".join(f"{byte:08b}" for byte in header)
    at = bits.position
    after = whole[at + 1 :] if whole[at] == "0" else whole[at + 25 :]
    named = whole[:at] + "1" + "".join(f"{number:08b}" for number in numbers) + after.rstrip("0")
    named = named.ljust(-(-len(named) // 8) * 8, "0")
    changed = bytes(int(named[place : place + 8], 2) for place in range(0, len(named), 8))
    return stream[: start - 1] + bytes([len(changed)]) + changed + stream[start + len(header) :]
