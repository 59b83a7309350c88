"""Loads photos that a package ships, so that anyone has them."""

from importlib.util import find_spec
from pathlib import Path

from bench.photos import photos
from PIL import Image


def _folder_of(package: str) -> Path:
    """Does not import it, which would take a second."""
    spec = find_spec(package)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent


_OF_SCIKIT_IMAGE = _folder_of("skimage") / "data"
PICTURES = sorted(
    path
    for folder in (_OF_SCIKIT_IMAGE, _folder_of("sklearn") / "datasets" / "images")
    for path in folder.iterdir()
    if path.suffix in {".jpg", ".png"}
)  # fmt: skip


def photo(name: str) -> Image.Image:
    (path,) = (path for path in PICTURES if path.parent == _OF_SCIKIT_IMAGE and path.stem == name)
    picture = Image.open(path).convert("RGB")
    # A gamma or a profile would be written into every file that is made of it.
    picture.info.clear()
    return picture


def reference_photo(folder: Path) -> Path:
    """An ordinary JPEG of 12 megapixels."""
    (path,) = photos(folder, "12", "JPEG", 1)
    return path
