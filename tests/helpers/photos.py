"""Loads photos that a package ships, so that anyone has them."""

from PIL import Image
from skimage import data


def photo(name: str) -> Image.Image:
    return Image.fromarray(getattr(data, name)()).convert("RGB")
