"""Hashes pictures and their variants, as the service does and as Meta's code does."""

import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tests.parity.reference import Pixels, theirs
from tests.pdq.variants import VARIANTS, as_bmp

from moderate.blocking.pdq import PdqHash, hash_of_points, luma_of, pdq_hash
from moderate.images.decode import decode

MOST_SIDE = 1024
"""In pixels. Larger pictures are made smaller first, so that their variants do not take hours."""
ORIGINAL = "the picture itself"

_ANY_SIZE = 224
_PAGE = "white"


@dataclass(frozen=True, slots=True)
class Hashes:
    """Those of one file."""

    ours: PdqHash
    """What the service makes of the file."""
    theirs: PdqHash
    """What Meta's code makes of all its pixels."""
    is_same: bool
    """Whether ours has the same hash and quality for all its pixels, bit for bit."""

    @property
    def apart(self) -> int:
        return distance(self.ours, self.theirs)


@dataclass(frozen=True, slots=True)
class Measured:
    path: Path
    original: Hashes
    variants: Mapping[str, Hashes]

    @property
    def all(self) -> Sequence[Hashes]:
        return [self.original, *self.variants.values()]


def measure(paths: Sequence[Path]) -> list[Measured]:
    files = [_files(path) for path in paths]
    with tempfile.TemporaryDirectory() as folder:
        pixels = {f"{number} {name}": _pixels(data) for number, name, data in _each(files)}
        expected = theirs(pixels, Path(folder))
    hashes: list[dict[str, Hashes]] = [{} for _ in files]
    for number, name, data in _each(files):
        key = f"{number} {name}"
        ours = hash_of_points(decode(data, _ANY_SIZE, points=True).points[0])
        hashes[number][name] = Hashes(ours, expected[key], pdq_hash(luma_of(pixels[key])) == expected[key])
    return [
        Measured(path, found[ORIGINAL], {name: found[name] for name in VARIANTS})
        for path, found in zip(paths, hashes, strict=True)
    ]


def distance(one: PdqHash, other: PdqHash) -> int:
    return (int.from_bytes(one.bits, "big") ^ int.from_bytes(other.bits, "big")).bit_count()


def _files(path: Path) -> dict[str, bytes]:
    picture = _opaque(path)
    return {ORIGINAL: as_bmp(picture), **{name: make(picture) for name, make in VARIANTS.items()}}


def _each(files: Sequence[Mapping[str, bytes]]) -> Iterator[tuple[int, str, bytes]]:
    for number, made in enumerate(files):
        for name, data in made.items():
            yield number, name, data


def _pixels(data: bytes) -> Pixels:
    return np.array(Image.open(io.BytesIO(data)).convert("RGB"))


def _opaque(path: Path) -> Image.Image:
    """Returns the picture's first frame on a page."""
    with Image.open(path) as image:
        shown = image.convert("RGBA")
    picture = Image.new("RGB", shown.size, _PAGE)
    picture.paste(shown, mask=shown)
    picture.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.LANCZOS)
    return picture
