"""A picture is judged alike whatever was decoded before it in the same process: nothing of one reaches the next."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from random import Random

import numpy as np
from PIL import Image
from tests.helpers.crafted import animated, film
from tests.helpers.profiles import ADOBE_RGB, DISPLAY_P3, SRGB, UPSIDE_DOWN, curve, gamma, grey_profile, rgb_profile
from tests.helpers.support import attempt, encoded
from tests.helpers.waiting import HANGS_SECONDS

from moderate.images.decoded import Picture
from moderate.images.room import NeedsRoom
from moderate.images.sandbox.pool import Decoder
from modest.errors import PublicError

SIZE = 33
SIDES = (1, 7, 32, 33, 98, 99, 100, 331, 640)
BENT = curve([round(65_535 * (level / 255) ** 2.2) for level in range(256)])
PROFILES = [
    *(
        rgb_profile(colours, each)
        for colours in (SRGB, DISPLAY_P3, ADOBE_RGB)
        for each in (gamma(1.8), BENT, UPSIDE_DOWN)
    ),
    grey_profile(gamma(1.0)),
]
OPTIONS = {"JPEG": {}, "PNG": {"compress_level": 1}, "WEBP": {"lossless": True, "method": 0}, "AVIF": {"speed": 10}}
LARGE = encoded(Image.new("RGB", (1800, 1800)), "PNG", compress_level=1)


def pictures(count: int) -> Iterator[bytes]:
    """Yields pictures of all formats, some of which are alike but for one byte of a profile or broken off."""
    draw, noise = Random(0), np.random.default_rng(0)
    for number in range(count):
        if number % 10 == 0:
            yield animated(film(3, 32), draw.choice(["GIF", "PNG", "WEBP"]), [40] * 3)
            continue
        kind, size = draw.choice([*OPTIONS]), (draw.choice(SIDES), draw.choice(SIDES))
        mode = draw.choice(["L", "RGB"] if kind == "JPEG" else ["RGB", "RGBA"])
        levels = noise.integers(0, 256, (5, 5, 4)).astype(np.uint8)
        exif = Image.Exif()
        exif[0x0112] = draw.randint(1, 8)
        profile = bytearray(draw.choice(PROFILES))
        profile[-draw.randint(1, 100)] ^= draw.choice([0, 1, 128])
        picture = Image.fromarray(levels).resize(size).convert(mode)
        data = encoded(picture, kind, exif=exif, icc_profile=bytes(profile), **OPTIONS[kind])
        yield data[: draw.randrange(len(data))] if number % 7 == 0 else data


def outcomes(files: Sequence[bytes], order: Sequence[int]) -> dict[int, object]:
    """Returns what one new process makes of each file, in this order."""
    decoder, found = Decoder(1, max_seconds=HANGS_SECONDS), {}
    try:
        for turn, number in enumerate(order):
            if turn % 5 == 0:
                with suppress(NeedsRoom):
                    decoder.decode(LARGE, SIZE, room=1)
            outcome = attempt(partial(decoder.decode, files[number], SIZE, points=True))
            found[number] = _comparable(outcome)
    finally:
        decoder.close()
    return found


def _comparable(outcome: Picture | PublicError) -> object:
    if isinstance(outcome, Picture):
        return outcome, outcome.points
    return type(outcome), outcome.message, outcome.detail


def test_a_picture_is_judged_alike_whatever_was_decoded_before_it() -> None:
    files = list(pictures(150))
    order = Random(1).sample(range(len(files)), len(files))
    with ThreadPoolExecutor() as pool:
        one, other = pool.map(partial(outcomes, files), (order, order[::-1]))
    assert one == other
    assert sum(isinstance(each, tuple) and isinstance(each[0], Picture) for each in one.values()) > len(files) / 2
