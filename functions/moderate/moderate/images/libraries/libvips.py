"""Decodes a PNG by libvips, which pyvips-binary brings along.

Pillow undoes the filters of a PNG's rows byte by byte, and inflates by the system's zlib. libvips uses libpng, compiled
to do several bytes at once, and zlib-ng. Both give the same pixels. What libvips warns of, it refuses here, so that it
is Pillow that decides about it.
"""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from PIL import Image

from moderate.images.libraries.bundled import PYVIPS, bundled_library
from moderate.images.limits import BrokenRule

# Of a few rows. Single ones take longer, and larger strips scatter over the memory that libvips uses in between.
_STRIP_BYTES = 100_000
# It keeps so many rows of a picture that is read from top to bottom, and takes as much whatever its width.
_ROWS_KEPT = 520
_BYTES_KEPT = 700_000
WIDEST = 16_384
"""In pixels. It keeps 34 MB of a picture of this width, and of the widest 137, where Pillow needs nothing."""
_MODES = {3: "RGB", 4: "RGBA"}
# Of the enumerations VipsAccess, VipsFailOn and GLogLevelFlags.
_SEQUENTIAL = 1
_ON_A_WARNING = 3
_EVERY_LEVEL = ~3
_OF_POINTERS = ("vips_region_new", "vips_region_fetch")
# What it would write into the log about a file is raised anyway.
_SAY_NOTHING = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(lambda *_: None)


class UndecodablePng(BrokenRule):
    """libvips finds something wrong with the file."""


def bytes_kept(width: int) -> int:
    """Returns how many bytes it takes at most, besides those of the picture, to decode one of this width."""
    return _BYTES_KEPT + _ROWS_KEPT * width * max(_MODES)


def decode(data: bytes) -> Image.Image:
    """Returns the picture of a PNG with 8 bits a channel, in RGB or, if it has a channel for it, in RGBA.

    Raises UndecodablePng.
    """
    library = load()
    with _opened(data) as image, _released(library.vips_region_new(image)) as region:
        width, height = library.vips_image_get_width(image), library.vips_image_get_height(image)
        mode = _MODES[library.vips_image_get_bands(image)]
        whole = Image.new(mode, (width, height))
        step = max(1, _STRIP_BYTES // (width * len(mode)))
        for top in range(0, height, step):
            rows = min(step, height - top)
            levels = _fetched(region, (0, top, width, rows))
            whole.paste(Image.frombuffer(mode, (width, rows), levels, "raw", mode, 0, 1), (0, top))
        return whole


@contextmanager
def _opened(data: bytes) -> Iterator[ctypes.c_void_p]:
    image = ctypes.c_void_p()
    # What has no type here is one of the optional arguments, which are named and end with a null pointer.
    options = b"access", ctypes.c_int(_SEQUENTIAL), b"fail_on", ctypes.c_int(_ON_A_WARNING), None
    _check(not load().vips_pngload_buffer(data, len(data), ctypes.byref(image), *options))
    with _released(image.value) as opened:
        yield opened


@contextmanager
def _released(address: int | None) -> Iterator[ctypes.c_void_p]:
    _check(bool(address))
    try:
        yield ctypes.c_void_p(address)
    finally:
        load().g_object_unref(ctypes.c_void_p(address))


def _fetched(region: ctypes.c_void_p, area: Sequence[int]) -> bytes:
    """Returns the levels of an area: left, top, width and height."""
    length = ctypes.c_size_t()
    address = load().vips_region_fetch(region, *area, ctypes.byref(length))
    _check(bool(address))
    try:
        return ctypes.string_at(address, length.value)
    finally:
        load().g_free(ctypes.c_void_p(address))


def _check(succeeded: bool) -> None:  # noqa: FBT001 - reads like an assertion
    if not succeeded:
        # Otherwise each message would be added to those before.
        load().vips_error_clear()
        raise UndecodablePng("a picture that cannot be decoded")


@cache
def load() -> ctypes.CDLL:
    """Returns the library."""
    library = bundled_library(PYVIPS, "libvips")
    for name in _OF_POINTERS:
        getattr(library, name).restype = ctypes.c_void_p
    library.vips_pngload_buffer.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p)
    if library.vips_init(b"moderate"):
        raise ImportError("libvips cannot be initialised")
    library.g_log_set_handler(b"VIPS", ctypes.c_int(_EVERY_LEVEL), _SAY_NOTHING, None)
    # It keeps what it did last, pixels among it.
    library.vips_cache_set_max(0)
    return library
