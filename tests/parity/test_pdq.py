"""Our PDQ has the bits and the quality that the package pdqhash computes with Meta's code. `make parity` runs this."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.helpers.photos import PICTURES, photo
from tests.parity.conftest import Report
from tests.parity.reference import Pixels, theirs
from tests.unit.moderate.blocking.test_pdq import REFERENCE

from moderate.blocking.pdq import luma_of, pdq_hash

SIZES = [(512, 512), (300, 200), (640, 480), (64, 64), (127, 128), (129, 256), (1000, 7), (7, 1000), (65, 63), (5, 5)]


def made() -> dict[str, Pixels]:
    """Photos in sizes that need other windows, pictures without contours, noise, and such as are too small."""
    pictures: dict[str, Pixels] = {
        name: np.full((200, 300, 3), level, np.uint8) for name, level in [("black", 0), ("grey", 77), ("white", 255)]
    }
    for number, path in enumerate(PICTURES):
        picture = Image.open(path).convert("RGB")
        pictures |= {
            f"{number} at {width} x {height}": np.array(picture.resize((width, height))) for width, height in SIZES
        }
        pictures[f"{number}"] = np.array(picture)
    generator = np.random.default_rng(0)
    for number in range(500):
        height, width = generator.integers(1, 300, 2)
        pictures[f"noise {number}"] = generator.integers(0, 256, (height, width, 3), np.uint8)
    return pictures


def test_equal_pixels_have_equal_hashes_bit_for_bit(tmp_path: Path, report: Report) -> None:
    pictures = made()
    expected = theirs(pictures, tmp_path)
    others = [name for name, pixels in pictures.items() if pdq_hash(luma_of(pixels)) != expected[name]]
    report(f"pdqhash: {len(pictures)} pictures, {len(others)} with another hash or quality")
    assert len(pictures) >= 800
    assert not others


@pytest.mark.parametrize("name", REFERENCE)
def test_the_hashes_that_the_other_tests_know_are_the_packages(name: str, tmp_path: Path) -> None:
    (found,) = theirs({name: np.array(photo(name))}, tmp_path).values()
    assert (found.bits.hex(), found.quality) == REFERENCE[name]
