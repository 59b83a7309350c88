"""Decodes pictures of HEVC by libde265, which pi-heif brings along.

libheif, which it is for, runs it in a thread of its own. Then libde265 believes what a stream says about where its rows
begin, while other decoders read one row after the other, so that two pictures fit into one stream. Here it reads like
the others, and says whether that is true and whether anything is damaged.
"""

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from PIL import Image

from moderate.images.heif.hevc_parameters import BITS
from moderate.images.libraries.bundled import PI_HEIF, bundled_library
from moderate.images.limits import BreaksOff

_CHANNELS_OF = {0: 1}
_ALL_CHANNELS = 3
_LEVELS_OF_16_BITS = 1 << 16
_OF_POINTERS = ("new_decoder", "get_next_picture", "get_image_plane")


def decode(units: Iterable[bytes]) -> Sequence[Image.Image]:
    """Returns the planes of a picture in 8 bits: brightness, and two of colours unless it is grey.

    units: the parts of a stream, parameter sets first. Raises BreaksOff if it is not a single whole picture.
    """
    library = load()
    with _decoder() as decoder:
        for unit in units:
            library.de265_push_NAL(decoder, unit, len(unit), ctypes.c_int64(0), None)
        library.de265_flush_data(decoder)
        found: Sequence[Image.Image] = ()
        more = ctypes.c_int(1)
        while more.value:
            if library.de265_decode(decoder, ctypes.byref(more)) or (found and _next(decoder)):
                raise BreaksOff("a stream that cannot be decoded")
            if picture := _next(decoder):
                found = [_plane(picture, channel) for channel in range(_channels(picture))]
                library.de265_release_next_picture(decoder)
        if not found or library.de265_get_warning(decoder):
            raise BreaksOff("a stream that is damaged")
        return found


@contextmanager
def _decoder() -> Iterator[ctypes.c_void_p]:
    decoder = ctypes.c_void_p(load().de265_new_decoder())
    try:
        yield decoder
    finally:
        load().de265_free_decoder(decoder)


def _next(decoder: ctypes.c_void_p) -> ctypes.c_void_p | None:
    found = load().de265_get_next_picture(decoder)
    return ctypes.c_void_p(found) if found else None


def _channels(picture: ctypes.c_void_p) -> int:
    return _CHANNELS_OF.get(load().de265_get_chroma_format(picture), _ALL_CHANNELS)


def _plane(picture: ctypes.c_void_p, channel: int) -> Image.Image:
    library = load()
    size = library.de265_get_image_width(picture, channel), library.de265_get_image_height(picture, channel)
    beyond = library.de265_get_bits_per_pixel(picture, channel) - BITS
    stride = ctypes.c_int()
    start = library.de265_get_image_plane(picture, channel, ctypes.byref(stride))
    last_row = size[0] * (2 if beyond else 1)
    # Nothing is known about what lies behind the last row's last pixel.
    levels = bytearray(stride.value * size[1])
    ctypes.memmove((ctypes.c_char * len(levels)).from_buffer(levels), start, stride.value * (size[1] - 1) + last_row)
    # These images are the bytes themselves; reading them would take as long as all else here.
    if not beyond:
        return Image.frombuffer("L", size, levels, "raw", "L", stride.value, 1)
    deep = Image.frombuffer("I;16", size, levels, "raw", "I;16", stride.value, 1)
    return deep.convert("I").point(_without_last_bits(beyond), "L")


@cache
def _without_last_bits(count: int) -> Sequence[int]:
    return [min(level >> count, 255) for level in range(_LEVELS_OF_16_BITS)]


@cache
def load() -> ctypes.CDLL:
    """Returns the library."""
    library = bundled_library(PI_HEIF, "libde265")
    for name in _OF_POINTERS:
        getattr(library, f"de265_{name}").restype = ctypes.c_void_p
    # Otherwise the first decoder makes the tables that all share, and the last throws them away.
    library.de265_init()
    return library
