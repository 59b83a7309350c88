"""Computes PDQ, Meta's perceptual hash: pictures that look alike differ in few of its 256 bits.

Meta published the algorithm in 2019 (ThreatExchange, `pdq/`). It blurs a picture's brightness, takes 64 x 64 points of
it, and says of the 16 x 16 coarsest waves in them which are stronger than their median. Sums are made here in 32 bits
and in the same order as there, so that equal pixels have equal hashes, bit for bit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderate.images.points_grid import MIN_SIDE, SIDE, WINDOWS

MIN_QUALITY = 50
"""The least quality of a hash that is compared: one of a picture with hardly any contours matches too much."""
MAX_DISTANCE = 31
"""In how many bits the hashes of two pictures that count as the same may differ. Meta recommends this number."""
BITS = 256
BYTES = BITS // 8

_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114
_WAVES = 16
# Two windows of half the distance between points make a tent that reaches from one point to the next.
_PASSES = 2
_MAX_LEVEL, _MAX_QUALITY = 255, 100
# Of the percents by which neighbours differ, in sum, this many make one of quality.
_PERCENTS = 90
_FREQUENCIES = np.outer(np.arange(1, _WAVES + 1), 2 * np.arange(SIDE) + 1)
# Rounded to 32 bits, as there.
_SCALE = float(np.float32(np.sqrt(2 / SIDE)))
_COSINES = (_SCALE * np.cos(np.pi / (2 * SIDE) * _FREQUENCIES)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class PdqHash:
    bits: bytes
    """32 bytes, whose hexadecimal digits are those that other programs write."""
    quality: int
    """From 0 for a flat picture to 100."""


def luma_of(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Returns the brightness of each pixel. rgb: an array of rows, columns and the three channels."""
    luma: NDArray[np.float32] = (rgb[..., 0] * _RED + rgb[..., 1] * _GREEN + rgb[..., 2] * _BLUE).astype(np.float32)
    return luma


def pdq_hash(luma: NDArray[np.float32]) -> PdqHash:
    """Returns the hash of a picture, given its brightness from 0 to 255 in rows and columns.

    One that has fewer than 5 of either, or a number outside of that, has the quality 0.
    """
    if min(luma.shape) < MIN_SIDE or not ((luma >= 0) & (luma <= _MAX_LEVEL)).all():
        return PdqHash(bytes(BYTES), 0)
    points = luma if luma.shape == (SIDE, SIDE) else _points(luma)
    return PdqHash(_bits(points), _quality(points))


def hash_of_points(points: bytes) -> PdqHash:
    """Returns the hash of a picture whose points a decoder has taken, as `moderate.images.points` describes them."""
    return pdq_hash(np.frombuffer(points, "<f4").reshape(SIDE, SIDE))


def _points(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns 64 x 64 points of the picture, blurred just as much as they are apart."""
    for _ in range(_PASSES):
        luma = _means(_means(luma.T).T)
    rows, columns = (((np.arange(SIDE) + 0.5) * side / SIDE).astype(int) for side in luma.shape)
    points: NDArray[np.float32] = luma[np.ix_(rows, columns)]
    return points


def _means(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns for each row the mean of those around it: of the same number wherever there are as many."""
    rows = len(plane)
    window = -(-rows // WINDOWS)
    ahead = window // 2
    means = np.empty_like(plane)
    total = np.zeros_like(plane[0])
    for last in range(rows + ahead):
        if last < rows:
            total += plane[last]
        if last >= window:
            total -= plane[last - window]
        if last >= ahead:
            count = min(last + 1, rows) - max(last + 1 - window, 0)
            np.divide(total, count, out=means[last - ahead])
    return means


def _quality(points: NDArray[np.float32]) -> int:
    """Returns how much contour there is."""
    percents = (
        np.trunc(np.abs(np.diff(points, axis=axis)) * _MAX_QUALITY / _MAX_LEVEL).sum(dtype=np.int64) for axis in (0, 1)
    )
    return min(_MAX_QUALITY, int(sum(percents)) // _PERCENTS)


def _bits(points: NDArray[np.float32]) -> bytes:
    # Added up one by one, as matmul does not promise to.
    across = np.add.accumulate(_COSINES[:, :, np.newaxis] * points, axis=1)[:, -1]
    waves = np.add.accumulate(across[:, np.newaxis] * _COSINES, axis=2)[..., -1].ravel()
    median = np.partition(waves, len(waves) // 2 - 1)[len(waves) // 2 - 1]
    return np.packbits(waves[::-1] > median).tobytes()
