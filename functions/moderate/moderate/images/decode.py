"""Turns an image's bytes into the pictures that a person looking at it would see, at the model's size."""

import warnings
from collections.abc import Callable, Mapping

from PIL import Image

from moderate.images.decoded import Picture
from moderate.images.formats import FORMATS, ImageFormat, recognise
from moderate.images.limits import PIXELS_PER_MEGAPIXEL, BrokenRule, UndecodableImage
from moderate.images.parsers import avif, bmp, gif, heif, jpeg, png, webp
from moderate.images.points import wanting
from moderate.images.room import NeedsRoom
from modest.errors import PublicError

Parse = Callable[[bytes, int, int], Picture]
"""Takes a file, the side of the views in pixels and the number of images in the call.

Raises PublicError, or anything on a damaged file.
"""

_PARSERS: Mapping[str, Parse] = {
    "JPEG": jpeg.decode,
    "PNG": png.decode,
    "GIF": gif.decode,
    "WEBP": webp.decode,
    "AVIF": avif.decode,
    "HEIF": heif.decode,
    "BMP": bmp.decode,
}
"""Those of each format, by its name."""

# Pillow allocates a WebP's canvas while it opens the file, so a limit must hold before ours can. It only warns
# above this many pixels, and refuses above twice as many.
Image.MAX_IMAGE_PIXELS = int(max(each.largest.megapixels for each in FORMATS) * PIXELS_PER_MEGAPIXEL / 2)
_NAMED = (
    "The image cannot be decoded, or viewers show it differently: this {title} file has {fault}. "
    "Export it again as a plain JPEG or PNG."
)
warnings.filterwarnings("ignore", module=r"PIL\.")


def decode(data: bytes, size: int, images: int = 1, *, points: bool = False) -> Picture:
    """Returns square RGB views of `size` pixels a side.

    images: how many the call has; they share the time that an animation may take.
    points: whether to take the points of which hashes are made.
    Raises UnsupportedFormat, UndecodableImage, TooManyPixels, TooManyFrames, NeedsRoom.
    """
    with wanting(points):
        image_format = recognise(data)
        return decode_as(image_format, _PARSERS[image_format.name], data, size, images)


def decode_as(image_format: ImageFormat, parse: Parse, data: bytes, size: int, images: int = 1) -> Picture:
    """Runs the parser of one format. Raises what `decode` does."""
    try:
        return parse(data, size, images)
    except (PublicError, NeedsRoom):
        raise
    except Image.DecompressionBombError:
        raise image_format.largest.exceeded() from None
    except BrokenRule as error:
        named = _NAMED.format(title=image_format.title, fault=error)
        raise UndecodableImage(f"{type(error).__name__}: {error}", message=error.message or named) from None
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they like on damaged files
        # Never its text, which may quote the file. The name alone of zlib's or struct's says nothing: "error".
        kind = type(error)
        raise UndecodableImage(f"{kind.__module__}.{kind.__name__}".removeprefix("builtins.")) from None
