"""What the chunks of a PNG say about its colours.

The first of cICP, iCCP and gAMA that a viewer accepts counts. What one accepts another may not: a profile with a wrong
checksum, a chunk behind the palette, a gamma beside an sRGB chunk. So all are drawn, unless every browser accepts the
first, or a profile that every browser seems to accept leaves only a gamma that would change little.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence

from moderate.images.colours.curves import DRAWN_BY_ALL
from moderate.images.colours.descriptions import Bent, Calibrated, Description, Numbered
from moderate.images.colours.icc import Icc
from moderate.images.colours.spaces import BT_709, BY_NUMBER, Primaries
from moderate.images.colours.tone_mapping import USUAL_PEAK
from moderate.images.limits import UndecodableImage

Chunk = tuple[bytes, bytes]
"""A kind and a body."""

ANCILLARY = frozenset({b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cLLI", b"mDCV"})
"""The chunks that are about nothing but colours."""
SPOILED_PROFILE = b"iCC!"
"""Stands for the kind of an iCCP chunk with a wrong checksum."""
KINDS = ANCILLARY | {SPOILED_PROFILE, b"PLTE"}
"""The chunks that say how a picture is drawn by their bodies and their order, where they stand before its pixels."""

_WHOLE_RANGE_RGB = bytes([0, 1])
_INTENTS = (b"\0", b"\1", b"\2", b"\3")
# More than any file of ours may have. Of a larger one, what browsers draw depends on which of them it is.
_MAX_PROFILE_BYTES = 16_000_000
_PROFILE_HEAD = 128
_NAMES = range(1, 80)
# Firefox, which reads 81 bytes to find the name, passes over a chunk with fewer than 11 behind them.
_LEAST_BYTES = 92
_METHOD = b"\0"
# The two bytes that a zlib stream begins with: deflated, by a window of at most 32 KiB and without a dictionary.
_DEFLATED, _LARGEST_WINDOW, _DICTIONARY = 8, 7, 0x20
_WITHOUT_CHECKSUM = -zlib.MAX_WBITS
_UNIT = 100_000
# The exponent of a screen, for which a gamma corrects, and how far from doing so one is that browsers do not draw.
_SCREEN, _CLOSE = 2.2, 0.05


def descriptions(chunks: Sequence[Chunk], *, is_grey: bool) -> Iterator[Description]:
    """chunks: of KINDS, those before the pixels. Raises UndecodableImage and UnusableColours."""
    kinds = [kind for kind, _ in chunks]
    in_order = b"PLTE" not in kinds or kinds.index(b"PLTE") == len(kinds) - 1
    peak = _peak(chunks)
    numbers = _bodies(chunks, b"cICP", 4)
    if len(numbers) == 1 and in_order and _are_accepted(numbers[0]):
        yield Numbered(numbers[0][0], numbers[0][1], peak, settled=True)
        return
    yield from (Numbered(number[0], number[1], peak) for number in numbers)
    profiles = [body for kind, body in chunks if kind in (b"iCCP", SPOILED_PROFILE)]
    alone = in_order and kinds.count(b"iCCP") == len(profiles) == 1 and b"cICP" not in kinds
    for body in profiles:
        icc, sound = _unpacked(body)
        profile = Icc(icc, peak, alone and sound, is_grey)
        yield profile
    yield from _by_gamma(chunks, alone=in_order and not profiles and b"cICP" not in kinds)


def _by_gamma(chunks: Sequence[Chunk], *, alone: bool) -> Iterator[Description]:
    """Yields what gAMA says, of which the first that is not 0 counts, and a 0 only beside a cHRM.

    A cHRM does not count without one. To Firefox it does not count beside an sRGB either; to Chromium neither does.
    """
    gammas = [int.from_bytes(body) for body in _bodies(chunks, b"gAMA", 4)]
    found = _bodies(chunks, b"cHRM", 32)
    primaries = list(_primaries(found))
    is_srgb = any(kind == b"sRGB" and body in _INTENTS for kind, body in chunks)
    are_plain = len(primaries) == 1 and primaries[0].are_plain
    settled = alone and len(gammas) == len(found) == 1 and not is_srgb and are_plain
    # All but the highest level is black with a gamma of 0, as with 1.
    counting = [*filter(None, gammas)][:1] + [1] * (gammas[:1] == [0] and bool(primaries))
    for gamma in counting:
        exponent = _UNIT / gamma
        yield from (Calibrated(each, (exponent,) * 3, settled=settled) for each in primaries)
        if not settled and abs(_SCREEN / exponent - 1) >= _CLOSE:
            yield Calibrated(BT_709, (exponent,) * 3)
            yield Bent(exponent / _SCREEN)


def _are_accepted(numbers: bytes) -> bool:
    return numbers[0] in BY_NUMBER and numbers[1] in DRAWN_BY_ALL and numbers[2:] == _WHOLE_RANGE_RGB


def _bodies(chunks: Sequence[Chunk], kind: bytes, length: int) -> list[bytes]:
    return [body for found, body in chunks if found == kind and len(body) == length]


def _peak(chunks: Sequence[Chunk]) -> float:
    """Returns how bright an HDR picture gets, in nits: of its content first, else of the screen it was made on."""
    for kind, length, place in ((b"cLLI", 8, 0), (b"mDCV", 24, 16)):
        for body in _bodies(chunks, kind, length)[:1]:
            (nits,) = struct.unpack_from(">I", body, place)
            if nits:
                return float(nits / 10_000)
    return USUAL_PEAK


def _primaries(bodies: Sequence[bytes]) -> Iterator[Primaries]:
    """Yields those of the first cHRM that is not all zeros."""
    for body in filter(any, bodies):
        places = [value / _UNIT for value in struct.unpack(">8i", body)]
        yield Primaries(*zip(places[::2], places[1::2], strict=True))
        return


def _unpacked(body: bytes) -> tuple[bytes, bool]:
    """Returns the profile of an iCCP chunk, and whether every browser unpacks it; nothing of one that none unpacks.

    No more is unpacked than the profile says that it has. Raises UndecodableImage.
    """
    name, _, rest = body.partition(b"\0")
    packed = rest[1:]
    if not _begins_like_zlib(packed[:2]):
        return b"", False
    unpacking = zlib.decompressobj(_WITHOUT_CHECKSUM)
    try:
        head = unpacking.decompress(packed[2:], _PROFILE_HEAD)
        size = int.from_bytes(head[:4])
        if head[36:40] != b"acsp":
            return b"", False
        if size > _MAX_PROFILE_BYTES:
            raise UndecodableImage(
                "large profile",
                message="The image's colour profile is larger than 16 MB. Convert the image to sRGB.",
            )
        icc = head + unpacking.decompress(unpacking.unconsumed_tail, max(1, size - _PROFILE_HEAD))
    except zlib.error:
        return b"", False
    ended = unpacking.eof or not unpacking.decompress(unpacking.unconsumed_tail, 1)
    is_checked = unpacking.unused_data[:4] == zlib.adler32(icc).to_bytes(4)
    is_sound = ended and is_checked and len(name) in _NAMES and rest[:1] == _METHOD and len(body) >= _LEAST_BYTES
    return icc, is_sound


def _begins_like_zlib(head: bytes) -> bool:
    if len(head) < 2 or int.from_bytes(head) % 31:  # noqa: PLR2004 - RFC 1950
        return False
    method, flags = head
    return method & 0xF == _DEFLATED and method >> 4 <= _LARGEST_WINDOW and not flags & _DICTIONARY
