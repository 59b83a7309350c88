"""In which ways a picture's levels are drawn, by what its file says about its colours.

Browsers draw by it. A description may turn levels upside down or spread a few that seem flat, and whoever passes it
over sees another picture. What changes nothing that anyone would notice is not drawn here; what changes little is
drawn after the picture has been shrunk, which costs next to nothing; all else before.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from itertools import chain, islice, product

from PIL import Image, ImageChops, ImageCms

from moderate.images.colours import curves
from moderate.images.colours.curves import UnusableColours
from moderate.images.colours.descriptions import Description
from moderate.images.colours.profiles import MOST_LIGHT, Profile, of_matrix
from moderate.images.colours.spaces import BT_709, scaled
from moderate.images.limits import UndecodableImage
from moderate.images.shrinking import AS_STORED, OPAQUE, Rendering, full_colour
from moderate.images.views import BACKGROUNDS, Colour

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


@lru_cache(32)
def _within(bounds: _Bounds, one: bytes, other: bytes) -> bool:
    """Whether the samples are no further apart. Greys come first: a profile of grey has no other samples."""
    apart = [here - there for here, there in zip(one, other, strict=False)]
    greys = apart[: 3 * _GREYS]
    return (
        sum(map(abs, apart)) <= bounds.mean * len(apart)
        and max(map(abs, greys)) <= bounds.grey
        and max(map(abs, apart)) <= bounds.colour
        and max(abs(after - before) for before, after in zip(greys, greys[3:], strict=False)) <= bounds.step
    )


# Profiles of sRGB move the samples by 0 to 1 in the mean; the gamma of 1 / 2.2 that many write for sRGB by 2, and dark
# greys by 9. Display P3 and Adobe RGB move them by 5, video's gamma of 2.4 by 7 and greys by 13; ProPhoto by 17, a
# linear profile by 43, and two swapped colours by 45.
_UNSEEN = _Bounds(mean=0.7, grey=3, colour=6, step=2)
_SLIGHT = _Bounds(mean=13.0, grey=18, colour=255, step=3)
# How bright a channel may be, of which 1 is white, without being seen to be brighter.
_BRIGHT = 1.1
_GREYS = 256
# In levels from one grey to the next. Linear light takes 13.
_STEEPEST = 16
_HIGHEST = 255
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_SAMPLES = Image.frombytes(
    "RGB",
    (_GREYS + 6**3, 1),
    bytes(chain((level for level in range(_GREYS) for _ in "RGB"), *product(range(0, 256, 51), repeat=3))),
)


def renderings(descriptions: Iterable[Description]) -> list[Rendering]:
    """Returns the ways in which viewers draw a picture. Raises UndecodableImage.

    As stored is among them, unless all browsers draw it otherwise and yet much like it.
    """
    described = list(islice(descriptions, _MAX_DESCRIPTIONS + 1))
    if len(described) > _MAX_DESCRIPTIONS:
        raise UndecodableImage("more than 8 descriptions of colours", message=_CONTRADICT)
    try:
        drawn = list(islice(_drawn(described), MAX_RENDERINGS + 1))
        first = list(_drawn(described[:1])) if described and described[0].settled else []
    except UnusableColours as error:
        raise UndecodableImage(f"UnusableColours: {error}", message=_DISAGREE) from None
    except (ImageCms.PyCMSError, OSError) as error:
        raise UndecodableImage(type(error).__name__, message=_DISAGREE) from None
    if first and all(rendering.slight for rendering in first):
        # The rest counts only where a browser passes over the first for a reason that is not known here.
        found = [*first, *(rendering for rendering in drawn[len(first) :] if not rendering.slight)]
    else:
        found = [AS_STORED, *(rendering for rendering in drawn if rendering != AS_STORED)]
    if len(found) > MAX_RENDERINGS:
        raise UndecodableImage("more than 4 renderings", message=_CONTRADICT)
    return found


def is_steep(rendering: Rendering) -> bool:
    """Returns whether levels that are rounded in another way would be drawn as quite other ones."""
    shown = rendering.draw(_SAMPLES.crop((0, 0, _GREYS, 1))).convert("RGB").tobytes()
    return any(abs(one - other) > _STEEPEST for one, other in zip(shown, shown[3:], strict=False))


def _drawn(descriptions: Iterable[Description]) -> Iterator[Rendering]:
    """Yields each way in which these descriptions are drawn: as stored, if that looks the same."""
    drawn: set[Profile] = set()
    stored = _SAMPLES.tobytes()
    shown: list[bytes] = []
    for profile in chain.from_iterable(description.profiles() for description in descriptions):
        if profile in drawn:
            continue
        drawn.add(profile)
        if profile.hides:
            yield _beyond_white_too(Rendering(_drawing(profile), by_table=True), profile)
            continue
        samples = _samples(profile)
        if any(_within(_UNSEEN, samples, others) for others in shown):
            continue
        shown.append(samples)
        is_stored = _within(_UNSEEN, samples, stored)
        by_curves = Rendering(_drawing(profile), slight=_within(_SLIGHT, samples, stored))
        yield AS_STORED if is_stored else _beyond_white_too(by_curves, profile)


@lru_cache(32)
def _samples(profile: Profile) -> bytes:
    """Returns what becomes of the samples; of the greys alone, which come first, by a profile of greys."""
    levels = _SAMPLES if profile.space == "RGB" else _SAMPLES.crop((0, 0, _GREYS, 1)).convert("L")
    if profile.table:
        levels = profile.table.looking_up()(levels)
    # Not optimised: that takes four times as long as it saves on so few pixels, and smooths what greys become.
    return _transform(profile, ImageCms.Flags.NOOPTIMIZE).apply(levels).tobytes()


def _beyond_white_too(plain: Rendering, profile: Profile) -> Rendering:
    """Returns the rendering, with what else becomes of transparent colours if the profile goes beyond white."""
    if profile.brightest <= _BRIGHT:
        return plain
    shown = _beyond_white(profile)
    return replace(plain, if_transparent=tuple(replace(plain, draw=partial(shown, page)) for page in BACKGROUNDS))


def _beyond_white(profile: Profile) -> Callable[[Colour, Image.Image], Image.Image]:
    """Returns what lays transparent colours on a page as a screen would that has no brightest level."""
    # White is as bright as any colour of the profile.
    white = min(profile.brightest, MOST_LIGHT)
    transform = cache(partial(_transform, profile, white=white))
    most = curves.on_screen(white)
    levels = [round(_HIGHEST * curves.on_screen(white * light) / most) for light in curves.srgb()]

    def draw(page: Colour, picture: Image.Image) -> Image.Image:
        picture = full_colour(picture).convert("RGBA")
        opaque = picture.getchannel("A")
        if white < profile.brightest and opaque.getextrema() != (OPAQUE, OPAQUE):
            raise UndecodableImage("transparent light far beyond white", message=_DISAGREE)
        drawn = transform().apply(picture.convert("RGB")).point(levels * 3)
        lit = ImageChops.multiply(drawn, Image.merge("RGB", [opaque] * 3))
        light = lit.point([min(_HIGHEST, round(level * most)) for level in range(_HIGHEST + 1)] * 3)
        pages = [
            opaque.point([round(level * (1 - share / _HIGHEST)) for share in range(_HIGHEST + 1)]) for level in page
        ]
        return ImageChops.add(light, Image.merge("RGB", pages))

    return draw


def _drawing(profile: Profile) -> Callable[[Image.Image], Image.Image]:
    """Raises what Little CMS does of a table that it cannot read."""
    apply = _by_samples(profile) if profile.space == "GRAY" else _by_transform(profile)

    def draw(picture: Image.Image) -> Image.Image:
        if profile.space != "CMYK":
            # Firefox applies a profile of colours to inks too, once it has made colours of them.
            picture = full_colour(picture)
        elif picture.mode != "CMYK":
            return full_colour(picture)
        shown = apply(picture)
        if picture.mode == "RGBA":
            shown.putalpha(picture.getchannel("A"))
        return shown

    return draw


def _by_samples(profile: Profile) -> Callable[[Image.Image], Image.Image]:
    """Returns what draws greys. Of colours, green is the grey, as in Firefox, which alone applies this to some."""
    samples = _samples(profile)

    def apply(picture: Image.Image) -> Image.Image:
        greys = picture if picture.mode == "L" else picture.getchannel("G")
        return Image.merge("RGB", [greys.point(list(samples[channel::3])) for channel in range(3)])

    return apply


def _by_transform(profile: Profile) -> Callable[[Image.Image], Image.Image]:
    transform = cache(partial(_transform, profile))
    look_up = profile.table.looking_up() if profile.table else None
    if profile.hides:
        # Little CMS may not be able to read it.
        transform()

    def apply(picture: Image.Image) -> Image.Image:
        levels = picture.convert(_MODES[profile.space])
        return transform().apply(look_up(levels) if look_up else levels)

    return apply


def _transform(
    profile: Profile, flags: ImageCms.Flags = ImageCms.Flags.NONE, white: float = 1.0
) -> ImageCms.ImageCmsTransform:
    """white: how bright the white of the screen is."""
    if profile.dimmed > 1:
        # Else Little CMS may straighten greys by curves, and other colours then are up to 255 levels off.
        flags |= ImageCms.Flags.FORCE_CLUT
    # By relative colorimetry, as browsers draw: the perceptual intent also moves black. Paper is not made white.
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile.icc)),
        _screen(white / profile.dimmed),
        _MODES[profile.space],
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags | ImageCms.Flags.NOWHITEONWHITEFIXUP,
    )


@lru_cache(8)
def _screen(white: float) -> ImageCms.ImageCmsProfile:
    """Returns a screen with the colours of sRGB."""
    if white == 1:
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    red, green, blue = (scaled(colour, white) for colour in BT_709.colorants())
    return ImageCms.ImageCmsProfile(io.BytesIO(of_matrix((red, green, blue), [curves.srgb()] * 3).icc))
