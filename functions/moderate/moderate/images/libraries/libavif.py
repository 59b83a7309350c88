"""Decodes AVIF by libavif, which Pillow brings along.

Pillow fills in halved colours in one way only: it blends them, as Chromium does. Firefox repeats each. Where they leave
the range of levels, the two may come to quite different pictures. Here both are made of what is decoded once.
"""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from PIL import Image

from moderate.images.libraries.bundled import PILLOW, bundled_library
from moderate.images.limits import CANVAS, PIXELS_PER_MEGAPIXEL, BrokenRule

# Within a version, no member of the structures below moves.
_VERSION = b"1.4."
_CANNOT_DECODE = "a picture that cannot be decoded"
# As Pillow has it: a file may lack `pixi`, and what it says about cropping is read elsewhere.
_ALPHA_HAS_SIZE = 4
_IN_GREY, _WITH_ALPHA = 7, 1
_GREY, _HALVED = 4, (2, 3)
_REPEATED, _BLENDED = 3, 4
_TURNED, _MIRRORED = 4, 8


class UndecodableAvif(BrokenRule):
    """libavif finds no picture in the file."""


class Decoded(ctypes.Structure):
    _fields_ = (
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("depth", ctypes.c_uint32),
        ("subsampling", ctypes.c_int),
        ("range", ctypes.c_int),
        ("place_of_colours", ctypes.c_int),
        ("planes", ctypes.c_void_p * 3),
        ("row_bytes", ctypes.c_uint32 * 3),
        ("owns_planes", ctypes.c_int),
        ("alpha", ctypes.c_void_p),
        ("alpha_row_bytes", ctypes.c_uint32),
        ("owns_alpha", ctypes.c_int),
        ("premultiplied", ctypes.c_int),
        ("profile", ctypes.c_void_p),
        ("profile_bytes", ctypes.c_size_t),
        ("numbers", ctypes.c_uint16 * 3),
        ("light", ctypes.c_uint16 * 2),
        ("transformations", ctypes.c_uint32),
        ("shape_of_pixels", ctypes.c_uint32 * 2),
        ("aperture", ctypes.c_uint32 * 8),
        ("quarters", ctypes.c_uint8),
        ("axis", ctypes.c_uint8),
    )


class _Decoder(ctypes.Structure):
    _fields_ = (
        ("codec", ctypes.c_int),
        ("threads", ctypes.c_int),
        ("source", ctypes.c_int),
        ("allows_layers", ctypes.c_int),
        ("allows_parts", ctypes.c_int),
        ("ignores_exif", ctypes.c_int),
        ("ignores_xmp", ctypes.c_int),
        ("most_pixels", ctypes.c_uint32),
        ("longest_side", ctypes.c_uint32),
        ("most_frames", ctypes.c_uint32),
        ("strictness", ctypes.c_uint32),
        ("image", ctypes.POINTER(Decoded)),
        ("frame", ctypes.c_int),
        ("frames", ctypes.c_int),
        ("layers", ctypes.c_int),
        ("times", ctypes.c_uint64 * 8),
        ("repetitions", ctypes.c_int),
        ("has_alpha", ctypes.c_int),
    )


class _Pixels(ctypes.Structure):
    _fields_ = (
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("depth", ctypes.c_uint32),
        ("channels", ctypes.c_int),
        ("upsampling", ctypes.c_int),
        ("downsampling", ctypes.c_int),
        ("avoids_libyuv", ctypes.c_int),
        ("ignores_alpha", ctypes.c_int),
        ("premultiplied", ctypes.c_int),
        ("is_float", ctypes.c_int),
        ("threads", ctypes.c_int),
        ("start", ctypes.c_void_p),
        ("row_bytes", ctypes.c_uint32),
    )


class AvifFile:
    def __init__(self, decoder: _Decoder, data: bytes) -> None:
        """Raises UndecodableAvif."""
        self._decoder = decoder
        # It points into these.
        self._data = data
        decoder.threads = 1
        # Browsers read neither.
        decoder.ignores_exif = decoder.ignores_xmp = True
        decoder.strictness = _ALPHA_HAS_SIZE
        _check(load().avifDecoderSetIOMemory(ctypes.byref(decoder), data, ctypes.c_size_t(len(data))))
        _check(load().avifDecoderParse(ctypes.byref(decoder)))
        # What is decoded may be larger than the boxes say.
        decoder.most_pixels = round(CANVAS.megapixels * PIXELS_PER_MEGAPIXEL)
        image = decoder.image.contents
        self.size: tuple[int, int] = (image.width, image.height)
        self.frames: int = decoder.frames
        self.has_alpha = bool(decoder.has_alpha)
        self.is_halved = image.subsampling in _HALVED
        """Whether there is one colour for two pixels or for four."""

    @property
    def turns(self) -> Sequence[tuple[bytes, bytes]]:
        """By boxes: a turn in quarters, and then the axis over which the picture is mirrored."""
        image = self._decoder.image.contents
        turned = [(b"irot", bytes([image.quarters]))] if image.transformations & _TURNED else []
        return [*turned, (b"imir", bytes([image.axis]))] if image.transformations & _MIRRORED else turned

    def decode(self, frame: int) -> Sequence[Image.Image]:
        """Returns a frame as Chromium and as Firefox fill in its halved colours; once if they are not halved.

        Raises UndecodableAvif.
        """
        _check(load().avifDecoderNthImage(ctypes.byref(self._decoder), ctypes.c_uint32(frame)))
        image = self._decoder.image.contents
        if (image.width, image.height) != self.size or (image.subsampling in _HALVED) != self.is_halved:
            raise UndecodableAvif("boxes that contradict the AV1 stream")
        ways = (_BLENDED, _REPEATED) if self.is_halved else (_BLENDED,)
        return [self._filled_in(image, upsampling) for upsampling in ways]

    def _filled_in(self, image: Decoded, upsampling: int) -> Image.Image:
        is_grey = image.subsampling == _GREY and not self.has_alpha
        row_bytes = self.size[0] * (1 if is_grey else 4)
        levels = bytearray(row_bytes * self.size[1])
        pixels = _Pixels(
            width=self.size[0],
            height=self.size[1],
            depth=8,
            channels=_IN_GREY if is_grey else _WITH_ALPHA,
            upsampling=upsampling,
            threads=1,
            start=ctypes.addressof(ctypes.c_char.from_buffer(levels)),
            row_bytes=row_bytes,
        )
        _check(load().avifImageYUVToRGB(ctypes.byref(image), ctypes.byref(pixels)))
        mode = "L" if is_grey else "RGBA" if self.has_alpha else "RGBX"
        # All of these modes are the bytes themselves, so nothing is copied.
        return Image.frombuffer(mode, self.size, levels, "raw", mode, 0, 1)


@contextmanager
def opened(data: bytes) -> Iterator[AvifFile]:
    """Raises UndecodableAvif."""
    decoder = load().avifDecoderCreate()
    if not decoder:
        raise MemoryError
    try:
        yield AvifFile(decoder.contents, data)
    finally:
        load().avifDecoderDestroy(decoder)


def _check(result: int) -> None:
    if result:
        raise UndecodableAvif(_CANNOT_DECODE)


@cache
def load() -> ctypes.CDLL:
    """Returns the library."""
    library = bundled_library(PILLOW, "libavif")
    library.avifVersion.restype = ctypes.c_char_p
    if not library.avifVersion().startswith(_VERSION):
        raise ImportError(f"libavif {library.avifVersion().decode()} is not one whose structures are known")
    library.avifDecoderCreate.restype = ctypes.POINTER(_Decoder)
    return library
