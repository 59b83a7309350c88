"""Bytes of an image -> the pictures that a person looking at it would see, at the model's size."""

import io
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from PIL import (
    AvifImagePlugin,
    Image,
    WebPImagePlugin,  # noqa: F401 - else the first WebP makes Pillow import every format it knows
)

from moderate.images.animation import Frame, choose_frames, play
from moderate.images.colours import renderings
from moderate.images.formats import UnsupportedFormat, recognise
from moderate.images.limits import (
    ANIMATED,
    MAX_MEGAPIXELS,
    MAX_SCANS,
    PIXELS_PER_MEGAPIXEL,
    PROFILED,
    TooManyPixels,
    UndecodableImage,
    area,
    check_length,
    check_pixels,
)
from moderate.images.parsers import avif, bmp, gif, jpeg, png, webp
from moderate.images.views import UPRIGHT, Presentations, Rendering, View, orientation_in, views
from modest.errors import PublicError

# Pillow allocates a WebP canvas while it opens the file, so a limit must hold before ours can. It warns
# at this many pixels and refuses at twice as many; a warning is what some other module may filter.
Image.MAX_IMAGE_PIXELS = int(max(MAX_MEGAPIXELS.values()) * PIXELS_PER_MEGAPIXEL / 2)
warnings.filterwarnings("ignore", module=r"PIL\.")
# One image is decoded on one core; the batch is what runs side by side.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


@dataclass(frozen=True, slots=True)
class Frames:
    judged: int
    total: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What a person may see of one image: each judged frame, on white and on black where it is not opaque."""

    views: tuple[View, ...]
    frames: Frames


def decode(data: bytes, size: int) -> Picture:
    """Decode to square RGB views of `size` pixels a side.

    Raises UnsupportedFormat, UndecodableImage, TooManyPixels, TooManyFrames.
    """
    decode_format = _DECODERS[recognise(data)]
    try:
        return decode_format(data, size)
    except PublicError:
        raise
    except Image.DecompressionBombError:
        raise TooManyPixels(max(MAX_MEGAPIXELS, key=MAX_MEGAPIXELS.__getitem__)) from None
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they like on damaged files
        raise UndecodableImage(type(error).__name__) from None


def _decode_jpeg(data: bytes, size: int) -> Picture:
    structure = jpeg.read(data)
    if structure.scans > MAX_SCANS:
        raise UndecodableImage(f"more than {MAX_SCANS} scans")
    # It may open as an MPO, whose further pictures are depth maps, second eyes and gain maps: none is shown by itself.
    with _open(data, "JPEG") as image:
        held_whole = "progressive" in image.info or structure.first_components < len(image.getbands())
        inks = "CMYK " if held_whole and image.mode == "CMYK" else ""
        check_pixels(image.size, f"a {'progressive' if held_whole else 'baseline'} {inks}JPEG")
        shown = renderings(structure.profile)
        if len(shown) == 1:
            # Else it is drawn whole: what a profile brings out may hide between pixels.
            image.draft("RGB", (size, size))
        orientations = tuple(dict.fromkeys(map(orientation_in, structure.exifs))) or (UPRIGHT,)
        return _still(image, size, Presentations(orientations, shown))


def _decode_png(data: bytes, size: int) -> Picture:
    parts = png.read(data)
    with _open(parts.still(), "PNG") as image:
        presentations = Presentations(_turned_or_not(image), renderings(parts.profile, parts.gamma))
        if parts.controls:
            return _drawn("PNG", parts.size, parts.frames(), size, presentations)
        check_pixels(image.size, "a PNG or BMP")
        return _still(image, size, presentations)


def _decode_bmp(data: bytes, size: int) -> Picture:
    with _open(bmp.straighten(data), "BMP") as image:
        if image.info["compression"] in bmp.RUN_LENGTH:
            # What its runs leave out is black to some viewers and transparent to others.
            raise UnsupportedFormat("A run-length coded BMP is not accepted. Send the picture as a PNG.")
        bmp.refuse_hidden_alpha(data)
        check_pixels(image.size, "a PNG or BMP")
        presentations = Presentations(renderings=renderings(bmp.profile(data)))
        if image.mode == "L":
            used = bmp.levels_used(data)
            image = image.point([level if level < used else 0 for level in range(256)])  # noqa: PLW2901
        picture = _still(image, size, presentations)
        if image.mode != "RGBA":
            return picture
        # Some viewers ignore alpha in a BMP, and all see the picture that others call transparent.
        return Picture((*picture.views, *views(image.convert("RGB"), size, presentations)), picture.frames)


def _decode_gif(data: bytes, size: int) -> Picture:
    frames = gif.frames(data)
    first = next(frames)
    return _drawn("GIF", gif.canvas_size(data, first), chain([first], frames), size, Presentations())


def _decode_webp(data: bytes, size: int) -> Picture:
    with _open(webp.with_alpha(data), "WEBP") as image:
        return _sequence(image, size, webp.display_times(data))


def _decode_avif(data: bytes, size: int) -> Picture:
    avif.refuse_misleading(data)
    with _open(data, "AVIF") as image:
        return _sequence(image, size, avif.display_times(data))


_DECODERS = {
    "JPEG": _decode_jpeg,
    "PNG": _decode_png,
    "BMP": _decode_bmp,
    "GIF": _decode_gif,
    "WEBP": _decode_webp,
    "AVIF": _decode_avif,
}


def _open(data: bytes, image_format: str) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=[image_format])


def _profiled(image: Image.Image) -> list[Rendering]:
    return renderings(image.info.get("icc_profile") or b"")


def _turned_or_not(image: Image.Image) -> Sequence[int]:
    """All viewers turn a JPEG as its EXIF says. Chromium does not turn a WebP, and others do not turn a PNG."""
    return tuple(dict.fromkeys((UPRIGHT, orientation_in(image.info.get("exif", b"")))))


def _still(image: Image.Image, size: int, presentations: Presentations) -> Picture:
    if len(presentations.renderings) > 1:
        # For time, not for memory.
        check_pixels(image.size, PROFILED)
    image.load()
    return Picture(tuple(views(image, size, presentations)), Frames(judged=1, total=1))


def _drawn(
    image_format: str,
    canvas: tuple[int, int],
    frames: Iterable[Frame],
    size: int,
    presentations: Presentations,
) -> Picture:
    """An animation whose frames are drawn on a canvas by us."""
    check_pixels(canvas, ANIMATED)
    whole: list[Frame] = []
    drawn = 0
    for frame in frames:
        whole.append(frame)
        drawn += area(frame.size)
        check_pixels(frame.size, ANIMATED)
        check_length(image_format, len(whole), drawn)
    chosen = choose_frames([frame.shown_ms for frame in whole])
    check_length(image_format, len(whole), drawn + len(chosen) * area(canvas) * (1 + _extra(presentations)))
    found = [
        view
        for index, picture in enumerate(play(canvas, whole))
        if index in chosen
        for view in views(picture, size, presentations)
    ]
    return Picture(tuple(found), Frames(len(chosen), len(whole)))


def _sequence(image: Image.Image, size: int, times: Iterable[float]) -> Picture:
    """A still, or an animation whose frames its decoder draws."""
    check_pixels(image.size, ANIMATED)
    total = getattr(image, "n_frames", 1)
    presentations = Presentations(_turned_or_not(image), _profiled(image))
    if total == 1:
        return _still(image, size, presentations)
    check_length(str(image.format), total, total * area(image.size))
    known = list(islice(times, total + 1))
    if len(known) != total:
        raise UndecodableImage("frames that the decoder does not see")
    chosen = choose_frames(known)
    check_length(str(image.format), total, (total + len(chosen) * _extra(presentations)) * area(image.size))
    found = [view for index in chosen for view in views(_decoded(image, index), size, presentations)]
    return Picture(tuple(found), Frames(len(chosen), total))


def _extra(presentations: Presentations) -> int:
    """How many frames could be decoded while one is rendered: a table of colours is slow."""
    return 2 * (len(presentations.renderings) - 1)


def _decoded(image: Image.Image, index: int) -> Image.Image:
    image.seek(index)
    image.load()
    return image
