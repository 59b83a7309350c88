"""The photos that everything is measured on: ten that PyPI packages ship, enlarged, grained and encoded anew.

Enlarging leaves a photo smoother than a camera would, which makes it too easy to decode: so it gets a sensor's grain,
from a fixed seed. PNGs go without, or one of 12 MP would be larger than the API takes.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

SIZES = {"0.05": (256, 192), "1": (1152, 864), "12": (4000, 3000)}
"""Megapixels, and the width and height that come to them."""
FORMATS: dict[str, dict[str, int]] = {"JPEG": {"quality": 85}, "PNG": {"compress_level": 6}, "WEBP": {"quality": 80}}

_SHIPPED = {
    "skimage": (
        *("data/astronaut.png", "data/chelsea.png", "data/coffee.png", "data/hubble_deep_field.jpg", "data/ihc.png"),
        *("data/motorcycle_left.png", "data/retina.jpg", "data/rocket.jpg"),
    ),
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
}
_ASPECT = 4 / 3
_GRAIN = 5.0


def photos(folder: Path, megapixels: str, image_format: str, count: int) -> list[Path]:
    """`count` different ones, at most ten."""
    return [_made(folder, source, megapixels, image_format) for source in _sources()[:count]]


def _sources() -> list[Path]:
    found = []
    for package, names in _SHIPPED.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise FileNotFoundError(f"{package} is not installed: run `make setup`")
        found += [Path(spec.origin).parent / name for name in names]
    # Photos of everyday things first, for the measurements that take three.
    return sorted(found, key=lambda path: (path.parent.name != "images", path.name))


def _made(folder: Path, source: Path, megapixels: str, image_format: str) -> Path:
    path = folder / f"{source.stem}-{megapixels}mp.{image_format.lower()}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(source) as photo:
            enlarged = _cropped(photo.convert("RGB")).resize(SIZES[megapixels], Image.Resampling.LANCZOS)
        made = enlarged if image_format == "PNG" else _grained(enlarged)
        made.save(path, image_format, **FORMATS[image_format])
    return path


def _cropped(photo: Image.Image) -> Image.Image:
    width = min(photo.width, round(photo.height * _ASPECT))
    height = min(photo.height, round(photo.width / _ASPECT))
    left, top = (photo.width - width) // 2, (photo.height - height) // 2
    return photo.crop((left, top, left + width, top + height))


def _grained(photo: Image.Image) -> Image.Image:
    grain = np.random.default_rng(7).normal(0, _GRAIN, (photo.height, photo.width, 1))
    return Image.fromarray(np.clip(np.asarray(photo) + grain, 0, 255).astype(np.uint8))
