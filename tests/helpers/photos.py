"""Loads photos that a package ships, so that anyone has them."""

from pathlib import Path

from bench.photos import photos
from PIL import Image
from skimage import data


def photo(name: str) -> Image.Image:
    return Image.fromarray(getattr(data, name)()).convert("RGB")


def reference_photo(folder: Path) -> Path:
    """An ordinary JPEG of 12 megapixels."""
    (path,) = photos(folder, "12", "JPEG", 1)
    return path
