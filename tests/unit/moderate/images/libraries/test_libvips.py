"""Plain PNGs: what libvips takes has the pixels that Pillow decodes, and it leaves the rest to Pillow."""

import os
import subprocess
import sys
import zlib
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest
from PIL import Image
from tests.helpers.support import encoded
from tests.hostile.images.making import photo

from moderate.images.libraries.libvips import UndecodablePng, bytes_kept, decode, load
from moderate.images.pictures import open_image
from moderate.images.png.file import Png
from moderate.images.png.reading import read

PATH = os.pathsep.join(sys.path)
SIZES = (1, 1), (1, 70), (70, 1), (33, 31), (32, 32), (31, 33), (320, 240)


def as_pillow_decodes_it(data: bytes) -> bytes | None:
    """Returns the pixels, or nothing if it refuses them."""
    with suppress(OSError, SyntaxError), open_image(data, "PNG") as image:
        return image.tobytes()
    return None


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("filter_kind", [*range(5), None])
def test_each_pixel_is_the_one_that_pillow_decodes(filter_kind: int | None, size: tuple[int, int], mode: str) -> None:
    data = encoded(Image.effect_noise(size, 99).convert(mode), "PNG")
    if filter_kind is not None:
        data = filtered(read(data), filter_kind).still()
    image = decode(data)
    assert (image.mode, image.size) == (mode, size)
    assert image.tobytes() == as_pillow_decodes_it(data)


def filtered(png: Png, kind: int) -> Png:
    """Returns the picture with the bytes of each row taken for what this filter makes of others."""
    rows = bytearray(zlib.decompress(b"".join(png.pixels[0])))
    length = png.unpacked((png.size[0], 1))
    rows[::length] = bytes([kind]) * png.size[1]
    return png.with_pixels(zlib.compress(rows))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_pixels_that_end_before_the_picture_does_are_left_to_pillow(share: float) -> None:
    png = read(encoded(Image.effect_noise((64, 64), 99).convert("RGB"), "PNG"))
    pixels = b"".join(png.pixels[0])
    with pytest.raises(UndecodablePng):
        decode(png.with_pixels(pixels[: int(len(pixels) * share)]).still())


def test_nothing_is_kept_of_a_picture(capfd: pytest.CaptureFixture[str]) -> None:
    png = read(encoded(photo("RGB", (320, 240)), "PNG"))
    decode(png.still())
    with pytest.raises(UndecodablePng):
        decode(png.with_pixels(png.pixels[0][0][:-100]).still())
    assert (load().vips_tracked_get_mem(), load().vips_tracked_get_allocs()) == (0, 0)
    assert capfd.readouterr() == ("", "")


HIGHEST_AFTER_EACH = """
import ctypes, io
from PIL import Image
from moderate.images.libraries.libvips import decode, load
highest = load().vips_tracked_get_mem_highwater
highest.restype = ctypes.c_size_t
for size in {sizes}:
    file = io.BytesIO()
    Image.new("RGBA", size).save(file, "PNG")
    decode(file.getvalue())
    print(highest())
"""


def test_it_takes_no_more_memory_than_it_says() -> None:
    sizes = [(1, 65_535), (100, 5000), (1000, 6000), (8000, 600), (30_000, 900)]
    script = HIGHEST_AFTER_EACH.format(sizes=sizes)
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, env={"PYTHONPATH": PATH})
    for (width, _), highest in zip(sizes, map(int, found.stdout.split()), strict=True):
        assert 0.5 * bytes_kept(width) < highest < bytes_kept(width)


def mutated(random: Random, png: Png) -> Png:
    """Returns the picture with a few bytes changed, left out or put in: of its rows, of their stream or its header."""
    where = random.choice(["rows", "stream", "header", "split"])
    stream = b"".join(png.pixels[0])
    if where == "split":
        cut = random.randrange(len(stream) + 1)
        return replace(png, pixels=[[stream[:cut], stream[cut:]]])
    if where == "header":
        return replace(png, single=png.single | {b"IHDR": changed(random, png.single[b"IHDR"], inserts=False)})
    if where == "rows":
        level = random.choice([0, 1, 6])
        return png.with_pixels(zlib.compress(changed(random, zlib.decompress(stream)), level, random.randint(9, 15)))
    return png.with_pixels(changed(random, stream))


def changed(random: Random, data: bytes, *, inserts: bool = True) -> bytes:
    changed = bytearray(data)
    for _ in range(random.randint(1, 3)):
        place = random.choice([random.randrange(len(changed) + 1), random.randrange(8), max(0, len(changed) - 5)])
        count = random.randint(0, 2)
        changed[place : place + count] = random.randbytes(random.randint(0, 2) if inserts else count)
    return bytes(changed)[: None if inserts else len(data)]


def test_of_mutated_pictures_libvips_takes_only_what_pillow_takes_and_decodes_it_alike() -> None:
    random, taken, refused = Random(29), 0, 0
    plain = [read(encoded(photo(mode, (33, 20)), "PNG")) for mode in ("RGB", "RGBA")]
    for _ in range(4000):
        png = mutated(random, random.choice(plain))
        if max(png.size) > 300 or not png.is_plain:
            continue
        data = png.still()
        try:
            pixels = decode(data).tobytes()
        except UndecodablePng:
            refused += 1
            continue
        taken += 1
        assert pixels == as_pillow_decodes_it(data), data.hex()
    assert min(taken, refused) > 500
