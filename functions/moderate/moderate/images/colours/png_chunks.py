"""What the chunks of a PNG say about its colours.

The first of cICP, iCCP and gAMA that a viewer accepts counts. What one accepts another may not: a profile with a wrong
checksum, a chunk behind the palette, a gamma beside an sRGB chunk. So all are drawn, unless a cICP that every viewer
accepts settles it.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence

from moderate.images.colours.descriptions import Calibrated, Description, Icc, Numbered
from moderate.images.colours.spaces import BT_709, BY_NUMBER, Primaries
from moderate.images.colours.tone_mapping import USUAL_PEAK
from moderate.images.limits import UndecodableImage

Chunk = tuple[bytes, bytes]
"""A kind and a body."""

ANCILLARY = frozenset({b"cICP", b"iCCP", b"gAMA", b"cHRM", b"cLLI", b"mDCV"})
"""The chunks that are about nothing but colours."""

KINDS = ANCILLARY | {b"PLTE"}
"""The chunks whose bodies and order say how a picture is drawn, where they stand before its pixels."""

_TRANSFERS = frozenset({1, 4, 5, 6, 8, 13, 14, 15, 16, 18})
"""Those that both Chromium and Firefox accept in a cICP."""
_WHOLE_RANGE_RGB = bytes([0, 1])
# More than any file of ours may have. Of a larger one, what browsers draw depends on which of them it is.
_MAX_PROFILE_BYTES = 16_000_000
_PROFILE_HEAD = 128
_DEFLATED = b"\x78"
_WITHOUT_CHECKSUM = -zlib.MAX_WBITS
_UNIT = 100_000


def descriptions(chunks: Sequence[Chunk]) -> Iterator[Description]:
    """chunks: of KINDS, those before the pixels. Raises UndecodableImage."""
    peak = _peak(chunks)
    numbers = _bodies(chunks, b"cICP", 4)
    for number in numbers:
        yield Numbered(number[0], number[1], peak)
    if len(numbers) == 1 and _settles(numbers[0]) and _comes_first(b"cICP", b"PLTE", chunks):
        return
    for kind, body in chunks:
        if kind == b"iCCP":
            yield Icc(_unpacked(body), peak)
    gammas = [int.from_bytes(body) for body in _bodies(chunks, b"gAMA", 4)]
    for gamma in list(filter(None, gammas))[:1]:
        # A cHRM does not count without a gAMA. To Firefox it does not count beside an sRGB either, though a gAMA does.
        for primaries in (*_primaries(chunks), BT_709):
            yield Calibrated(primaries, (_UNIT / gamma,) * 3)


def _settles(numbers: bytes) -> bool:
    return numbers[0] in BY_NUMBER and numbers[1] in _TRANSFERS and numbers[2:] == _WHOLE_RANGE_RGB


def _comes_first(kind: bytes, other: bytes, chunks: Sequence[Chunk]) -> bool:
    return next(found for found, _ in chunks if found in (kind, other)) == kind


def _bodies(chunks: Sequence[Chunk], kind: bytes, length: int) -> list[bytes]:
    return [body for found, body in chunks if found == kind and len(body) == length]


def _peak(chunks: Sequence[Chunk]) -> float:
    """Returns how bright an HDR picture gets, in nits: of its content first, else of the screen it was made on."""
    for kind, length, place in ((b"cLLI", 8, 0), (b"mDCV", 24, 16)):
        for body in _bodies(chunks, kind, length):
            (nits,) = struct.unpack_from(">I", body, place)
            if nits:
                return float(nits / 10_000)
            break
    return USUAL_PEAK


def _primaries(chunks: Sequence[Chunk]) -> Iterator[Primaries]:
    """Yields those of the first cHRM that is not all zeros."""
    for body in _bodies(chunks, b"cHRM", 32):
        if any(body):
            places = [value / _UNIT for value in struct.unpack(">8i", body)]
            yield Primaries(*zip(places[::2], places[1::2], strict=True))
            return


def _unpacked(body: bytes) -> bytes:
    """Returns the profile of an iCCP chunk, whatever its checksum; nothing of one that no viewer unpacks.

    No more is unpacked than the profile says that it has. Raises UndecodableImage.
    """
    packed = body.partition(b"\0")[2][1:]
    if packed[:1] != _DEFLATED or int.from_bytes(packed[:2]) % 31:
        return b""
    unpacking = zlib.decompressobj(_WITHOUT_CHECKSUM)
    try:
        head = unpacking.decompress(packed[2:], _PROFILE_HEAD)
        size = int.from_bytes(head[:4])
        if head[36:40] != b"acsp":
            return b""
        if size > _MAX_PROFILE_BYTES:
            raise UndecodableImage(
                "large profile",
                message="The image's colour profile is larger than 16 MB. Convert the image to sRGB.",
            )
        return head + unpacking.decompress(unpacking.unconsumed_tail, max(1, size - _PROFILE_HEAD))
    except zlib.error:
        return b""
