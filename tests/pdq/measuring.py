"""Hashes pictures and their variants, as the service does and as Meta's code does."""

import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tests.parity.reference import Pixels, theirs
from tests.pdq.variants import JPEGS, VARIANTS, as_bmp

from moderate.blocking.pdq import PdqHash, hash_of_points, luma_of, pdq_hash
from moderate.images.decode import decode

MOST_SIDE = 1024
"""In pixels. Larger pictures are made smaller first, so that their variants do not take hours."""

_ANY_SIZE = 224
_PAGE = "white"


@dataclass(frozen=True, slots=True)
class Measured:
    path: Path
    hash: PdqHash
    """That of a file of all pixels, as a list would have it."""
    variants: Mapping[str, PdqHash]
    same_as_theirs: int
    """For how many pictures, this one and its JPEGs, equal pixels have the hash and the quality of Meta's code."""
    from_theirs: int
    """The largest distance between our hash of a file and Meta's of its pixels, of the same pictures."""


@dataclass(frozen=True, slots=True)
class _Hashed:
    path: Path
    files: Mapping[str, PdqHash]
    pixels: Mapping[str, Pixels]
    """Those of which Meta's code is asked, too."""


def measure(paths: Sequence[Path]) -> list[Measured]:
    hashed = list(map(_hashed, paths))
    with tempfile.TemporaryDirectory() as folder:
        named = dict(_named(hashed))
        expected = theirs(named, Path(folder))
    return [_compared(number, each, expected) for number, each in enumerate(hashed)]


def distance(one: PdqHash, other: PdqHash) -> int:
    return (int.from_bytes(one.bits, "big") ^ int.from_bytes(other.bits, "big")).bit_count()


def _hashed(path: Path) -> _Hashed:
    picture = _opaque(path)
    made = {"": as_bmp(picture), **{name: make(picture) for name, make in VARIANTS.items()}}
    files = {name: hash_of_points(decode(data, _ANY_SIZE, points=True).points[0]) for name, data in made.items()}
    pixels = {name: np.array(Image.open(io.BytesIO(made[name])).convert("RGB")) for name in ("", *JPEGS)}
    return _Hashed(path, files, pixels)


def _opaque(path: Path) -> Image.Image:
    """Returns the picture's first frame on a page."""
    with Image.open(path) as image:
        shown = image.convert("RGBA")
    picture = Image.new("RGB", shown.size, _PAGE)
    picture.paste(shown, mask=shown)
    picture.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.LANCZOS)
    return picture


def _named(hashed: Sequence[_Hashed]) -> Iterator[tuple[str, Pixels]]:
    for number, each in enumerate(hashed):
        for name, pixels in each.pixels.items():
            yield f"{number} {name}", pixels


def _compared(number: int, hashed: _Hashed, expected: Mapping[str, PdqHash]) -> Measured:
    pairs = [(name, expected[f"{number} {name}"]) for name in hashed.pixels]
    return Measured(
        path=hashed.path,
        hash=hashed.files[""],
        variants={name: found for name, found in hashed.files.items() if name},
        same_as_theirs=sum(pdq_hash(luma_of(hashed.pixels[name])) == theirs for name, theirs in pairs),
        from_theirs=max(distance(hashed.files[name], theirs) for name, theirs in pairs),
    )
