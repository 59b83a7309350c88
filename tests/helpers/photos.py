"""Loads photos that a package ships, so that anyone has them."""

from pathlib import Path

import skimage
import sklearn
from bench.photos import photos
from PIL import Image
from skimage import data

PICTURES = sorted(
    path
    for folder in (Path(skimage.__file__).parent / "data", Path(sklearn.__file__).parent / "datasets" / "images")
    for path in folder.iterdir()
    if path.suffix in {".jpg", ".png"}
)  # fmt: skip


def photo(name: str) -> Image.Image:
    return Image.fromarray(getattr(data, name)()).convert("RGB")


def reference_photo(folder: Path) -> Path:
    """An ordinary JPEG of 12 megapixels."""
    (path,) = photos(folder, "12", "JPEG", 1)
    return path
