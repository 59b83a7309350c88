"""Which other pictures a file's colour profile or gamma makes of its levels, on screens that heed it.

Browsers do. A profile may turn levels upside down, or spread what seems flat: whoever ignores it sees another picture.
Ordinary profiles move colours so little that no verdict changes; only what goes beyond that is drawn here.
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
"""Of ITU-T H.273: those near sRGB, and HDR, which screens bring near it. Others bend levels: 8, linear, most of all."""
# In levels of 255. Display P3 and Adobe RGB move the colours below by 9 in the mean and greys by 9 at most, the gamma
# of 1.8 that Macs once had by 10 and 19. ProPhoto moves colours by 22, a linear profile by 36, and two swapped by 66.
_ORDINARY_MEAN = 12
_ORDINARY_GREY = 24
_ORDINARY_STEP = 4
_GREYS = Image.frombytes("L", (256, 1), bytes(range(256)))
_COLOURS = Image.frombytes("RGB", (36, 6), bytes(chain(*product(range(0, 256, 51), repeat=3))))
_HEAD = 128
# What browsers read of a profile that has no table: by the kind of colours that it is of.
_NEEDED: dict[str, tuple[bytes, ...]] = {
    "RGB": (b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"),
    "GRAY": (b"kTRC",),
    "CMYK": (b"A2B0",),
}


class MisleadingProfile(BrokenRule):
    """Browsers may apply the profile, and it is not understood here."""


def renderings(profile: bytes = b"", gamma: float | None = None) -> list[Rendering]:
    """As the levels say; and as the profile, else the gamma, has it, where that is another picture.

    profile: ICC. gamma: as PNG has it, of the file; 1 / 2.2 where it is ordinary. Raises MisleadingProfile.
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
    heeded = _what_is_heeded(data)
    if heeded is None:
        return None
    space, profile_data = heeded
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


def _what_is_heeded(data: bytes) -> tuple[str, bytes] | None:
    """The kind of colours that a profile is of, and the profile with no more in it than browsers read.

    Little CMS prefers tags that browsers do not know, and fails on some that they pass over. None: they ignore it.
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
    """A table of colours may do anything anywhere; curves and a matrix show in all greys and some colours."""
    if space == "CMYK" or any(as_input for as_input, *_ in (profile.profile.clut or {}).values()):
        return False
    mode = "L" if space == "GRAY" else "RGB"
    # Not optimised: that takes four times as long as it saves on so few pixels.
    transform = ImageCms.buildTransform(profile, screen, mode, "RGB", flags=ImageCms.Flags.NOOPTIMIZE)

    def shown(picture: Image.Image) -> bytes:
        return transform.apply(picture.convert(mode)).tobytes()

    def moved(picture: Image.Image) -> list[int]:
        before = picture.convert(mode).convert("RGB").tobytes()
        return [abs(there - level) for level, there in zip(before, shown(picture), strict=True)]

    greys, colours = shown(_GREYS), moved(_COLOURS)
    # Of red, green and blue each: what is next to each other stays so.
    steps = [after - before for before, after in zip(greys, greys[3:], strict=False)]
    return (
        0 <= min(steps) <= max(steps) <= _ORDINARY_STEP
        and max(moved(_GREYS)) <= _ORDINARY_GREY
        and sum(colours) <= _ORDINARY_MEAN * len(colours)
    )
