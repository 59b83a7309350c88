"""Decodes a still WebP by libwebp, which Pillow brings along.

Pillow decodes each WebP as an animation, into two canvases, and copies its pixels twice. That gives the same picture in
up to twice the time and in four times the memory.
"""

import ctypes
from functools import cache

from PIL import Image

from moderate.images.libraries.bundled import PILLOW, bundled_library
from moderate.images.limits import BrokenRule


class UndecodableWebp(BrokenRule):
    """libwebp finds no picture in the file, or one of another size than the file says."""


def decode(data: bytes, size: tuple[int, int], *, has_alpha: bool) -> Image.Image:
    """Returns the picture in RGBA, or in RGBX if it is opaque.

    size: as the file says, in pixels across and down.

    Raises UndecodableWebp.
    """
    width, height = ctypes.c_int(), ctypes.c_int()
    length = ctypes.c_size_t(len(data))
    if not load().WebPGetInfo(data, length, ctypes.byref(width), ctypes.byref(height)):
        raise UndecodableWebp("a picture that cannot be decoded")
    if (width.value, height.value) != size:
        raise UndecodableWebp("a picture of another size than its header says")
    row_bytes = 4 * size[0]
    levels = bytearray(row_bytes * size[1])
    start = ctypes.c_char.from_buffer(levels)
    if not load().WebPDecodeRGBAInto(data, length, ctypes.byref(start), ctypes.c_size_t(len(levels)), row_bytes):
        raise UndecodableWebp("a picture that cannot be decoded")
    mode = "RGBA" if has_alpha else "RGBX"
    # Both modes are the bytes themselves, so nothing is copied.
    return Image.frombuffer(mode, size, levels, "raw", mode, 0, 1)


@cache
def load() -> ctypes.CDLL:
    """Returns the library."""
    library = bundled_library(PILLOW, "libwebp-")
    library.WebPDecodeRGBAInto.restype = ctypes.c_void_p
    return library
