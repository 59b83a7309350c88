"""Writes AVIFs of given planes, in whose levels no encoder has a say."""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from moderate.images.libraries import libavif

Planes = Sequence[np.ndarray[Any, Any]]
"""Brightness, two of colours and, if anything is transparent, alpha, each in bytes."""

SUBSAMPLINGS = {"4:4:4": 1, "4:2:2": 2, "4:2:0": 3}
_COLOURS, _WITH_ALPHA = 1, 0xFF
_ALONE = 2
_BITS = 8
_LOSSLESS, _QUICK = 100, 10


class _Encoder(ctypes.Structure):
    _fields_ = (
        ("codec", ctypes.c_int),
        ("threads", ctypes.c_int),
        ("speed", ctypes.c_int),
        ("whole_after", ctypes.c_int),
        ("units", ctypes.c_uint64),
        ("repetitions", ctypes.c_int),
        ("layers", ctypes.c_uint32),
        ("quality", ctypes.c_int),
        ("quality_of_alpha", ctypes.c_int),
    )


class _Written(ctypes.Structure):
    _fields_ = (("start", ctypes.c_void_p), ("bytes", ctypes.c_size_t))


def written(
    frames: Sequence[Planes],
    subsampling: str,
    *,
    whole_range: bool = True,
    place_of_colours: int = 0,
    quality: int = _LOSSLESS,
) -> bytes:
    """Returns a still, or an animation of ten frames a second. place_of_colours: AV1's chroma_sample_position."""
    library = libavif.load()
    library.avifEncoderCreate.restype = ctypes.POINTER(_Encoder)
    library.avifImageCreate.restype = ctypes.POINTER(libavif.Decoded)
    encoder = library.avifEncoderCreate()
    encoder.contents.speed, encoder.contents.units = _QUICK, 10
    encoder.contents.quality = encoder.contents.quality_of_alpha = quality
    for planes in frames:
        height, width = planes[0].shape
        image = library.avifImageCreate(width, height, _BITS, SUBSAMPLINGS[subsampling])
        made = image.contents
        made.range, made.place_of_colours, made.numbers = whole_range, place_of_colours, (1, 13, 6)
        _check(library.avifImageAllocatePlanes(image, _WITH_ALPHA if len(planes) > len("YUV") else _COLOURS))
        rows = [*zip(made.planes, made.row_bytes, strict=True), (made.alpha, made.alpha_row_bytes)]
        for plane, (start, row_bytes) in zip(planes, rows, strict=False):
            for number, row in enumerate(plane.astype(np.uint8)):
                ctypes.memmove(start + number * row_bytes, row.tobytes(), row.nbytes)
        _check(library.avifEncoderAddImage(encoder, image, ctypes.c_uint64(1), _ALONE if len(frames) == 1 else 0))
        library.avifImageDestroy(image)
    out = _Written()
    _check(library.avifEncoderFinish(encoder, ctypes.byref(out)))
    found = ctypes.string_at(out.start, out.bytes)
    library.avifRWDataFree(ctypes.byref(out))
    library.avifEncoderDestroy(encoder)
    return found


def _check(result: int) -> None:
    assert not result, result
