"""Decodes WebP, and finds what Pillow misses: transparency that the header denies."""

from collections.abc import Iterable, Iterator

from PIL import WebPImagePlugin  # noqa: F401 - else the first WebP makes Pillow import every format it knows

from moderate.images.colours.icc import Icc
from moderate.images.colours.renderings import renderings
from moderate.images.limits import WEBP, BrokenRule, counted
from moderate.images.pictures import Picture, draw_sequence, open_image

_FIRST_CHUNK = 12
_EXTENDED = b"VP8X"
_PROFILE = b"ICCP"
_FLAGS = 20
_IS_ANIMATED = 0x02
_HAS_ALPHA = 0x10
_HAS_PROFILE = 0x20
_FRAME_HEADER = 16
_LOSSLESS_FLAGS = 4


class MisleadingWebp(BrokenRule):
    """The file's header denies transparency that is in it: viewers differ on whether there is any."""


def is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def decode(data: bytes, size: int, images: int) -> Picture:
    with open_image(with_alpha(data), "WEBP") as image:
        return draw_sequence(image, size, WEBP.for_file(data, images), renderings(profiles(data)))


def profiles(data: bytes) -> list[Icc]:
    """Returns each profile. Browsers take the first, behind a header that says there is one; others may not.

    Chromium takes none for an animation.
    """
    found = [(place, body) for place, (kind, body) in enumerate(counted(_chunks(data))) if kind == _PROFILE]
    alone = len(found) == 1 and found[0][0] == 1 and data[_FLAGS] & (_HAS_PROFILE | _IS_ANIMATED) == _HAS_PROFILE
    return [Icc(body, alone=alone) for _, body in found]


def with_alpha(data: bytes) -> bytes:
    """Returns `data`, marked as transparent if it is animated. Raises MisleadingWebp.

    An animation's canvas is transparent wherever no frame covers it, even if all frames are opaque and the
    file says so.
    """
    if data[_FIRST_CHUNK : _FIRST_CHUNK + 4] != _EXTENDED or data[_FLAGS] & _HAS_ALPHA:
        return data
    if _is_transparent(counted(_with_those_of_frames(data))):
        raise MisleadingWebp("transparency that its header denies")
    if data[_FLAGS] & _IS_ANIMATED:
        return data[:_FLAGS] + bytes([data[_FLAGS] | _HAS_ALPHA]) + data[_FLAGS + 1 :]
    return data


def _is_transparent(chunks: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(
        kind == b"ALPH" or (kind == b"VP8L" and bool(body[_LOSSLESS_FLAGS] & _HAS_ALPHA)) for kind, body in chunks
    )


def _with_those_of_frames(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    for kind, body in _chunks(data):
        yield kind, body
        if kind == b"ANMF":
            yield from _chunks(body, _FRAME_HEADER)


def _chunks(data: bytes, position: int = _FIRST_CHUNK) -> Iterator[tuple[bytes, bytes]]:
    while position + 8 <= len(data):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        yield data[position : position + 4], data[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
