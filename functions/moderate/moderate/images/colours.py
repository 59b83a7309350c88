"""Draws a picture as its colour profile or gamma shows it, if that differs from what its levels show.

Browsers apply both. A profile may invert the levels or spread out what seems flat: a viewer that ignores it shows
another picture. Ordinary profiles move colours so little that no verdict changes; only what goes beyond is drawn here.
"""

import io
import struct
from collections.abc import Mapping
from functools import cache
from itertools import chain, product

from PIL import Image, ImageCms

from moderate.images.limits import BrokenRule
from moderate.images.views import Rendering, full_colour

SCREEN_GAMMA = 2.2
ORDINARY_TRANSFERS = frozenset({1, 2, 6, 13, 14, 15, 16, 18})
"""The transfer functions of ITU-T H.273 that are near sRGB, and those of HDR, which screens bring near it. Others bend
levels: 8, which is linear, most of all."""
# In levels from 0 to 255. Display P3 and Adobe RGB move the colours below by 9 on average and greys by at most 9; the
# gamma of 1.8 that Macs once had, by 10 and 19. ProPhoto moves colours by 22, a linear profile by 36, and one with two
# colours swapped by 66.
_ORDINARY_MEAN = 12
_ORDINARY_GREY = 24
_ORDINARY_STEP = 4
_GREYS = Image.frombytes("L", (256, 1), bytes(range(256)))
_COLOURS = Image.frombytes("RGB", (36, 6), bytes(chain(*product(range(0, 256, 51), repeat=3))))
_HEAD = 128
# The tags that browsers read in a profile without a table, by its colour space.
_NEEDED: dict[str, tuple[bytes, ...]] = {
    "RGB": (b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"),
    "GRAY": (b"kTRC",),
    "CMYK": (b"A2B0",),
}


class MisleadingProfile(BrokenRule):
    """Browsers may apply the profile, and it is not understood here."""


def renderings(profile: bytes = b"", gamma: float | None = None) -> list[Rendering]:
    """Returns the ways to draw a file: by its levels, and by its profile or else its gamma if that differs.

    profile: an ICC profile. gamma: the file's, as PNG states it; 1 / 2.2 is ordinary. Raises MisleadingProfile.
    """
    shown = _by_profile(profile) or (_by_gamma(gamma) if gamma else None)
    return [full_colour, shown] if shown else [full_colour]


def _by_gamma(gamma: float) -> Rendering | None:
    exponent = 1 / (gamma * SCREEN_GAMMA)
    shown = [round(255 * (level / 255) ** exponent) for level in range(256)]
    if max(abs(there - level) for level, there in enumerate(shown)) <= _ORDINARY_GREY:
        return None

    def rendering(picture: Image.Image) -> Image.Image:
        picture = full_colour(picture)
        bands = len(picture.getbands())
        return picture.point(shown if bands == 1 else shown * 3 + list(range(256)) * (bands - 3))

    return rendering


def _by_profile(data: bytes) -> Rendering | None:
    applied = _applied_by_browsers(data)
    if applied is None:
        return None
    space, profile_data = applied
    screen = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(profile_data))
        if _is_ordinary(profile, screen, space):
            return None
    except (OSError, ImageCms.PyCMSError):
        raise MisleadingProfile("a colour profile that cannot be applied") from None

    @cache
    def transform(mode: str) -> ImageCms.ImageCmsTransform:
        return ImageCms.buildTransform(profile, screen, mode, "RGBA" if mode == "RGBA" else "RGB")

    def rendering(picture: Image.Image) -> Image.Image:
        if (picture.mode == "CMYK") != (space == "CMYK"):
            return full_colour(picture)
        if space == "CMYK":
            return transform("CMYK").apply(picture)
        picture = full_colour(picture)
        if space == "GRAY":
            shown = transform("L").apply(picture.convert("L"))
            if picture.mode == "RGBA":
                shown.putalpha(picture.getchannel("A"))
            return shown
        picture = picture.convert("RGB") if picture.mode == "L" else picture
        return transform(picture.mode).apply(picture)

    return rendering


def _applied_by_browsers(data: bytes) -> tuple[str, bytes] | None:
    """Returns the colour space, and the profile with only the tags that browsers read; None if they ignore it.

    Little CMS prefers tags that browsers do not know, and fails on some that they skip.
    """
    if data[36:40] != b"acsp":
        return None
    space = data[16:20].decode("latin-1").strip()
    (count,) = struct.unpack_from(">I", data, _HEAD)
    tags: dict[bytes, bytes] = {}
    if space not in _NEEDED or len(data) < _HEAD + 4 + 12 * count:
        return None
    for name, start, length in struct.iter_unpack(">4sII", data[_HEAD + 4 : _HEAD + 4 + 12 * count]):
        if start + length > len(data):
            return None
        tags.setdefault(name, data[start : start + length])
    table = tags.get(b"A2B0") or tags.get(b"A2B1")
    if table:
        kept = {b"A2B0": table}
    elif all(name in tags for name in _NEEDED[space]):
        kept = {name: tags[name] for name in _NEEDED[space]}
    else:
        return None
    return space, _profile(data[:_HEAD], kept | {name: tags[name] for name in (b"wtpt",) if name in tags})


def _profile(head: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    start = _HEAD + 4 + 12 * len(tags)
    index, content = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        index += struct.pack(">4sII", name, start + len(content), len(tag))
        content += tag + bytes(-len(tag) % 4)
    kind = b"prtr" if head[16:20] == b"CMYK" else b"mntr"
    return struct.pack(">I", start + len(content)) + head[4:12] + kind + head[16:] + index + content


def _is_ordinary(profile: ImageCms.ImageCmsProfile, screen: ImageCms.ImageCmsProfile, space: str) -> bool:
    """Returns whether a profile moves colours as little as common ones do.

    A table may change any colour by itself; what curves and a matrix do shows in the greys and some colours.
    """
    if space == "CMYK" or any(as_input for as_input, *_ in (profile.profile.clut or {}).values()):
        return False
    mode = "L" if space == "GRAY" else "RGB"
    # Optimising takes four times as long as it saves on so few pixels.
    transform = ImageCms.buildTransform(profile, screen, mode, "RGB", flags=ImageCms.Flags.NOOPTIMIZE)

    def shown(picture: Image.Image) -> bytes:
        return transform.apply(picture.convert(mode)).tobytes()

    def moved(picture: Image.Image) -> list[int]:
        before = picture.convert(mode).convert("RGB").tobytes()
        return [abs(there - level) for level, there in zip(before, shown(picture), strict=True)]

    greys, colours = shown(_GREYS), moved(_COLOURS)
    # For red, green and blue each: neighbouring greys must stay neighbours.
    steps = [after - before for before, after in zip(greys, greys[3:], strict=False)]
    return (
        0 <= min(steps) <= max(steps) <= _ORDINARY_STEP
        and max(moved(_GREYS)) <= _ORDINARY_GREY
        and sum(colours) <= _ORDINARY_MEAN * len(colours)
    )
