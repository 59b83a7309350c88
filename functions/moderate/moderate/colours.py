"""Which other pictures a file's colour profile or gamma makes of its levels, on screens that heed it.

Browsers do. A profile may turn levels upside down, or spread what seems flat: whoever ignores it sees another picture.
Ordinary profiles move colours so little that no verdict changes; only what goes beyond that is drawn here.
"""

import io
from functools import cache
from itertools import chain, product

from PIL import Image, ImageChops, ImageCms

from moderate.views import Rendering, full_colour

SCREEN_GAMMA = 2.2
# In levels of 255. Display P3 and Adobe RGB move the colours below by 9 in the mean and greys by 9 at most, the gamma
# of 1.8 that Macs once had by 10 and 19. ProPhoto moves colours by 22, a linear profile by 36, and two swapped by 66.
_ORDINARY_MEAN = 12
_ORDINARY_GREY = 24
_GREYS = Image.frombytes("L", (256, 1), bytes(range(256)))
_COLOURS = Image.frombytes("RGB", (36, 6), bytes(chain(*product(range(0, 256, 51), repeat=3))))
# A profile's name for the colours it is of -> the modes of pictures that it fits.
_FITS = {"RGB": ("RGB", "RGBA"), "GRAY": ("L",), "CMYK": ("CMYK",)}


def renderings(profile: bytes = b"", gamma: float | None = None) -> list[Rendering]:
    """As the levels say, and as the profile and the gamma have it where that is another picture.

    profile: ICC. gamma: as PNG has it, of the file; 1 / 2.2 where it is ordinary.
    """
    found = [_by_profile(profile) if profile else None, _by_gamma(gamma) if gamma else None]
    return [full_colour, *filter(None, found)]


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
    """None, too, for a profile that is damaged: browsers then ignore it."""
    screen = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        space = profile.profile.xcolor_space.strip()
        if space not in _FITS or _is_ordinary(profile, screen, space):
            return None
    except (OSError, ImageCms.PyCMSError):
        return None

    @cache
    def transform(mode: str) -> ImageCms.ImageCmsTransform:
        return ImageCms.buildTransform(profile, screen, mode, "RGBA" if mode == "RGBA" else "RGB")

    def rendering(picture: Image.Image) -> Image.Image:
        if picture.mode != "CMYK":
            picture = full_colour(picture)
        if picture.mode == "L" and space == "RGB":
            picture = picture.convert("RGB")
        return transform(picture.mode).apply(picture) if picture.mode in _FITS[space] else full_colour(picture)

    return rendering


def _is_ordinary(profile: ImageCms.ImageCmsProfile, screen: ImageCms.ImageCmsProfile, space: str) -> bool:
    """A table of colours may do anything anywhere; curves and a matrix show in all greys and some colours."""
    if space == "CMYK" or any(as_input for as_input, *_ in (profile.profile.clut or {}).values()):
        return False
    mode = _FITS[space][0]
    # Not optimised: that takes four times as long as it saves on so few pixels.
    transform = ImageCms.buildTransform(profile, screen, mode, "RGB", flags=ImageCms.Flags.NOOPTIMIZE)

    def moved(picture: Image.Image) -> Image.Image:
        picture = picture.convert(mode)
        return ImageChops.difference(picture.convert("RGB"), transform.apply(picture))

    greys, colours = moved(_GREYS).tobytes(), moved(_COLOURS).tobytes()
    return max(greys) <= _ORDINARY_GREY and sum(colours) <= _ORDINARY_MEAN * len(colours)
