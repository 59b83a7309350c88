"""Makes files that describe their colours, and says how far what is judged of them is from what should be seen."""

import struct
import zlib
from collections.abc import Iterable

import numpy as np
from PIL import Image
from tests.helpers.crafted import chunk
from tests.helpers.photos import photo
from tests.helpers.support import arrays, encoded

from moderate.images.colours.descriptions import Description
from moderate.images.colours.renderings import renderings
from moderate.images.decode import decode

SIZE = 64
PHOTO = photo("astronaut").crop((32, 0, 480, 448)).resize((256, 256))

Colour = tuple[int, int, int]

# As a cHRM chunk has them: x and y of white, red, green and blue, in units of 1 / 100,000.
SRGB_PRIMARIES = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
SWAPPED_PRIMARIES = (31270, 32900, 15000, 6000, 64000, 33000, 30000, 60000)


def nearest(picture: Image.Image, data: bytes) -> float:
    """Returns how far the view that looks most like `picture` is from it: the mean difference in levels of 255."""
    (wanted,) = arrays(decode(encoded(picture, "PNG"), SIZE))
    return min(float(np.abs(wanted.astype(int) - view).mean()) for view in arrays(decode(data, SIZE)))


def drawn(description: Description, colours: Iterable[Colour]) -> list[list[Colour]]:
    """Returns what becomes of `colours` in each way in which a file with this description is drawn."""
    levels = np.array([list(colours)], np.uint8)
    pictures = [rendering.draw(Image.fromarray(levels)) for rendering in renderings([description])]
    return [[tuple(colour) for colour in np.asarray(picture)[0].tolist()] for picture in pictures]


def apart(some: list[Colour], others: list[Colour]) -> int:
    """Returns the largest difference of any level."""
    return int(np.abs(np.array(some) - np.array(others)).max())


def mean_apart(some: list[Colour], others: list[Colour]) -> float:
    return float(np.abs(np.array(some) - np.array(others)).mean())


def with_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    """Inserts a chunk right after the header."""
    return with_chunks(png, chunk(kind, body))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """Inserts whole chunks right after the header, in this order."""
    return png[:33] + b"".join(chunks) + png[33:]


def gamma_chunk(gamma: float) -> bytes:
    return chunk(b"gAMA", round(gamma * 100_000).to_bytes(4, "big"))


def primaries_chunk(primaries: Iterable[int]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8i", *primaries))


def profile_chunk(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"x\0\0" + zlib.compress(profile))


def numbers_chunk(primaries: int, transfer: int, *, matrix: int = 0, whole_range: int = 1) -> bytes:
    return chunk(b"cICP", bytes([primaries, transfer, matrix, whole_range]))


def with_gamma(picture: Image.Image, gamma: float) -> bytes:
    return with_chunks(encoded(picture, "PNG"), gamma_chunk(gamma))


def darkened(picture: Image.Image, exponent: float) -> Image.Image:
    return picture.point([round(255 * (level / 255) ** exponent) for level in range(256)] * 3)


def brightened_by_gamma(picture: Image.Image, gamma: float) -> Image.Image:
    """Returns what a screen makes of levels whose file states this gamma."""
    light = (np.asarray(picture) / 255) ** (1 / gamma)
    shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return Image.fromarray(np.round(255 * shown).astype(np.uint8))
