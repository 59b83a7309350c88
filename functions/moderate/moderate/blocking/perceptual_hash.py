"""Computes perceptual hashes: those of pictures that look alike differ in few bits."""

import math

import numpy as np
from numpy.typing import NDArray

from moderate.images.views import View

_SIDE = 8
BITS = _SIDE * _SIDE
_LUMA = np.array([0.299, 0.587, 0.114])
# Grey levels. A picture that varies less is practically flat, and its hash would be that of its noise.
_FLAT = 1.0


def picture_hash(view: View) -> int | None:
    """Returns 64 bits: which of the coarsest 8 x 8 waves are stronger than their median; None for a flat picture."""
    size = math.isqrt(len(view) // 3)
    waves = _coarsest_waves(np.frombuffer(view, np.uint8).reshape(size, size, 3) @ _LUMA)
    if np.abs(waves).max() < _FLAT:
        return None
    bits = np.packbits(waves.ravel() > np.median(waves))
    return int.from_bytes(bits.tobytes(), "big")


def distance(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def _coarsest_waves(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the discrete cosine transform without its constant first row and column."""
    size = len(grey)
    cosines = np.cos(np.pi / size * np.outer(np.arange(1, _SIDE + 1), np.arange(size) + 0.5))
    waves: NDArray[np.float64] = cosines @ grey @ cosines.T * (2 / size) ** 2
    return waves
