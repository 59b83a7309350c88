"""Colour profiles, ordinary and hostile, and what may be wrong with them."""

import struct
from collections.abc import Callable, Sequence
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

# As ITU-T H.273 numbers them.
PRIMARIES = (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22)
TRANSFERS = (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
HDR = (16, 18)
_PROPHOTO = ((0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249))
_SWAPPED = (*SRGB[1:], SRGB[0])
_CURVES = ("rTRC", "gTRC", "bTRC")


def colours(random: Random) -> bytes:
    """A sound profile of RGB colours, or of greys."""
    what = random.random()
    if what < 0.1:
        return grey_profile(_brightness(random))
    if what < 0.25:
        return _table(random)
    primaries = random.choice([SRGB, SRGB, DISPLAY_P3, ADOBE_RGB, _PROPHOTO, _SWAPPED])
    profile = rgb_profile(primaries, _brightness(random))
    if what < 0.4:
        other = {random.choice(_CURVES).encode(): _brightness(random)}
        profile = with_tags(profile, [(name, other.get(name, tag)) for name, tag in tags_of(profile)])
    if what < 0.5:
        profile = with_tags(profile, [*tags_of(profile), (b"A2B1", tags_of(_table(random))[0][1])])
    if random.random() < 0.3:
        profile = profile[:8] + b"\x04\x30\0\0" + profile[12:64] + struct.pack(">I", random.randrange(4)) + profile[68:]
    return profile


def _brightness(random: Random) -> bytes:
    return random.choice([_simple_curve, _simple_curve, _parametric])(random)


def _simple_curve(random: Random) -> bytes:
    usual = [SRGB_CURVE, SRGB_CURVE, curve([]), *map(gamma, (1.8, 2.2, 2.4))]
    odd = [UPSIDE_DOWN, *map(gamma, (0.3, 1.0, 1.4, 2.6, 4.0)), curve([0, 65535]), curve([0] * 128 + [65535] * 128)]
    odd += [curve([65535 * n // 15 for n in range(16)]), curve([random.randrange(65536) for _ in range(9)])]
    return random.choice(usual if random.random() < 0.5 else odd)


def _parametric(random: Random) -> bytes:
    """Each kind of curve that is given by a formula, near the one of sRGB."""
    kind = random.randrange(5)
    values = ([2.2], [2.2, 1, 0], [2.2, 0.9, 0.1, 0], [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045],
              [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0, 0])[kind]  # fmt: skip
    changed = [value * random.choice([1, 1, 0.5, 1.5]) for value in values]
    numbers = (max(-(1 << 31), round(value * 65536)) for value in changed)
    return b"para\0\0\0\0" + struct.pack(f">HH{len(values)}i", kind, 0, *numbers)


def _table(random: Random) -> bytes:
    """Colours by a table: negatives, and tints, of 8 bits, of 16, or with curves before and behind it."""
    dark = random.random() < 0.5
    corners = [
        (255 - 85 * n.bit_count() if dark else 85 * n.bit_count(), random.choice([90, 128, 128]), 128) for n in range(8)
    ]
    profile = table_profile(b"RGB ", corners)
    make = random.choice([None, _wide_table, _curved_table, _late_table])
    if make is None:
        return profile
    tags = [(name, make(corners, random) if name == b"A2B0" else tag) for name, tag in tags_of(profile)]
    return with_tags(profile[:8] + b"\x04\x30\0\0" + profile[12:], tags)


_Corners = Sequence[tuple[int, int, int]]


def _wide_table(corners: _Corners, _: Random) -> bytes:
    identity = struct.pack(">9i", *(65536 * (row == column) for row in range(3) for column in range(3)))
    ramp = struct.pack(">2H", 0, 65535)
    levels = b"".join(struct.pack(">3H", *(level * 256 for level in corner)) for corner in corners)
    return b"mft2\0\0\0\0\3\3\2\0" + identity + struct.pack(">HH", 2, 2) + ramp * 3 + levels + ramp * 3


def _curved_table(corners: _Corners, _: Random) -> bytes:
    line = curve([])
    table = bytes([2, 2, 2]) + bytes(13) + b"\1\0\0\0" + bytes(level for corner in corners for level in corner)
    first, second = line * 3, line * 3
    head = b"mAB \0\0\0\0\3\3\0\0" + struct.pack(">5I", 32, 0, 0, 32 + len(first), 32 + len(first) + len(table))
    return head + first + table + second


def _late_table(corners: _Corners, random: Random) -> bytes:
    """A table with a matrix behind it, and mostly without some of its parts."""
    curves = 3 * (gamma(random.choice([1.0, 1.0, 1.4])) + bytes(2))
    width = random.choice([1, 2])
    levels = b"".join((level * 257).to_bytes(2)[:width] for corner in corners for level in corner)
    numbers = (random.choice([0.1, 0.2, 0.3, 0.3, 0.5]) if at < 9 else random.choice([0, 0, 0.1]) for at in range(12))
    parts = {
        "last": curves,
        "matrix": struct.pack(">12i", *(round(65536 * number) for number in numbers)),
        "middle": curves,
        "nodes": bytes([2, 2, 2]).ljust(16, b"\0") + bytes([width, 0, 0, 0]) + levels,
        "first": curves,
    }
    dropped = random.choice([(), (), ("matrix", "middle"), ("nodes", "first"), random.sample(list(parts), 2)])
    places, content = [], b""
    for name, part in parts.items():
        places.append(0 if name in dropped else 32 + len(content))
        content += b"" if name in dropped else part
    return b"mAB \0\0\0\0\3\3\0\0" + struct.pack(">5I", *places) + content


def inks(random: Random) -> bytes:
    corners = [(255 - 60 * n.bit_count(), random.choice([60, 128, 200]), 128) for n in range(16)]
    return table_profile(b"CMYK", [(max(0, light), a, b) for light, a, b in corners])


def cicp(random: Random) -> bytes:
    """Primaries, transfer, matrix and range by number."""
    return bytes([random.choice(PRIMARIES), random.choice(TRANSFERS), 0, random.choice([1, 1, 1, 0])])


def numbered(random: Random, numbers: bytes = b"") -> bytes:
    """A profile with a tag that names its colours by number, which newer viewers prefer."""
    profile = colours(random)
    tagged = with_tags(profile, [*tags_of(profile), (b"cicp", b"cicp\0\0\0\0" + (numbers or cicp(random)))])
    return tagged[:8] + random.choice([b"\x04\x40\0\0", b"\x04\x20\0\0", b"\x02\x10\0\0"]) + tagged[12:]


def any_profile(random: Random) -> bytes:
    profile = colours(random)
    return tampered(profile, random) if random.random() < 0.3 else profile


def tampered(profile: bytes, random: Random) -> bytes:
    """`profile` with one thing wrong with it."""
    return random.choice(_TAMPERINGS)(profile, random)


def _cut(profile: bytes, random: Random) -> bytes:
    return profile[: random.randrange(len(profile))]


def _unsigned(profile: bytes, random: Random) -> bytes:
    return profile[:36] + random.choice([b"ACSP", bytes(4)]) + profile[40:]


def _sized(profile: bytes, random: Random) -> bytes:
    size = random.choice([0, 128, len(profile) + 1, len(profile) - 1])
    return struct.pack(">I", size) + profile[4:]


def _without_a_tag(profile: bytes, random: Random) -> bytes:
    tags = tags_of(profile)
    dropped = random.choice(tags)
    return with_tags(profile, [tag for tag in tags if tag is not dropped])


def _with_a_tag_twice(profile: bytes, random: Random) -> bytes:
    tags = tags_of(profile)
    name, content = random.choice(tags)
    again = (name, UPSIDE_DOWN if content[:4] == b"curv" else content)
    return with_tags(profile, [again, *tags] if random.random() < 0.5 else [*tags, again])


def _of_another_class(profile: bytes, random: Random) -> bytes:
    return profile[:12] + random.choice([b"scnr", b"prtr", b"link", b"abst", b"spac", b"nmcl"]) + profile[16:]


def _of_another_space(profile: bytes, random: Random) -> bytes:
    return profile[:16] + random.choice([b"GRAY", b"CMYK", b"Lab ", b"XYZ ", b"RGB "]) + profile[20:]


def _to_another_space(profile: bytes, random: Random) -> bytes:
    return profile[:20] + random.choice([b"XYZ ", b"Lab ", b"RGB "]) + profile[24:]


def _of_another_version(profile: bytes, random: Random) -> bytes:
    return profile[:8] + bytes([random.choice([0, 1, 3, 4, 5, 9])]) + profile[9:]


def _of_other_channels(profile: bytes, random: Random) -> bytes:
    """A table of one, three or four channels, whatever the colours of the profile are."""
    channels = random.choice([1, 3, 4])
    table = table_profile(
        b"RGB ", [(255 - 60 * n.bit_count(), random.choice([60, 128, 200]), 128) for n in range(1 << channels)]
    )
    rest = [tag for tag in tags_of(profile) if tag[0] != b"A2B0"]
    changed = with_tags(profile, [*rest, tags_of(table)[0]])
    return changed[:16] + random.choice([b"RGB ", b"CMYK", changed[16:20]]) + b"Lab " + changed[24:]


def _with_an_unreadable_tag(profile: bytes, random: Random) -> bytes:
    name = random.choice([b"A2B0", b"A2B1", b"B2A0", b"B2A1", b"HAGC", b"chad", b"cicp", b"desc"])
    content = random.choice(
        [b"", b"sf", b"mft1" + bytes(60), b"mft2" + bytes(60), b"sf32" + bytes(8), b"text" + bytes(8)]
    )
    return with_tags(profile, [*tags_of(profile), (name, content)])


def _with_another_length(profile: bytes, random: Random) -> bytes:
    """A tag that is longer or shorter than its length says."""
    (count,) = struct.unpack_from(">I", profile, 128)
    at = 132 + 12 * random.randrange(count) + 8
    (length,) = struct.unpack_from(">I", profile, at)
    other = random.choice([0, 2, 8, length // 2, length - 1, length + 4])
    return profile[:at] + struct.pack(">I", other) + profile[at + 4 :]


def _padded(profile: bytes, random: Random) -> bytes:
    longer = profile + bytes(random.choice([1, 2, 3, 1000]))
    return random.choice([profile[:4], len(longer).to_bytes(4)]) + longer[4:]


def _with_another_head(profile: bytes, random: Random) -> bytes:
    at = random.randrange(4, 128)
    return profile[:at] + random.randbytes(1) + profile[at + 1 :]


def _with_another_byte(profile: bytes, random: Random) -> bytes:
    at = random.randrange(128, len(profile))
    return profile[:at] + random.randbytes(1) + profile[at + 1 :]


_TAMPERINGS: tuple[Callable[[bytes, Random], bytes], ...] = (
    _cut,
    _unsigned,
    _sized,
    _without_a_tag,
    _with_a_tag_twice,
    _of_another_class,
    _of_another_space,
    _to_another_space,
    _of_another_version,
    _of_other_channels,
    _of_other_channels,
    _with_an_unreadable_tag,
    _with_another_length,
    _padded,
    _with_another_head,
    _with_another_byte,
)
