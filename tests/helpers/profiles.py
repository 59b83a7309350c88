"""Makes ordinary and hostile colour profiles (ICC) by hand. ICC.1:2022 describes the layout."""

import struct
from collections.abc import Sequence

Matrix = Sequence[tuple[float, float, float]]

# XYZ of the red, green and blue of each, seen under D50 (source: the profiles that their makers publish).
SRGB: Matrix = ((0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
DISPLAY_P3: Matrix = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
ADOBE_RGB: Matrix = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
_WHITE = (0.9642, 1.0, 0.8249)


def curve(levels: Sequence[int]) -> bytes:
    """Returns a curve: how bright each level is, of 65,535; levels between are interpolated."""
    return b"curv\0\0\0\0" + struct.pack(f">I{len(levels)}H", len(levels), *levels)


def gamma(exponent: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


SRGB_CURVE = b"para\0\0\0\0" + struct.pack(
    ">HH5i", 3, 0, *(round(value * 65536) for value in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
)
UPSIDE_DOWN = curve([round(65535 * (1 - level / 255) ** 2.2) for level in range(256)])


def rgb_profile(colours: Matrix, brightness: bytes) -> bytes:
    tags = {name: _xyz(colour) for name, colour in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colours, strict=True)}
    return _profile(b"RGB ", b"XYZ ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), brightness))


def grey_profile(brightness: bytes) -> bytes:
    return _profile(b"GRAY", b"XYZ ", {b"kTRC": brightness})


def table_profile(space: bytes, corners: Sequence[tuple[int, int, int]]) -> bytes:
    """corners: L, a and b (0 to 255, neutral at 128) for each combination of absent and full colours."""
    channels = len(corners).bit_length() - 1
    identity = struct.pack(">9i", *(65536 * (row == column) for row in range(3) for column in range(3)))
    ramp = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes([channels, 3, 2, 0]) + identity + ramp * channels
    return _profile(
        space, b"Lab ", {b"A2B0": table + bytes(level for corner in corners for level in corner) + ramp * 3}
    )


def tags_of(profile: bytes) -> list[tuple[bytes, bytes]]:
    (count,) = struct.unpack_from(">I", profile, 128)
    found = struct.iter_unpack(">4sII", profile[132 : 132 + 12 * count])
    return [(name, profile[start : start + length]) for name, start, length in found]


def with_tags(profile: bytes, tags: list[tuple[bytes, bytes]]) -> bytes:
    start = 132 + 12 * len(tags)
    index, content = struct.pack(">I", len(tags)), b""
    for name, tag in tags:
        index += struct.pack(">4sII", name, start + len(content), len(tag))
        content += tag + bytes(-len(tag) % 4)
    return struct.pack(">I", start + len(content)) + profile[4:128] + index + content


def _xyz(colour: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in colour))


def _profile(space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    head = struct.pack(">II4s4s4s4s", 0, 0, b"\x02\x10\0\0", b"mntr", space, connection)
    head = (head.ljust(36, b"\0") + b"acsp").ljust(68, b"\0") + _xyz(_WHITE)[8:] + bytes(48)
    return with_tags(head, [*tags.items(), (b"wtpt", _xyz(_WHITE))])
