"""In which ways a picture's levels are drawn, by what its file says about its colours.

Browsers draw by it. A description may turn levels upside down or spread a few that seem flat, and whoever passes it
over sees another picture. What changes nothing that anyone would notice is not drawn here; what changes little is
drawn after the picture has been shrunk, which costs next to nothing; all else before.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import chain, islice, product

from PIL import Image, ImageCms

from moderate.images.colours.curves import UnusableColours, srgb
from moderate.images.colours.descriptions import Description
from moderate.images.colours.profiles import Profile, of_matrix
from moderate.images.colours.spaces import BT_709, scaled
from moderate.images.limits import UndecodableImage
from moderate.images.views import AS_STORED, Rendering, full_colour

MAX_RENDERINGS = 4
"""In how many ways one picture is judged: as stored, and as each viewer draws it by what its file says."""
_MAX_DESCRIPTIONS = 8
_DISAGREE = "Viewers interpret this image's colour metadata differently. Convert it to sRGB."
_CONTRADICT = "This image's colour metadata is contradictory. Convert it to sRGB."


@dataclass(frozen=True, slots=True)
class _Bounds:
    """How far apart two ways of drawing the samples may be, in levels of 255."""

    mean: float
    grey: int
    """The most of any grey."""
    colour: int
    """The most of anything."""
    step: int
    """The most by which neighbouring greys grow apart or together."""

    def hold(self, one: bytes, other: bytes) -> bool:
        """Greys come first: a profile of grey has no other samples."""
        apart = [here - there for here, there in zip(one, other, strict=False)]
        greys = apart[: 3 * _GREYS]
        return (
            sum(map(abs, apart)) <= self.mean * len(apart)
            and max(map(abs, greys)) <= self.grey
            and max(map(abs, apart)) <= self.colour
            and max(abs(after - before) for before, after in zip(greys, greys[3:], strict=False)) <= self.step
        )


# Profiles of sRGB move the samples by 0 to 1 in the mean, and the gamma of 1 / 2.2 that most write for sRGB by 2 and
# dark greys by 9. Display P3 and Adobe RGB move them by 5 to 10, video's gamma of 2.4 by 7 and greys by 13; ProPhoto by
# 22, a linear profile by 36, and two swapped by 66.
_UNSEEN = _Bounds(mean=2.0, grey=10, colour=12, step=3)
_SLIGHT = _Bounds(mean=13.0, grey=18, colour=255, step=3)
_GREYS = 256
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_SAMPLES = Image.frombytes(
    "RGB",
    (_GREYS + 6**3, 1),
    bytes(chain((level for level in range(_GREYS) for _ in "RGB"), *product(range(0, 256, 51), repeat=3))),
)


def renderings(descriptions: Iterable[Description]) -> list[Rendering]:
    """Returns the picture as stored, and the others that viewers make of it. Raises UndecodableImage."""
    described = list(islice(descriptions, _MAX_DESCRIPTIONS + 1))
    if len(described) > _MAX_DESCRIPTIONS:
        raise UndecodableImage("more than 8 descriptions of colours", message=_CONTRADICT)
    try:
        found = [AS_STORED, *islice(_others(described), MAX_RENDERINGS)]
    except (UnusableColours, ImageCms.PyCMSError, OSError) as error:
        raise UndecodableImage(type(error).__name__, message=_DISAGREE) from None
    if len(found) > MAX_RENDERINGS:
        raise UndecodableImage("more than 4 renderings", message=_CONTRADICT)
    return found


def _others(descriptions: Iterable[Description]) -> Iterator[Rendering]:
    drawn: set[Profile] = set()
    shown = [_SAMPLES.tobytes()]
    for profile in chain.from_iterable(description.profiles() for description in descriptions):
        if profile in drawn:
            continue
        drawn.add(profile)
        if profile.has_table:
            yield Rendering(_drawing(profile), by_table=True)
            continue
        samples = _samples(profile)
        if not any(_UNSEEN.hold(samples, others) for others in shown):
            yield Rendering(_drawing(profile), slight=_SLIGHT.hold(samples, shown[0]))
            shown.append(samples)


@lru_cache(32)
def _samples(profile: Profile) -> bytes:
    picture = _SAMPLES if profile.space == "RGB" else _SAMPLES.crop((0, 0, _GREYS, 1)).convert("L")
    # Not optimised: that takes four times as long as it saves on so few pixels.
    return _transform(profile, picture.mode, ImageCms.Flags.NOOPTIMIZE).apply(picture).tobytes()


def _drawing(profile: Profile) -> Callable[[Image.Image], Image.Image]:
    """Raises what Little CMS does of a table that it cannot read."""
    transform = cache(partial(_transform, profile))
    if profile.has_table:
        transform(_MODES[profile.space])

    def draw(picture: Image.Image) -> Image.Image:
        if (picture.mode == "CMYK") != (profile.space == "CMYK"):
            return full_colour(picture)
        if profile.space == "CMYK":
            return transform("CMYK").apply(picture)
        picture = full_colour(picture)
        if profile.space == "GRAY":
            shown = transform("L").apply(picture.convert("L"))
            if picture.mode == "RGBA":
                shown.putalpha(picture.getchannel("A"))
            return shown
        picture = picture.convert("RGB") if picture.mode == "L" else picture
        return transform(picture.mode).apply(picture)

    return draw


def _transform(profile: Profile, mode: str, flags: ImageCms.Flags = ImageCms.Flags.NONE) -> ImageCms.ImageCmsTransform:
    # By relative colorimetry, as browsers draw: the perceptual intent also moves black.
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile.icc)),
        _screen(halved=profile.halved),
        mode,
        "RGBA" if mode == "RGBA" else "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags,
    )


@cache
def _screen(*, halved: bool) -> ImageCms.ImageCmsProfile:
    """Returns sRGB, or what makes everything half as bright as sRGB does."""
    if not halved:
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    red, green, blue = (scaled(colour, 2) for colour in BT_709.colorants())
    return ImageCms.ImageCmsProfile(io.BytesIO(of_matrix((red, green, blue), [srgb()] * 3).icc))
