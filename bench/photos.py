"""Makes the photos for all measurements from ten photos that PyPI packages ship: enlarged, with noise, and re-encoded.

An enlarged photo is smoother than a camera's and too easy to decode, so it is given simulated sensor noise from a
fixed seed. PNGs get none, because a PNG of 12 MP would exceed the API's size limit.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

SIZES = {"0.05": (256, 192), "1": (1152, 864), "12": (4000, 3000)}
"""Maps megapixels to width and height."""
FORMATS: dict[str, dict[str, int]] = {"JPEG": {"quality": 85}, "PNG": {"compress_level": 6}, "WEBP": {"quality": 80}}

_SHIPPED = {
    "skimage": (
        *("data/astronaut.png", "data/chelsea.png", "data/coffee.png", "data/hubble_deep_field.jpg", "data/ihc.png"),
        *("data/motorcycle_left.png", "data/retina.jpg", "data/rocket.jpg"),
    ),
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
}
_ASPECT = 4 / 3
_NOISE = 5.0


def photos(folder: Path, megapixels: str, image_format: str, count: int) -> list[Path]:
    """Returns `count` different photos, at most ten."""
    return [_make_photo(folder, source, megapixels, image_format) for source in _find_sources()[:count]]


def _find_sources() -> list[Path]:
    found = []
    for package, names in _SHIPPED.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise FileNotFoundError(f"{package} is not installed. Run `make setup`.")
        found += [Path(spec.origin).parent / name for name in names]
    # Everyday photos come first, for the measurements that use only three.
    return sorted(found, key=lambda path: (path.parent.name != "images", path.name))


def _make_photo(folder: Path, source: Path, megapixels: str, image_format: str) -> Path:
    path = folder / f"{source.stem}-{megapixels}mp.{image_format.lower()}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(source) as photo:
            enlarged = _crop(photo.convert("RGB")).resize(SIZES[megapixels], Image.Resampling.LANCZOS)
        made = enlarged if image_format == "PNG" else _add_noise(enlarged)
        made.save(path, image_format, **FORMATS[image_format])
    return path


def _crop(photo: Image.Image) -> Image.Image:
    width = min(photo.width, round(photo.height * _ASPECT))
    height = min(photo.height, round(photo.width / _ASPECT))
    left, top = (photo.width - width) // 2, (photo.height - height) // 2
    return photo.crop((left, top, left + width, top + height))


def _add_noise(photo: Image.Image) -> Image.Image:
    noise = np.random.default_rng(7).normal(0, _NOISE, (photo.height, photo.width, 1))
    return Image.fromarray(np.clip(np.asarray(photo) + noise, 0, 255).astype(np.uint8))
