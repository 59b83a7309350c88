"""Image files as drafts that mutations change before they are written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any, Protocol

import numpy as np
from PIL import Image
from tests.helpers.photos import photo
from tests.helpers.support import MOSAICS

SELDOM = 0.4


class Draft(Protocol):
    def file(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of a draft's structure."""

    name: str
    apply: Callable[[Any, Random], None]
    fault: str = ""
    """The kind of fault that this change is most likely to show."""

    weight: float = 1.0
    """How often it is made. What mostly spoils a file says little, and is made seldom."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A format, what its files start as, and what may be done to them."""

    name: str
    extension: str
    draft: Callable[[Random, int], Draft]
    mutations: Sequence[Mutation]
    weight: int
    sides: Sequence[int] = (32, 40, 48, 64, 64, 96, 128)


@dataclass
class Tail:
    """What is cut from a finished file, and what follows it."""

    cut: float = 1.0
    after: bytes = b""
    flips: list[tuple[float, int]] = field(default_factory=list)

    def applied(self, data: bytes) -> bytes:
        out = bytearray(data[: max(16, int(len(data) * self.cut))])
        for place, bit in self.flips:
            out[min(len(out) - 1, 12 + int(len(out) * place))] ^= 1 << bit
        return bytes(out) + self.after


def truncate(draft: Any, random: Random) -> None:
    draft.tail.cut = random.choice([0.3, 0.6, 0.9, 0.98, 0.999])


def append(draft: Any, random: Random) -> None:
    draft.tail.after += random.choice([b"\0", b"\0" * 64, b"hello", random.randbytes(40), draft.file()])


def flip(draft: Any, random: Random) -> None:
    draft.tail.flips += [(random.random(), random.randrange(8)) for _ in range(random.choice([1, 1, 3]))]


ANYWHERE = (
    Mutation("truncate", truncate, weight=SELDOM),
    Mutation("trailing data", append),
    Mutation("bit flips", flip, weight=SELDOM),
)


def picture(random: Random, side: int) -> Image.Image:
    """A photo, a mosaic or a pattern, `side` pixels at its longer side."""
    narrow = random.choice([1, 1, 1, 1, random.uniform(0.4, 1), random.uniform(0.4, 1), random.uniform(0.02, 0.4)])
    size = (side, max(1, round(side * narrow)))
    if random.random() < 0.5:
        size = size[::-1]
    kind = random.choice(["photo", "photo", "mosaic", "blocks", "gradient"])
    if kind == "photo":
        source = _photo(random.choice(["astronaut", "chelsea", "coffee", "rocket"]))
        width = random.randint(min(source.size) // 3, min(source.size))
        left, top = random.randint(0, source.width - width), random.randint(0, source.height - width)
        return source.crop((left, top, left + width, top + width)).resize(size, Image.Resampling.LANCZOS)
    if kind == "mosaic":
        return _mosaic(random.choice(["porn", "hentai", "neutral", "sexy"])).resize(size, Image.Resampling.BOX)
    numbers = np.random.default_rng(random.getrandbits(32))
    if kind == "blocks":
        blocks = numbers.integers(0, 256, (random.randint(2, 8), random.randint(2, 8), 3), np.uint8)
        return Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST)
    corners = numbers.integers(0, 256, (2, 2, 3), np.uint8)
    return Image.fromarray(corners).resize(size, Image.Resampling.BILINEAR)


def alpha(random: Random, shape: tuple[int, int]) -> Any:
    """How opaque each pixel is: nowhere alike, in one of several patterns."""
    height, width = shape
    numbers = np.random.default_rng(random.getrandbits(32))
    kind = random.choice(["ramp", "cells", "key", "noise", "faint"])
    if kind == "ramp":
        return np.broadcast_to(np.linspace(0, 255, width), shape).astype(np.uint8)
    if kind == "noise":
        return numbers.integers(0, 256, shape, np.uint8)
    if kind == "faint":
        return np.full(shape, random.choice([1, 60, 128, 200, 250]), np.uint8)
    cells = numbers.integers(0, 2 if kind == "key" else 256, (random.randint(2, 16), random.randint(2, 16)), np.uint8)
    cells = cells * 255 if kind == "key" else cells
    return np.asarray(Image.fromarray(cells).resize((width, height), Image.Resampling.NEAREST))


def seen_on_grey(random: Random, levels: Any) -> tuple[Any, Any]:
    """Colours and alpha that are `levels` on a grey page alone: on white and black, cells hide them."""
    height, width = levels.shape[:2]
    numbers = np.random.default_rng(random.getrandbits(32))
    cell = random.choice([1, 2, 4, 8])
    clear = numbers.random((-(-height // cell), -(-width // cell))) * random.choice([0.6, 0.9])
    opaque = 1 - np.kron(clear, np.ones((cell, cell)))[:height, :width, np.newaxis]
    colours = 128 + (levels.astype(float) - 128) * opaque.min() / opaque
    return np.clip(np.round(colours), 0, 255).astype(np.uint8), np.round(255 * opaque[:, :, 0]).astype(np.uint8)


@cache
def _photo(name: str) -> Image.Image:
    return photo(name)


@cache
def _mosaic(name: str) -> Image.Image:
    with Image.open(MOSAICS / f"{name}.png") as image:
        return image.convert("RGB")
