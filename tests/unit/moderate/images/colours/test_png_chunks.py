"""What a PNG's chunks say about its colours, as far as any browser accepts it, is drawn.

What Chromium 156 and Firefox 153 make of each file here was looked at.
"""

import struct
import zlib

import pytest
from PIL import Image, ImageChops
from tests.helpers.colours import (
    PHOTO,
    SIZE,
    SRGB_PRIMARIES,
    SWAPPED_PRIMARIES,
    brightened_by_gamma,
    darkened,
    gamma_chunk,
    nearest,
    numbers_chunk,
    primaries_chunk,
    profile_chunk,
    with_chunks,
    with_gamma,
)
from tests.helpers.crafted import chunk
from tests.helpers.profiles import SRGB, SRGB_CURVE, UPSIDE_DOWN, gamma, grey_profile, rgb_profile
from tests.helpers.support import encoded

from moderate.images.decode import decode
from moderate.images.limits import UndecodableImage

PLAIN = encoded(PHOTO, "PNG")
NEGATIVE = ImageChops.invert(PHOTO)
INVERTED = rgb_profile(SRGB, UPSIDE_DOWN)
INVERTING = profile_chunk(INVERTED)
LINEAR = numbers_chunk(1, 8)
HALF = gamma_chunk(0.8)
SWAPPED = Image.merge("RGB", [PHOTO.getchannel(band) for band in "GBR"])
AS_LINEAR = brightened_by_gamma(PHOTO, 1)
AS_HALF = brightened_by_gamma(PHOTO, 0.8)
PALETTE = chunk(b"PLTE", bytes(range(9)))


def spoiled(made: bytes) -> bytes:
    """Returns a chunk with a wrong checksum."""
    return made[:-1] + bytes([made[-1] ^ 1])


def icc(packed: bytes, name: bytes = b"x") -> bytes:
    return chunk(b"iCCP", name + b"\0\0" + packed)


@pytest.mark.parametrize("exponent", [0.25, 4.0])
def test_a_picture_that_its_gamma_restores_is_seen(exponent: float) -> None:
    stored = darkened(PHOTO, exponent)
    assert nearest(brightened_by_gamma(stored, exponent / 2.2), with_gamma(stored, exponent / 2.2)) < 1


@pytest.mark.parametrize("value", [1 / 2.2, 0.45, 0.0])
def test_an_ordinary_gamma_changes_nothing(value: float) -> None:
    assert decode(with_gamma(PHOTO, value), SIZE) == decode(PLAIN, SIZE)


@pytest.mark.parametrize("value", [0.4, 0.5, 0.6, 1, 1.8])
def test_any_other_gamma_is_drawn(value: float) -> None:
    assert nearest(brightened_by_gamma(PHOTO, value), with_gamma(PHOTO, value)) < 1


SHOWN: dict[str, tuple[list[bytes], list[Image.Image]]] = {
    "cICP before iCCP": ([LINEAR, INVERTING], [AS_LINEAR]),
    "iCCP before cICP": ([INVERTING, LINEAR], [AS_LINEAR]),
    "cICP of unspecified colours": ([numbers_chunk(2, 2), INVERTING], [NEGATIVE]),
    "cICP of unknown primaries": ([numbers_chunk(200, 13), INVERTING], [NEGATIVE]),
    "cICP of a limited range": ([numbers_chunk(1, 8, whole_range=0), INVERTING], [NEGATIVE, AS_LINEAR]),
    "cICP behind the palette": ([PALETTE, LINEAR, INVERTING], [NEGATIVE, PHOTO]),
    "two cICP": ([LINEAR, numbers_chunk(1, 13)], [AS_LINEAR]),
    "short cICP": ([chunk(b"cICP", bytes([1, 8, 0])), INVERTING], [NEGATIVE]),
    "iCCP before gAMA": ([HALF, INVERTING], [NEGATIVE]),
    "iCCP that is no zlib stream": ([icc(b"garbage"), HALF], [AS_HALF]),
    "iCCP with a wrong checksum inside": ([icc(zlib.compress(INVERTED)[:-4] + bytes(4)), HALF], [NEGATIVE, AS_HALF]),
    "iCCP with a wrong checksum": ([spoiled(INVERTING), HALF], [NEGATIVE, AS_HALF]),
    "iCCP without its last byte": ([icc(zlib.compress(INVERTED)[:-1]), HALF], [NEGATIVE, AS_HALF]),
    "iCCP with a long name": ([icc(zlib.compress(INVERTED), b"n" * 80), HALF], [NEGATIVE, AS_HALF]),
    "iCCP of grey for colours": ([profile_chunk(grey_profile(gamma(2.2))), HALF], [PHOTO, AS_HALF]),
    "two iCCP alike": ([INVERTING, INVERTING], [NEGATIVE]),
    "two iCCP that differ": ([INVERTING, profile_chunk(rgb_profile(SRGB, SRGB_CURVE))], [NEGATIVE]),
    "iCCP behind a broken one": ([icc(b"garbage"), INVERTING], [NEGATIVE, PHOTO]),
    "gAMA beside sRGB": ([chunk(b"sRGB", b"\0"), HALF], [PHOTO, AS_HALF]),
    "two gAMA": ([HALF, gamma_chunk(1.8)], [AS_HALF]),
    "gAMA behind a short one": ([chunk(b"gAMA", b"\0"), HALF], [AS_HALF]),
    "gAMA behind one of 0": ([gamma_chunk(0), HALF], [AS_HALF]),
    "gAMA with a wrong checksum": ([spoiled(gamma_chunk(1.8))], [PHOTO]),
    "two cHRM": ([gamma_chunk(0.8), primaries_chunk(SRGB_PRIMARIES), primaries_chunk(SWAPPED_PRIMARIES)], [AS_HALF]),
    "cHRM of zeros": ([HALF, primaries_chunk([0] * 8)], [PHOTO, AS_HALF]),
    "cHRM of zeros alone": ([primaries_chunk([0] * 8)], [PHOTO]),
    "cHRM alone": ([primaries_chunk(SWAPPED_PRIMARIES)], [PHOTO]),
    "cHRM beside cICP": ([numbers_chunk(1, 13), HALF, primaries_chunk(SWAPPED_PRIMARIES)], [PHOTO]),
    "cHRM of swapped colours": ([gamma_chunk(0.45455), primaries_chunk(SWAPPED_PRIMARIES)], [SWAPPED]),
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_browsers_show_is_seen(name: str) -> None:
    """Each file is shown as one of these pictures by Chromium, and as the same or another by Firefox."""
    chunks, pictures = SHOWN[name]
    stored = with_chunks(PLAIN, *chunks)
    for picture in pictures:
        assert nearest(picture, stored) < 3


@pytest.mark.parametrize(
    "name", ["cHRM alone", "cHRM of zeros alone", "cHRM beside cICP", "gAMA with a wrong checksum"]
)
def test_what_no_browser_draws_is_not_drawn(name: str) -> None:
    assert decode(with_chunks(PLAIN, *SHOWN[name][0]), SIZE) == decode(PLAIN, SIZE)


@pytest.mark.parametrize("kind", [b"gAMA", b"iCCP", b"cICP", b"cHRM"])
def test_nothing_is_drawn_by_what_stands_behind_the_pixels(kind: bytes) -> None:
    late = {b"gAMA": gamma_chunk(5), b"iCCP": INVERTING, b"cICP": LINEAR, b"cHRM": primaries_chunk(SWAPPED_PRIMARIES)}
    assert decode(PLAIN[:-12] + late[kind] + PLAIN[-12:], SIZE) == decode(PLAIN, SIZE)


@pytest.mark.parametrize("body", [b"", b"x", b"x\0\0", b"x\0\1" + zlib.compress(INVERTED)[:50]])
def test_an_empty_profile_chunk_says_nothing(body: bytes) -> None:
    assert decode(with_chunks(PLAIN, chunk(b"iCCP", body)), SIZE) == decode(PLAIN, SIZE)


def with_fields(profile: bytes, levels: dict[int, int]) -> bytes:
    """Returns the profile with its length corrected and other bytes in these places."""
    changed = bytearray(profile)
    changed[:4] = len(profile).to_bytes(4)
    for place, level in levels.items():
        changed[place] = level
    return bytes(changed)


# Firefox passes over the first, and over an odd length in version 4 and a version of more than two parts.
PASSED_OVER = {
    "a short chunk": (grey_profile(gamma(1.9)), 91),
    "a long enough chunk": (grey_profile(gamma(1.9)), 92),
    "an odd length": (with_fields(grey_profile(gamma(1.9)) + b"\0", {8: 4}), 120),
    "a longer version": (with_fields(grey_profile(gamma(1.9)), {11: 1}), 120),
}


@pytest.mark.parametrize("name", PASSED_OVER)
def test_a_gamma_is_seen_beside_a_profile_that_a_browser_may_pass_over(name: str) -> None:
    profile, size = PASSED_OVER[name]
    grey, packed = PHOTO.convert("L"), zlib.compress(profile, 9)
    stored = with_chunks(encoded(grey, "PNG"), icc(packed, b"n" * (size - 2 - len(packed))), HALF)
    for exponent in (1 / 1.9, 0.8):
        assert nearest(brightened_by_gamma(grey.convert("RGB"), exponent), stored) < 1


def test_an_ordinary_gamma_beside_a_profile_is_not_drawn() -> None:
    profile = profile_chunk(rgb_profile(SRGB, gamma(1.9)))
    ordinary = [gamma_chunk(0.45455), primaries_chunk(SRGB_PRIMARIES)]
    assert decode(with_chunks(PLAIN, profile, *ordinary), SIZE) == decode(with_chunks(PLAIN, profile), SIZE)


@pytest.mark.parametrize("head", [0x881C, 0x7820], ids=["a large window", "a dictionary"])
def test_a_profile_that_no_browser_unpacks_says_nothing(head: int) -> None:
    packed = head.to_bytes(2) + zlib.compress(INVERTED)[2:]
    assert head % 31 == 0
    assert decode(with_chunks(PLAIN, icc(packed)), SIZE) == decode(PLAIN, SIZE)


def enlarged(size: int) -> bytes:
    """Returns the profile with zeros behind it, which count as its own."""
    return struct.pack(">I", size) + INVERTED[4:].ljust(size - 4, b"\0")


def test_a_profile_may_be_larger_than_libpng_unpacks() -> None:
    assert nearest(NEGATIVE, with_chunks(PLAIN, profile_chunk(enlarged(9_000_000)))) < 3


def test_more_than_the_profile_says_it_has_is_not_unpacked() -> None:
    assert nearest(NEGATIVE, with_chunks(PLAIN, profile_chunk(INVERTED + bytes(200_000_000)))) < 3


def test_a_profile_larger_than_any_file_is_refused() -> None:
    with pytest.raises(UndecodableImage, match="colour profile is larger than 16 MB"):
        decode(with_chunks(PLAIN, profile_chunk(enlarged(16_000_001))), SIZE)


@pytest.mark.parametrize(
    "primaries",
    [
        (31270, 32900, 10000, 10000, 20000, 20000, 30000, 30000),
        (31270, 32900, 30000, 60000, 30000, 60000, 15000, 6000),
        (31270, 0, 64000, 33000, 30000, 60000, 15000, 6000),
    ],
    ids=["in a line", "two alike", "no white"],
)
def test_primaries_that_span_no_colours_are_refused(primaries: tuple[int, ...]) -> None:
    with pytest.raises(UndecodableImage, match="Viewers interpret"):
        decode(with_chunks(PLAIN, HALF, primaries_chunk(primaries)), SIZE)


def test_a_file_that_contradicts_itself_too_often_is_refused() -> None:
    profiles = [rgb_profile(SRGB, gamma(exponent)) for exponent in (0.5, 1.0, 4.0, 8.0)]
    with pytest.raises(UndecodableImage, match="contradictory"):
        decode(with_chunks(PLAIN, *map(profile_chunk, profiles)), SIZE)
