"""Colour profiles, ordinary and hostile, and what may be wrong with them."""

import struct
from random import Random

from tests.helpers.profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    SRGB,
    SRGB_CURVE,
    UPSIDE_DOWN,
    curve,
    gamma,
    grey_profile,
    rgb_profile,
    table_profile,
    tags_of,
    with_tags,
)

PRIMARIES = (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22)
TRANSFERS = (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
PROPHOTO = ((0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249))
SWAPPED = SRGB[1:] + SRGB[:1]


def colours(random: Random) -> bytes:
    """A sound profile of RGB colours, or of greys."""
    brightness = random.choice(
        [SRGB_CURVE, SRGB_CURVE, UPSIDE_DOWN, *map(gamma, (1.0, 1.4, 1.8, 2.2, 2.6, 4.0)), curve([0, 65535]),
         curve([0] * 128 + [65535] * 128), curve([65535 * n // 15 for n in range(16)])]
    )  # fmt: skip
    what = random.random()
    if what < 0.1:
        return grey_profile(brightness)
    if what < 0.2:
        return table_profile(b"RGB ", [(255 - 85 * n.bit_count(), 128, 128) for n in range(8)])
    return rgb_profile(random.choice([SRGB, SRGB, DISPLAY_P3, ADOBE_RGB, PROPHOTO, SWAPPED]), brightness)


def inks(random: Random) -> bytes:
    corners = [(255 - 60 * n.bit_count(), random.choice([60, 128, 200]), 128) for n in range(16)]
    return table_profile(b"CMYK", [(max(0, light), a, b) for light, a, b in corners])


def cicp(random: Random) -> bytes:
    """Primaries, transfer, matrix and range by number."""
    return bytes([random.choice(PRIMARIES), random.choice(TRANSFERS), 0, random.choice([1, 1, 1, 0])])


def with_cicp_tag(profile: bytes, random: Random) -> bytes:
    tagged = with_tags(profile, [*tags_of(profile), (b"cicp", b"cicp\0\0\0\0" + cicp(random))])
    return tagged[:8] + random.choice([b"\x04\x40\0\0", b"\x04\x20\0\0", b"\x02\x10\0\0"]) + tagged[12:]


def tampered(profile: bytes, random: Random) -> bytes:
    """`profile` with one thing wrong with it."""
    tags = tags_of(profile)
    match random.randrange(11):
        case 0:
            return profile[: random.randrange(len(profile))]
        case 1:
            return profile[:36] + b"ACSP" + profile[40:]
        case 2:
            return struct.pack(">I", random.choice([0, 128, len(profile) + 1, len(profile) - 1])) + profile[4:]
        case 3:
            return with_tags(profile, [tag for tag in tags if tag[0] != random.choice(tags)[0]])
        case 4:
            return with_tags(profile, [*tags, random.choice(tags)])
        case 5:
            name, content = random.choice(tags)
            return with_tags(profile, [(name, UPSIDE_DOWN if content[:4] == b"curv" else content), *tags])
        case 6:
            return profile[:12] + random.choice([b"scnr", b"prtr", b"link", b"abst", b"spac"]) + profile[16:]
        case 7:
            return profile[:16] + random.choice([b"GRAY", b"CMYK", b"Lab ", b"RGB "]) + profile[20:]
        case 8:
            return profile[:8] + bytes([random.choice([1, 3, 4, 5, 9])]) + profile[9:]
        case 9:
            return profile + bytes(random.choice([1, 1000]))
        case _:
            at = random.randrange(128, len(profile))
            return profile[:at] + random.randbytes(1) + profile[at + 1 :]


def any_profile(random: Random) -> bytes:
    profile = colours(random)
    return tampered(profile, random) if random.random() < 0.3 else profile


def numbered(random: Random) -> bytes:
    """A profile with a tag that names its colours by number, which newer viewers prefer."""
    return with_cicp_tag(colours(random), random)
