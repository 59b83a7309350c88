"""Looks for HEICs that others show otherwise than they are judged, among mutants of those in folders.

`python -m tests.second_decoder.mutate FOLDER...` compares each mutant that is judged with what libheif makes of the
whole file, and ffmpeg of its streams. Files that differ are left in .build/heic-mutants.
"""

import argparse
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tests.helpers.avif import nclx
from tests.helpers.heic import aperture, coded, deep, grid, grid_of, heic, item, turn
from tests.helpers.support import encoded
from tests.second_decoder.__main__ import by_ffmpeg
from tests.second_decoder.mutants import mutant

from moderate.images.decode import decode
from moderate.images.formats import is_heif
from modest.errors import PublicError

_SIDE = 64
_MOST_APART = 8
"""In levels of 255, in the mean."""
_LARGEST = 200_000
_FOUND = Path(".build/heic-mutants")
# What reading a damaged file and putting it together again raises.
_NO_MUTANT = (PublicError, ValueError, IndexError, KeyError, StopIteration, struct.error, OverflowError)
Views = Sequence[NDArray[np.int64]]


class Libheif:
    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def png(self, data: bytes) -> bytes:
        """Returns a picture, or nothing if there is none."""
        if not self._process or self._process.poll() is not None:
            command = [sys.executable, "-m", "tests.second_decoder.whole"]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(struct.pack(">I", len(data)) + data)
            self._process.stdin.flush()
            length = self._process.stdout.read(4)
            return self._process.stdout.read(*struct.unpack(">I", length)) if length else b""
        except BrokenPipeError:
            return b""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.second_decoder.mutate", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", default="0")
    given = parser.parse_args()
    random, libheif, counted = Random(given.seed), Libheif(), Counter[str]()
    files = [path.read_bytes() for folder in given.folders for path in sorted(folder.rglob("*")) if path.is_file()]
    seeds = _made() * max(1, len(files) // 8) + [data for data in files if is_heif(data) and len(data) <= _LARGEST]
    _FOUND.mkdir(parents=True, exist_ok=True)
    while counted["mutants"] < given.count:
        with suppress(*_NO_MUTANT):
            change, data = mutant(random.choice(seeds), random)
            counted["mutants"] += 1
            counted.update(_compared(data, f"{given.seed}-{counted['mutants']}-{change[:80]}", libheif))
    print(dict(counted))
    return int(any(found.startswith("differ") for found in counted))


def _compared(data: bytes, name: str, libheif: Libheif) -> Sequence[str]:
    """Returns what to count."""
    if not is_heif(data) or not (judged := _views(data)):
        return ["refused"]
    counts = ["judged"]
    for other, png in (("libheif", libheif.png(data)), ("ffmpeg", _by_ffmpeg(data))):
        if shown := _views(png):
            counts.append(f"compared with {other}")
            apart = max(min(np.abs(view - each).mean() for each in judged) for view in shown)
            if apart > _MOST_APART:
                counts.append(f"differ from {other}")
                print(f"{apart:6.1f} {other:8} {name}")
                (_FOUND / f"{name}.heic").write_bytes(data)
    return counts


def _by_ffmpeg(data: bytes) -> bytes:
    try:
        return by_ffmpeg(data)
    except (subprocess.CalledProcessError, ValueError):
        return b""


def _views(data: bytes) -> Views:
    try:
        return [np.frombuffer(view, np.uint8).astype(np.int64) for view in decode(data, _SIDE).views]
    except PublicError:
        return []


def _made() -> list[bytes]:
    """Returns files of many kinds that the tests' encoder makes."""
    picture = Image.merge("RGB", [Image.linear_gradient("L").rotate(quarter) for quarter in (0, 90, 180)])
    picture = picture.resize((96, 64))
    plain, teal = coded(picture), coded(Image.new("RGB", picture.size, "teal"))
    in_slices = {"preset": "ultrafast", "x265:slices": "2"}
    return [
        encoded(picture, "HEIF", exif=None),
        encoded(picture.convert("RGBA").rotate(30), "HEIF", exif=None),
        encoded(picture.convert("L"), "HEIF", exif=None),
        encoded(picture, "HEIF", quality=-1, chroma=444, matrix_coefficients=0, exif=None),
        encoded(picture.resize((192, 128)), "HEIF", exif=None, enc_params=in_slices),
        deep(picture, chroma=444),
        deep(picture, chroma=422),
        grid_of(plain, 3, 3, turn(1)),
        heic([item(plain, aperture(50, 50), turn(1), nclx(9, 16))]),
        heic([grid((192, 64), 2, [2, 3]), item(plain), item(teal)]),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
